"""What the columns of an unknown table seem to be: kinds, value sets, keys. Proposals for a person, never facts.

Every kind is tried with the reader that will judge the column later, so what is proposed is what will be read.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from schemas.dates import Validity, current_day, read_date, read_moment, read_month_end
from schemas.dictionary import known_column
from schemas.errors import ValueRefused
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.division import DivisionCode
from schemas.identifiers.stated import number_of_unstated_kind
from schemas.money import parse_amount, parse_capital
from schemas.records.base import TRAVEL_COLUMNS, Record
from schemas.text import narrowed, trimmed

#: A column is of a kind when at least this share of its values can be read so; the rest will be set aside.
SHARE: Final = 0.95
#: A check character does not fit by chance: fewer right values are enough to know such a column.
SHARE_CHECKED: Final = 0.8
#: A value set is proposed only where each word is seen often: below that it may be names.
_MOST_VALUES, _LONGEST_VALUE, _SEEN_EACH = 12, 20, 10


class Kind(StrEnum):
    """The column kinds of `schemas.records.columns` that can be recognised; the values are their names there."""

    CITIZEN = "Citizen"
    CREDIT = "Credit"
    ANY_NUMBER = "AnyNumber"
    DIVISION = "Division"
    PAST_DAY = "PastDay"
    DAY = "Day"
    UNTIL = "Until"
    MONTH = "MonthEnd"
    MOMENT = "Moment"
    CAPITAL = "Capital"
    YUAN = "Yuan"
    QUANTITY = "Quantity"
    FLAG = "Flag"
    CODES = "StrEnum"
    PERSON = "Person"
    ORGANISATION = "OrgName"
    ADDRESS = "Address"
    SHORT = "Short"
    NUMBER = "Number"
    LONG = "Long"


@dataclass(frozen=True, slots=True)
class InferredColumn:
    """What one column seems to be.

    Attributes:
        source: the source's own name.
        field: the English name proposed; `named` says whether anybody knew it.
        label: Chinese, as far as known; empty otherwise.
        mandatory: every row of the sample has a value.
        unique: no two rows have the same value, and every row has one.
        values: the value set, for `Kind.CODES` only.
        refused: values of the sample this kind would refuse, out of `present`.
        longest: characters of the longest value.
    """

    source: str
    field: str
    named: bool
    label: str
    kind: Kind
    mandatory: bool
    unique: bool
    present: int
    refused: int
    longest: int
    values: tuple[str, ...] = ()


def infer(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[InferredColumn, ...]:
    """Every column but those that only say how a row travelled, in the order given."""
    taken: set[str] = set()
    found = []
    for number, source in enumerate(columns, 1):
        if source.lower() in TRAVEL_COLUMNS:
            continue
        one = _column(source, number, [_text(row.get(source)) for row in rows])
        name = one.field
        while name in taken:
            name = f"{one.field}_{number}"
        taken.add(name)
        found.append(replace(one, field=name))
    return _without_clashes(tuple(found))


def key_candidates(columns: Sequence[InferredColumn], rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """Columns, or pairs of them, that tell every row of the sample from every other; the likeliest first."""
    named = [column for column in columns if column.unique and column.kind in _MAY_BE_KEY]
    # One person may have many certificates: a number of the record's own goes before the person's.
    ranked = sorted(
        named,
        key=lambda column: (
            not _KEY_HINT.search(_hint(column)),
            column.kind is Kind.CITIZEN,
            column.kind not in _STRONG_KEY,
        ),
    )
    if ranked:
        return tuple((column.source,) for column in ranked[:3])
    complete = [column for column in columns if column.mandatory and column.kind in (*_MAY_BE_KEY, Kind.CODES)]
    complete.sort(key=lambda column: (column.kind not in _STRONG_KEY, not _KEY_HINT.search(_hint(column))))
    pairs = []
    for first, second in combinations(complete[:8], 2):
        seen = {(_text(row.get(first.source)), _text(row.get(second.source))) for row in rows}
        if len(seen) == len(rows):
            pairs.append((first.source, second.source))
    return tuple(pairs[:3])


def cursor_candidates(columns: Sequence[InferredColumn], every: Sequence[str]) -> tuple[str, ...]:
    """Columns that say when a row was last changed, by which a next reading could go on; the likeliest first."""
    travel = [name for name in every if name.lower() == "cd_time"]
    times = [column for column in columns if column.kind is Kind.MOMENT]
    times.sort(key=lambda column: column.field not in ("updated_at", "created_at"))
    return (*travel, *(column.source for column in times))


_STRONG_KEY: Final = (Kind.CREDIT, Kind.CITIZEN, Kind.ANY_NUMBER)
_MAY_BE_KEY: Final = (*_STRONG_KEY, Kind.NUMBER, Kind.SHORT)
_KEY_HINT: Final = re.compile(r"编号|号码|代码|证号|标识|流水|(?:^|_)(?:id|no|bh|hm|dm|code|guid|lsh)$|bh$|id$|_no$")
_PERSON_HINT: Final = re.compile(
    r"姓名|法人|代表人|负责人|经办人|联系人|xm$|(?:^|_)legal|representative|_name_(?:man|woman)"
)
_ORG_HINT: Final = re.compile(r"单位|企业|公司|机构|机关|学校|(?:dw|qy|jg)mc$|organisation|employer|issuer|authority")
_ADDRESS_HINT: Final = re.compile(r"地址|住址|住所|坐落|(?:^|_)(?:dz|zl|zs|zz)$|address|location")
#: The places of a sample are those of its district; another month brings others.
_PLACE_HINT: Final = re.compile(r"省份|城市|区县|街道|乡镇|province|city|district|street")
_CLASS_HINT: Final = re.compile(r"类型|类别|种类|状态|等级|性质|代码")
_YUAN_HINT: Final = re.compile(r"金额|费|税额|基数|余额|工资|(?:^|_)je$|amount|fee|base")
_QUANTITY_HINT: Final = re.compile(r"面积|数量|人数|重量|长度|年限|(?:^|_)(?:mj|sl|rs)$|area|quantity|count|employees")
_PHONE: Final = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
_ORG_END: Final = re.compile(r"(?:公司|局|中心|学校|厂|店|部|院|社|会|所|站|行|馆|园|集团)(?:[（(].*[)）])?$")
_HANZI_NAME: Final = re.compile(r"[\u4e00-\u9fff·*]{2,6}")
_FLAG_VALUES: Final = frozenset({"0", "1"})
_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def _column(source: str, number: int, values: list[str]) -> InferredColumn:
    known = known_column(source)
    plain = source.lower()
    label = known.label if known else (source if not source.isascii() else "")
    # What a record already has under this name, or Python itself, cannot be a field's.
    if keyword.iskeyword(plain) or hasattr(Record, plain):
        plain = f"{plain}_value"
    own = plain if _PLAIN_NAME.fullmatch(plain) else f"column_{number}"
    field = known.field if known else own
    there = [value for value in values if value]
    one = InferredColumn(
        source=source,
        field=field,
        named=known is not None,
        label=label,
        kind=Kind.SHORT,
        mandatory=bool(values) and len(there) == len(values),
        unique=bool(values) and len(there) == len(values) == len(set(there)),
        present=len(there),
        refused=0,
        longest=max(map(len, there), default=0),
    )
    return _of_kind(one, there)


def _of_kind(one: InferredColumn, there: list[str]) -> InferredColumn:
    hint = _hint(one)
    if not there:
        return replace(one, kind=Kind.NUMBER)
    words = set(there)
    if words <= _FLAG_VALUES and len(words) == 2:
        return replace(one, kind=Kind.FLAG)
    for kind, reads in _READERS:
        if kind is Kind.YUAN and not _YUAN_HINT.search(hint):
            continue
        if kind is Kind.QUANTITY and not (_QUANTITY_HINT.search(hint) or any("." in value for value in there)):
            continue
        if kind is Kind.DIVISION and not re.search(r"区划|division|area_code|xzqh", hint):
            continue
        refused = sum(not reads(value) for value in there)
        share = SHARE_CHECKED if kind in _STRONG_KEY else SHARE
        if refused <= len(there) * (1 - share):
            return replace(one, kind=kind, refused=refused)
    if all(_PHONE.fullmatch(value) for value in there):
        return one
    if _may_be_codes(words, there, hint):
        return replace(one, kind=Kind.CODES, values=tuple(sorted(words)))
    kind = _text_kind(one, there, hint)
    # `name` is a person's in one table and an organisation's in the next.
    label = "名称" if kind is Kind.ORGANISATION and one.label == "姓名" else one.label
    return replace(one, kind=kind, label=label)


def _may_be_codes(words: set[str], there: list[str], hint: str) -> bool:
    return (
        2 <= len(words) <= _MOST_VALUES
        and len(words) * _SEEN_EACH <= len(there)
        and max(map(len, words)) <= _LONGEST_VALUE
        and not _PERSON_HINT.search(hint)
        and not _ADDRESS_HINT.search(hint)
        and not _PLACE_HINT.search(hint)
    )


def _text_kind(one: InferredColumn, there: list[str], hint: str) -> Kind:
    if one.longest > 300:
        return Kind.LONG
    if _ADDRESS_HINT.search(hint):
        return Kind.ADDRESS
    endings = sum(bool(_ORG_END.search(value)) for value in there)
    if one.longest <= 200 and not _CLASS_HINT.search(hint):
        if endings > len(there) * 0.6 or (endings > len(there) * 0.3 and _ORG_HINT.search(one.label)):
            return Kind.ORGANISATION
        if _PERSON_HINT.search(hint):
            return Kind.PERSON
        if one.field == "name" and sum(bool(_HANZI_NAME.fullmatch(value)) for value in there) > len(there) * 0.8:
            return Kind.PERSON
        if _ORG_HINT.search(hint):
            return Kind.ORGANISATION
    if one.longest <= 50:
        return Kind.SHORT
    return Kind.NUMBER if one.longest <= 128 else Kind.LONG


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def tried(value: str) -> bool:
        try:
            read(value)
        except ValueRefused:
            return False
        return True

    return tried


def _past(value: str) -> bool:
    try:
        return read_date(value)[0] <= current_day()
    except ValueRefused:
        return False


def _moment(value: str) -> bool:
    return ":" in value and _reads(read_moment)(value)


def _day_only(value: str) -> bool:
    return ":" not in value and _reads(read_date)(value)


def _identifier(value: str) -> bool:
    """A number of one of the kinds that are checked in full; any text would pass as one of unstated kind."""
    try:
        number = number_of_unstated_kind(value)
    except ValueRefused:
        return False
    return number.citizen is not None or number.company is not None


def _with_unit(value: str) -> bool:
    return bool(re.search(r"[万亿元圆币]", value)) and _reads(parse_capital)(value)


#: In the order of how much a kind says: the first that fits is proposed.
_READERS: Final[tuple[tuple[Kind, Callable[[str], bool]], ...]] = (
    (Kind.CITIZEN, _reads(CitizenId.parse)),
    (Kind.CREDIT, _reads(CreditCode.parse)),
    (Kind.ANY_NUMBER, _identifier),
    (Kind.DIVISION, _reads(DivisionCode.parse)),
    (Kind.MOMENT, _moment),
    (Kind.PAST_DAY, _past),
    (Kind.DAY, _day_only),
    (Kind.UNTIL, _reads(Validity.parse)),
    (Kind.MONTH, _reads(read_month_end)),
    (Kind.CAPITAL, _with_unit),
    (Kind.YUAN, _reads(parse_amount)),
    (Kind.QUANTITY, _reads(parse_amount)),
)


def _without_clashes(columns: tuple[InferredColumn, ...]) -> tuple[InferredColumn, ...]:
    """A proposed English name that is another column's own name would make the row ambiguous."""
    own = {column.source.lower(): column.source for column in columns}
    return tuple(
        replace(column, field=f"{column.field}_field")
        if own.get(column.field, column.source) != column.source
        else column
        for column in columns
    )


def _hint(column: InferredColumn) -> str:
    return f"{column.source.lower()} {column.label} {column.field}".replace(" ", " _")


def _text(value: object) -> str:
    """A value as a source would write it; N/A and blanks are absent."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float | Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value == int(value) else str(value)
    bare = trimmed(str(value))
    return "" if len(bare) == 3 and narrowed(bare).upper() == "N/A" else bare
