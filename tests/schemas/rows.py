"""Rows of the newer resources, good ones and spoilt ones, made without the code that judges them.

Check characters are reckoned here anew. Every number is made up; the divisions are real ones, also abolished ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

#: Of every column what kind of thing stands in it; a capital letter is a mandatory column.
#: c citizen number, o credit code, a citizen number or credit code of a stated-nowhere kind, d past day,
#: t text, n a name of an organisation, q a number, y an amount, m a moment,
#: u a last day or 长期, f a flag, r a division.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "market.entity": {
        "pripid": "T", "uniscid": "o", "regno": "t", "entname": "N", "name": "t", "regorg": "t", "estdate": "D",
        "regstate": "T", "opscope": "t", "regcap": "q", "regcapcur": "t", "industryco": "t", "opto": "u",
    },
    "market.person": {"pripid": "T", "name": "T", "position": "T", "lerepsign": "f", "certype": "t", "cerno": "A"},
    "police.household": {"gmsfhm": "C", "xm": "T", "mz": "t", "hh": "t", "yhzgx": "t", "pcs": "t"},
    "police.birth": {"ywlsh": "T", "cszmbh": "t", "gmsfhm": "C", "xm": "T", "fqxm": "t", "jhrygmsfhm": "c"},
    "health.birth_certificate": {
        "hrb01_01_001": "T", "hrb01_01_002": "T", "hrb01_01_004": "D", "hrb01_01_020": "T", "hrb01_01_024": "A",
    },
    "housing.title": {
        "bdcqzh": "T", "bdcdyh": "T", "qlr": "N", "qlrzjh": "A", "zl": "T", "yt": "t", "mj": "q", "djsj": "d",
    },
    "housing.fund": {"grzh": "T", "dwzh": "t", "xm": "T", "zjlx": "t", "zjhm": "A", "grjcjs": "y"},
    "education.enrolment": {"citizen_id": "C", "name": "T", "school_name": "N", "grade": "t", "enrolled_on": "D"},
    "education.qualification": {
        "certificate_no": "T", "citizen_id": "C", "name": "T", "school_name": "N", "level": "T", "graduated_on": "D",
    },
    "platform.legal_person": {
        "frwybs": "T", "tyxydm": "o", "zzjgdm": "t", "frmc": "N", "fddbr": "t", "fr_zjhm": "a", "djrq": "d",
        "cyrs": "q", "jyjzrq": "u", "update_time": "m",
    },
    "platform.permit": {
        "dwmc": "N", "tyshxydm": "O", "xlmc": "T", "xkzsbh": "T", "xkrq": "D", "xkjz": "u", "update_time": "m",
    },
    "platform.licence": {
        "certificate_source_id": "T", "certificate_name": "T", "certificate_number": "T", "certificate_area_code": "r",
        "certificate_holder": "N", "holder_code": "A", "issue_date": "D", "issue_dept": "N", "issue_dept_code": "o",
    },
}  # fmt: skip

AREAS = ("420112", "420821", "421023", "110105", "650102", "810000")
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST, _LAST = date(1930, 1, 1), date(2020, 12, 31)


def citizen(area: str, born: date, sequence: int) -> str:
    """A citizen number; the weights of GB 11643 written out."""
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(weights, body, strict=True)) % 11]


def company(area: str, body: str) -> str:
    """A credit code; the weights of GB 32100 as powers."""
    first = f"91{area}{body}"
    total = sum(_CREDIT.index(sign) * pow(3, place, 31) for place, sign in enumerate(first))
    return first + _CREDIT[(31 - total % 31) % 31]


days = st.dates(_FIRST, _LAST)
areas = st.sampled_from(AREAS)
citizens = st.builds(citizen, areas, days, st.integers(0, 999))
companies = st.builds(company, areas, st.text(_CREDIT, min_size=9, max_size=9))
texts = st.text("测试甲乙丙丁东西湖区路号房屋0123456789AB", min_size=2, max_size=12)
#: A plain value and the same value as another source would write it.
Written = tuple[Any, Any]


def _day(day: date) -> st.SearchStrategy[Written]:
    other = (f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day} 10:11:12", day)
    return st.tuples(st.just(day.isoformat()), st.sampled_from(other))


def _padded(text: str) -> Written:
    return text, f" {text}\u3000"


_KINDS: Mapping[str, st.SearchStrategy[Written]] = {
    "c": citizens.map(lambda text: (text, f" {text.lower()}")),
    "o": companies.map(lambda text: (text, text.lower())),
    "a": st.one_of(citizens, companies).map(lambda text: (text, f"{text.lower()} ")),
    "d": days.flatmap(_day),
    "t": texts.map(_padded),
    "n": texts.map(lambda text: (f"测试（{text}）有限公司", f"测试({text})有限公司 ")),
    "q": st.integers(0, 10**9).map(lambda cents: (f"{cents / 100:.2f}", f"{cents / 100:,.2f}")),
    "y": st.integers(0, 10**7).map(lambda cents: (f"{cents / 100:.2f}", f"{cents / 100:,.2f}元")),
    "m": days.map(lambda day: (f"{day} 08:09:10", f"{day}T08:09:10+08:00")),
    "u": st.one_of(st.just(("长期", "永久")), st.dates(date(2030, 1, 1), date(2090, 1, 1)).flatmap(_day)),
    "f": st.sampled_from([("0", " 0"), ("1", "1 ")]),
    "r": areas.map(_padded),
}


@dataclass(frozen=True)
class GoodRow:
    """One row, plainly written and written otherwise; both are the same record."""

    schema: str
    plain: dict[str, Any] = field(repr=False)
    otherwise: dict[str, Any] = field(repr=False)


@st.composite
def good_rows(draw: st.DrawFn, schema: str) -> GoodRow:
    """A row its department may well send: mandatory columns filled, the others filled, empty, N/A or left out."""
    plain: dict[str, Any] = {}
    otherwise: dict[str, Any] = {}
    for column, kind in COLUMNS[schema].items():
        value, other = draw(_KINDS[kind.lower()])
        if kind.islower() and draw(st.integers(0, 3)) == 0:
            value, other = draw(st.sampled_from([("", None), (None, "N/A"), ("N/A", " "), ("n/a", "")]))
        plain[column], otherwise[column.upper()] = value, other
    _agreeing(schema, plain, otherwise)
    return GoodRow(schema, plain, dict(reversed(otherwise.items())))


def _agreeing(schema: str, plain: dict[str, Any], otherwise: dict[str, Any]) -> None:
    """What must agree across columns: birth date and sex with the number, parents' sex, a mother's number."""
    if schema in ("police.household", "police.birth"):
        number = plain["gmsfhm"]
        plain |= {"xb": "1" if int(number[16]) % 2 else "2", "csrq": number[6:14]}
        otherwise |= {"XB": plain["xb"], "CSRQ": f"{number[6:10]}-{number[10:12]}-{number[12:14]}"}
    if schema == "police.birth":
        for side, sequence in (("fq", 1), ("mq", 2)):
            parent = citizen("420821", date(1985, 6, 7), sequence)
            plain[f"{side}gmsfhm"] = otherwise[f"{side.upper()}GMSFHM"] = parent
    if schema == "health.birth_certificate":
        mother = citizen("421023", date(1990, 2, 3), 4)
        plain["hrb01_01_024"] = mother
        otherwise["HRB01_01_024"] = mother.lower()


@dataclass(frozen=True)
class Dirt:
    """One way to spoil a value, and exactly what must be said of it; `code` None means accepted all the same."""

    name: str
    column: str
    value: Any
    code: str | None
    note: str | None = None


def dirt_of(schema: str) -> Iterator[Dirt]:
    """Every kind of dirt real data was seen to have, for each column that can have it."""
    good = citizen("420112", date(1990, 1, 1), 1)
    wrong = good[:17] + ("0" if good[17] != "0" else "1")
    code = company("420821", "MA4L0XA90")
    wrong_code = code[:17] + ("0" if code[17] != "0" else "1")
    tomorrow = (date.today() + timedelta(days=3)).isoformat()  # noqa: DTZ011
    for column, kind in COLUMNS[schema].items():
        must, kind = kind.isupper(), kind.lower()
        if must:
            yield Dirt("absent", column, "", "R-001")
            yield Dirt("N/A", column, "N/A", "R-001")
        if kind in "tn":
            yield Dirt("too long", column, "测" * 5000, "R-004")
            yield Dirt("garbled", column, "娴嬭瘯鐢", "R-006")
            yield Dirt("another type", column, 7, "R-002")
        if kind in "ca":
            yield Dirt("wrong check digit", column, wrong, "R-011")
        if kind == "c":
            yield Dirt("wrong shape", column, good[:-1], "R-010")
            yield Dirt(
                "impossible birth", column, citizen("420112", date(1990, 1, 1), 1)[:6] + "19901301" + "0011", "R-012"
            )
        if kind in "oa":
            yield Dirt("wrong check digit", column, wrong_code, "R-021")
        if kind == "o":
            yield Dirt("wrong shape", column, code[:15], "R-020")
        if kind in "dm":
            yield Dirt("no day", column, "2020-02-30", "R-040")
        if kind == "d":
            yield Dirt("in the future", column, tomorrow, "R-042")
        if kind == "u":
            yield Dirt("no day", column, "很久", "R-040")
        if kind == "q":
            yield Dirt("no number", column, "若干", "R-002")
        if kind == "y":
            yield Dirt("no amount", column, "若干", "R-050")
        if kind == "f":
            yield Dirt("no flag", column, "是", "R-003")
        if kind == "r":
            yield Dirt("no division", column, "东西湖区", "R-030")
        if kind == "o":
            yield Dirt("lower case", column, code.lower(), None, "N-002")
            # The organisation code inside has a check digit that valid codes on file do not always meet.
            yield Dirt("inner digit", column, company("420112", "000000001"), None)
