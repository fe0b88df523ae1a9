"""The table of dirt: each kind, the share of rows that gets it, the verdict, and where real data shows it.

`python -m sandbox dirt` prints it. Shares are of the rows of each resource that has the field, the
kind's own; every kind appears at least once in a resource of 20 rows or more, so that a small demo
shows all of them. Shares are higher than in real data for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox import faults
from sandbox.rows import Row

Mutation = Callable[[str, Random], str | None]
Where = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dirt.

    Attributes:
        name: stable; it stands in expected.jsonl.
        share: of the rows of a resource in `where`.
        reasons: what a right judge says; empty when the row is accepted after normalisation.
        note: the N-code of the normalisation, or empty.
        where: resource -> the columns it may hit (one of them per row).
        mutate: good value -> dirty value; None where the dirt is of the whole row.
        seen: what real data shows.
    """

    name: str
    share: float
    reasons: tuple[str, ...]
    note: str
    where: Where
    mutate: Mutation | None
    seen: str


def _both(first: Where, second: Where) -> Where:
    return {name: first.get(name, ()) + second.get(name, ()) for name in {**first, **second}}


_CODES: Where = {
    "civil.social_org": ("tyxydm",),
    "tax.registration": ("shxydm",),
    "tax.clearance": ("shxydm",),
    "hr.insurance": ("dwshxydm",),
    "bureau.accept": ("applyer_page_code",),
    "market.company": ("code",),
    "market.entity": ("uniscid",),
    "platform.legal_person": ("tyxydm",),
    "platform.permit": ("tyshxydm",),
}
_SUBJECT_CODES: Where = {name: columns for name, columns in _CODES.items() if name != "hr.insurance"}
_CITIZENS: Where = {
    "civil.marriage": ("cert_num_man", "cert_num_woman"),
    "civil.social_org": ("frsfz",),
    "tax.registration": ("sfzhm",),
    "hr.insurance": ("zjhm",),
    "hr.vocational": ("zjhm",),
    "police.household": ("gmsfhm",),
    "police.birth": ("fqgmsfhm", "mqgmsfhm"),
}
#: Numbers whose source does not say of what kind they are: nothing is known by which another shape could be refused.
_UNSTATED: Where = {
    "health.birth_certificate": ("hrb01_01_024", "hrb01_01_029"),
    "housing.title": ("qlrzjh",),
    "housing.fund": ("zjhm",),
    "platform.legal_person": ("fr_zjhm",),
}
_ORGANISATION_NAMES: Where = {
    "civil.social_org": ("dwmc",),
    "tax.registration": ("nsrmc",),
    "tax.clearance": ("nsrmc",),
    "hr.insurance": ("dwmc",),
    "bureau.accept": ("applyer_name",),
    "market.company": ("name",),
    "market.entity": ("entname",),
    "platform.legal_person": ("frmc",),
    "platform.permit": ("dwmc",),
}
_NAMES: Where = {
    **_ORGANISATION_NAMES,
    "civil.marriage": ("name_man", "name_woman"),
    "hr.vocational": ("xm",),
    "police.household": ("xm",),
    "police.birth": ("xm", "fqxm", "mqxm"),
    "health.birth_certificate": ("hrb01_01_002", "hrb01_01_020"),
    "housing.title": ("qlr",),
    "housing.fund": ("xm",),
}
_DATES: Where = {
    "civil.marriage": ("op_date", "birth_man", "birth_woman"),
    "civil.social_org": ("clsj", "yxqz"),
    "tax.registration": ("djrq",),
    "tax.clearance": ("skssqz", "skssqz_end", "kjrq"),
    "hr.insurance": ("csrq", "cbrq"),
    "hr.vocational": ("csrq", "zsbfrq"),
    "bureau.accept": ("apply_date", "accept_date"),
    "bureau.result": ("result_date",),
    "market.company": ("registered_on",),
    "market.entity": ("estdate", "apprdate", "opfrom"),
    "police.household": ("csrq",),
    "police.birth": ("csrq",),
    "health.birth_certificate": ("hrb01_01_004",),
    "housing.title": ("djsj",),
    "platform.legal_person": ("djrq", "hzrq", "jyqsrq"),
    "platform.permit": ("xkrq", "xkqs"),
}
_OPTIONAL: Where = {
    "civil.social_org": ("ywfw", "kbzj"),
    "tax.registration": ("zczb", "jyfw", "djzclxmc"),
    "hr.vocational": ("bzjg",),
    "bureau.accept": ("contact_mobile",),
    "bureau.result": ("result_explain",),
    "market.entity": ("industryco", "reporttype"),
    "police.household": ("yhzgx", "mz", "pcs"),
    "police.birth": ("cszmbh", "pcs"),
    "health.birth_certificate": ("hrb01_01_025",),
    "housing.title": ("syqx", "gyqk"),
    "housing.fund": ("dwzh",),
    "platform.legal_person": ("hydm", "cyrs"),
    "platform.permit": ("xknr", "frwybs"),
}
_MANDATORY: Where = {
    "civil.marriage": ("op_type", "cert_num_man", "cert_num_woman", "op_date"),
    "civil.social_org": ("tyxydm", "dwmc", "zt"),
    "tax.registration": ("nsrsbh", "shxydm", "nsrmc", "qyzt"),
    "tax.clearance": ("zmbh", "shxydm", "zt"),
    "hr.insurance": ("zjhm", "xz", "jfzt"),
    "hr.vocational": ("zyzgzsbh", "zjhm", "zygz"),
    "bureau.accept": ("applyer_name", "applyer_page_code", "apply_date"),
    "bureau.result": ("result_type", "result_date"),
    "market.company": ("name", "code"),
    "market.entity": ("entname", "estdate", "regstate"),
    "police.household": ("gmsfhm", "xm", "csrq"),
    "police.birth": ("gmsfhm", "xm", "csrq"),
    "health.birth_certificate": ("hrb01_01_002", "hrb01_01_004", "hrb01_01_024"),
    "housing.title": ("qlr", "qlrzjh", "zl"),
    "housing.fund": ("xm", "zjhm"),
    "platform.legal_person": ("frmc",),
    "platform.permit": ("dwmc", "tyshxydm", "xkrq"),
}
_SETS: Where = {
    "civil.marriage": ("op_type", "valid_flag"),
    "civil.social_org": ("zzlx", "zt"),
    "tax.registration": ("qyzt",),
    "tax.clearance": ("zt",),
    "hr.insurance": ("xz", "jfzt", "xb"),
    "hr.vocational": ("zydj", "xb"),
    "bureau.accept": ("applyer_type",),
    "bureau.result": ("result_type",),
    "police.household": ("xb",),
    "police.birth": ("xb",),
}
_CAPITALS: Where = {"tax.registration": ("zczb",), "market.company": ("capital",)}
_PAST: Where = {
    "civil.marriage": ("op_date",),
    "tax.registration": ("djrq",),
    "hr.vocational": ("zsbfrq",),
    "police.birth": ("csrq",),
    "housing.title": ("djsj",),
    "platform.legal_person": ("hzrq",),
    "platform.permit": ("xkrq",),
    "market.entity": ("apprdate",),
}
_BIRTHS: Where = {
    "civil.marriage": ("birth_man", "birth_woman"),
    "hr.insurance": ("csrq",),
    "hr.vocational": ("csrq",),
    "police.household": ("csrq",),
    "police.birth": ("csrq",),
}
_SEXES: Where = dict.fromkeys(("hr.insurance", "hr.vocational", "police.household", "police.birth"), ("xb",))
_AMOUNTS: Where = {"tax.clearance": ("sjje", "qsje"), "hr.insurance": ("jfjs",), "housing.fund": ("grjcjs",)}
#: Numbers that are no money, in a unit the column is defined in.
_QUANTITIES: Where = {"housing.title": ("mj",), "platform.legal_person": ("zczb",), "market.entity": ("regcap",)}
#: First and last day of a term.
_TERMS: dict[str, tuple[str, str]] = {
    "tax.clearance": ("skssqz", "skssqz_end"),
    "platform.legal_person": ("jyqsrq", "jyjzrq"),
    "platform.permit": ("xkqs", "xkjz"),
    "market.entity": ("opfrom", "opto"),
}
_LAST_DAYS: Where = {
    "civil.social_org": ("yxqz",),
    **{name: (last,) for name, (_, last) in _TERMS.items() if name != "tax.clearance"},
}
_PROVINCE = "in 137,972 companies of one province"

ACCEPTED = (
    Kind("lower-case", 0.01, (), "N-002", _both(_CODES, _CITIZENS), faults.lower_case, f"48 codes {_PROVINCE}"),
    Kind("outer-blanks", 0.01, (), "N-001", _both(_both(_NAMES, _CITIZENS), _UNSTATED), faults.outer_blanks,
         "usual in char(n) columns"),
    Kind("fifteen-digits", 0.02, (), "N-003", _CITIZENS, faults.fifteen_digits, "numbers issued before October 1999"),
    Kind("half-width-brackets", 0.02, (), "N-005", _ORGANISATION_NAMES, faults.half_width_brackets,
         "30 full-width against 181 half-width names in 4,779 companies of the district"),
    Kind("not-available", 0.02, (), "N-004", _OPTIONAL, faults.not_available, f"128,227 types {_PROVINCE}"),
    Kind("date-form", 0.03, (), "N-006", _DATES, faults.date_form, "one column, several forms"),
    Kind("long-term", 0.15, (), "", _LAST_DAYS, faults.long_term, "usual"),
    Kind("capital-shape", 0.30, (), "N-007", _CAPITALS, faults.capital_shape, f"38 shapes {_PROVINCE}"),
    Kind("thousands-commas", 0.02, (), "", _both(_AMOUNTS, _QUANTITIES), faults.thousands_commas, "usual"),
    Kind("quoted-comma", 0.01, (), "",
         {"hr.insurance": ("dwmc",), "hr.vocational": ("bzjg",), "housing.fund": ("jgh",)}, faults.quoted_comma,
         "right CSV that naive readers cut"),
)  # fmt: skip
REFUSED = (
    Kind("citizen-check", 0.004, ("R-011",), "", _both(_CITIZENS, _UNSTATED), faults.citizen_check, "typing errors"),
    Kind("citizen-shape", 0.003, ("R-010",), "", _CITIZENS, faults.citizen_shape, "cut off, masked, mistyped"),
    Kind("citizen-birth", 0.003, ("R-012",), "", _both(_CITIZENS, _UNSTATED), faults.citizen_birth, "made-up numbers"),
    Kind("code-check", 0.004, ("R-021",), "", _SUBJECT_CODES, faults.code_check, f"63 codes {_PROVINCE}"),
    Kind("code-shape", 0.003, ("R-020",), "", _SUBJECT_CODES, faults.code_shape, f"1 code {_PROVINCE}"),
    Kind("missing", 0.004, ("R-001",), "", _MANDATORY, faults.missing, "usual"),
    Kind("outside-the-set", 0.003, ("R-003",), "", _SETS, faults.outside_the_set, "a state added, nobody told"),
    Kind("date-unreadable", 0.003, ("R-040",), "", _DATES, faults.date_unreadable, "dates kept as text"),
    Kind("date-future", 0.002, ("R-042",), "", _PAST, faults.date_future, "typing errors"),
    Kind("amount-unreadable", 0.003, ("R-050",), "", _AMOUNTS, faults.amount_unreadable, "amounts kept as text"),
    Kind("capital-unreadable", 0.003, ("R-050",), "", {"tax.registration": ("zczb",)}, faults.capital_unreadable,
         "amounts kept as text"),
    Kind("number-unreadable", 0.003, ("R-002",), "", _QUANTITIES, faults.amount_unreadable, "numbers kept as text"),
    Kind("birth-disagrees", 0.004, ("R-060",), "", _BIRTHS, faults.birth_disagrees, "lunar birthdays"),
    Kind("sex-disagrees", 0.003, ("R-061",), "", _SEXES, faults.sex_disagrees, "the wrong box ticked"),
    Kind("garbled", 0.003, ("R-006",), "", _NAMES, faults.garbled, "between province and city"),
)  # fmt: skip
#: Not a value but the whole row: see `spoil`.
SHIFTED = Kind(
    "shifted", 0.003, ("R-005",), "",
    {"hr.insurance": ("dwmc",), "hr.vocational": ("bzjg",), "housing.fund": ("jgh",), "market.company": ("scope",)},
    None, f"3 rows {_PROVINCE}: an unquoted comma",
)  # fmt: skip
REVERSED = Kind(
    "dates-reversed",
    0.003,
    ("R-041",),
    "",
    {name: (first,) for name, (first, _) in _TERMS.items()},
    None,
    "first and last day swapped",
)
TORN = Kind(
    "torn", 0.004, ("R-005",), "", {"police.household": (), "police.birth": (), "housing.title": ("qlrzjh",)}, None,
    "a document cut off in its column, a citizen number Excel took for a number",
)  # fmt: skip
#: Several faults in one row; every one of them must be told. Combinations that do not hide each other.
COMBINATIONS: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "civil.marriage": ((("citizen-check", "cert_num_man"), ("date-unreadable", "op_date")),
                       (("citizen-shape", "cert_num_woman"), ("outside-the-set", "valid_flag"))),
    "civil.social_org": ((("code-check", "tyxydm"), ("outside-the-set", "zt")),
                         (("citizen-check", "frsfz"), ("date-unreadable", "clsj"), ("missing", "dwmc"))),
    "tax.registration": ((("code-check", "shxydm"), ("date-unreadable", "djrq")),
                         (("citizen-birth", "sfzhm"), ("missing", "nsrmc"), ("outside-the-set", "qyzt"))),
    "tax.clearance": ((("code-shape", "shxydm"), ("amount-unreadable", "sjje")),
                      (("missing", "zt"), ("date-unreadable", "kjrq"))),
    "hr.insurance": ((("citizen-check", "zjhm"), ("date-unreadable", "cbrq")),
                     (("birth-disagrees", "csrq"), ("sex-disagrees", "xb")),
                     (("outside-the-set", "jfzt"), ("amount-unreadable", "jfjs"), ("garbled", "xm"))),
    "hr.vocational": ((("citizen-shape", "zjhm"), ("date-unreadable", "zsbfrq")),
                      (("birth-disagrees", "csrq"), ("missing", "zygz"))),
    "bureau.accept": ((("code-check", "applyer_page_code"), ("date-unreadable", "apply_date")),),
    "bureau.result": ((("outside-the-set", "result_type"), ("date-unreadable", "result_date")),),
    "market.company": ((("code-check", "code"), ("date-unreadable", "registered_on")),),
    "market.entity": ((("code-check", "uniscid"), ("number-unreadable", "regcap"), ("missing", "regstate")),),
    "police.household": ((("birth-disagrees", "csrq"), ("sex-disagrees", "xb"), ("garbled", "xm")),
                         (("citizen-check", "gmsfhm"), ("date-unreadable", "csrq"))),
    "police.birth": ((("citizen-check", "mqgmsfhm"), ("missing", "xm"), ("sex-disagrees", "xb")),),
    "health.birth_certificate": ((("citizen-check", "hrb01_01_024"), ("date-unreadable", "hrb01_01_004")),),
    "housing.title": ((("citizen-check", "qlrzjh"), ("number-unreadable", "mj"), ("missing", "zl")),),
    "housing.fund": ((("citizen-birth", "zjhm"), ("amount-unreadable", "grjcjs")),),
    "platform.legal_person": ((("code-check", "tyxydm"), ("citizen-check", "fr_zjhm"), ("date-unreadable", "hzrq")),),
    "platform.permit": ((("code-shape", "tyshxydm"), ("missing", "dwmc"), ("date-unreadable", "xkrq")),),
}  # fmt: skip
SEVERAL = Kind(
    "several",
    0.004,
    ("R-…",),
    "",
    dict.fromkeys(COMBINATIONS, ()),
    None,
    "all the reasons, not the first",
)
KINDS = (*ACCEPTED, *REFUSED, REVERSED, SHIFTED, TORN, SEVERAL)
BY_NAME = {kind.name: kind for kind in KINDS}


def wanted(kind: Kind, rows: int) -> int:
    """How many of `rows` rows get `kind`: its share, and at least one from 20 rows on."""
    return max(1 if rows >= 20 else 0, round(kind.share * rows))


def spoil(row: Row, kind: Kind, rng: Random) -> bool:
    """Make `row` dirty in the way of `kind`; False (and no change) where it does not lend itself."""
    if kind is SEVERAL:
        return _combine(row, rng)
    if kind is SHIFTED:
        return _shift(row, rng)
    if kind is TORN:
        return _tear(row)
    if kind is REVERSED:
        first, last = _TERMS[row.resource]
        row.fields[first], row.fields[last] = row.fields[last], row.fields[first]
    else:
        columns = list(kind.where[row.resource])
        rng.shuffle(columns)
        if not any(_change(row, kind, column, rng) for column in columns):
            return False
    row.dirt, row.reasons = kind.name, kind.reasons
    return True


def _change(row: Row, kind: Kind, column: str, rng: Random) -> bool:
    good = row.fields[column]
    if kind.mutate is None or not good or good == "N/A" or not _lends_itself(row, kind, column):
        return False
    dirty = kind.mutate(good, rng)
    if dirty is None or dirty == good:
        return False
    # JSON has a word for nothing, and sources use it as well as the empty text
    row.fields[column] = (
        None if kind.name == "missing" and row.resource.startswith("tax.") and rng.random() < 0.5 else dirty
    )
    return True


def _lends_itself(row: Row, kind: Kind, column: str) -> bool:
    if column.startswith(("cert_num_", "birth_")):  # a passport has no check character
        return row.fields[f"cert_type_{column.rpartition('_')[2]}"] == "111"
    if kind.name == "date-future" and row.fields.get("fzch"):  # the day after it would be in the wrong order as well
        return False
    if column in _UNSTATED.get(row.resource, ()):
        citizen = str(row.fields[column])[:17].isdecimal()
        return citizen or not kind.name.startswith("citizen-")
    if column == "applyer_page_code" and kind.name.startswith("code-"):
        return row.fields["applyer_page_type"] == "001"
    return True


def _combine(row: Row, rng: Random) -> bool:
    before = dict(row.fields)
    reasons: set[str] = set()
    for name, column in rng.choice(COMBINATIONS[row.resource]):
        kind = BY_NAME[name]
        if not _change(row, kind, column, rng):
            row.fields = before
            return False
        reasons.update(kind.reasons)
    row.dirt, row.reasons = SEVERAL.name, tuple(sorted(reasons))
    return True


def _shift(row: Row, rng: Random) -> bool:
    column = SHIFTED.where[row.resource][0]
    good = row.fields[column]
    if not good:
        return False
    middle = len(good) // 2
    row.fields[column] = f"{good[:middle]},{good[middle:]}"
    row.unquoted, row.dirt, row.reasons = column, SHIFTED.name, SHIFTED.reasons
    return True


def _tear(row: Row) -> bool:
    columns = TORN.where[row.resource]
    if columns and not str(row.fields[columns[0]]).isdecimal():  # an X keeps Excel from taking it for a number
        return False
    row.torn, row.dirt, row.reasons = (columns or ("document",))[0], TORN.name, TORN.reasons
    return True


def table() -> str:
    """The table as text for people."""
    lines = [f"{'kind':<20} {'share':>6}  {'verdict':<12} {'code':<6} seen in real data / where here"]
    for kind in KINDS:
        verdict = "quarantined" if kind.reasons else "accepted"
        code = kind.reasons[0] if kind.reasons else kind.note or "-"
        places = ", ".join(f"{name} ({'/'.join(columns)})" if columns else name for name, columns in kind.where.items())
        lines.append(f"{kind.name:<20} {kind.share:>6.1%}  {verdict:<12} {code:<6} {kind.seen}")
        lines.append(f"{'':<20} {places}")
    lines.append("")
    lines.append("share: of the rows of each resource; at least one row from 20 rows on")
    return "\n".join(lines)
