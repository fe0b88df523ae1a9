"""Why a record is refused (R-codes) and what was put right while accepting it (N-codes)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a code says, in the data owner's language and in English."""

    chinese: str
    english: str


#: Stable for ever: a code is never reused, its text may be improved.
REASONS: Mapping[str, Meaning] = MappingProxyType(
    {
        "R-001": Meaning("必填项缺失或为空", "mandatory field missing or empty"),
        "R-002": Meaning("数据类型不符或无法识读", "value of the wrong type or unreadable"),
        "R-003": Meaning("取值不在允许范围内", "value not in the allowed set"),
        "R-004": Meaning("内容超过允许长度", "value too long"),
        "R-005": Meaning("该行各列错位，无法拆分", "row cannot be cut into its columns"),
        "R-006": Meaning("文字乱码", "garbled text"),
        "R-010": Meaning("公民身份号码格式不符", "citizen number has the wrong shape"),
        "R-011": Meaning("公民身份号码校验码不符", "citizen number has the wrong check character"),
        "R-012": Meaning("公民身份号码中的出生日期不可能存在", "citizen number holds an impossible birth date"),
        "R-020": Meaning("统一社会信用代码格式不符", "credit code has the wrong shape"),
        "R-021": Meaning("统一社会信用代码校验码不符", "credit code has the wrong check character"),
        "R-030": Meaning("行政区划代码格式不符", "division code has the wrong shape"),
        "R-040": Meaning("日期无法识读", "date unreadable"),
        "R-041": Meaning("日期先后顺序颠倒", "dates in the wrong order"),
        "R-042": Meaning("日期晚于今天", "date lies in the future"),
        "R-050": Meaning("金额无法识读", "amount unreadable"),
        "R-060": Meaning("出生日期与公民身份号码不一致", "birth date disagrees with the citizen number"),
        "R-061": Meaning("性别与公民身份号码不一致", "sex disagrees with the citizen number"),
        "R-070": Meaning("电子证照标识格式不符", "licence identifier has the wrong shape"),
        "R-071": Meaning("电子证照标识校验位不符", "licence identifier has the wrong check character"),
        "R-080": Meaning("本人提出异议，请核实", "the person it is about says that it is wrong"),
    }
)

NOTES: Mapping[str, Meaning] = MappingProxyType(
    {
        "N-001": Meaning("已去除首尾空白", "outer blanks removed"),
        "N-002": Meaning("已将小写字母转为大写", "lower-case letter raised"),
        "N-003": Meaning("已将 15 位旧号升为 18 位", "15-digit citizen number expanded to 18"),
        "N-004": Meaning("“N/A”按空值处理", "N/A read as absent"),
        "N-005": Meaning("已统一括号或全角半角", "brackets or character width normalised"),
        "N-006": Meaning("已统一日期写法", "date form normalised"),
        "N-007": Meaning("已将资本数额拆为金额与币种", "capital parsed into amount and currency"),
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One fault or one note about one field; it never holds the value.

    Attributes:
        code: an R-code or N-code.
        field: the field's English name in the schema, empty when the whole row is meant.
        text: the code's Chinese text, for the data owner.
        column: what the source calls the field, empty when the whole row is meant.
    """

    code: str
    field: str
    text: str
    column: str = ""

    @classmethod
    def of(cls, code: str, field: str = "", column: str = "") -> Reason:
        """A reason with the text that belongs to `code`."""
        return cls(code=code, field=field, text=meaning(code).chinese, column=column)

    @property
    def english(self) -> str:
        """The code's English text, for the operator."""
        return meaning(self.code).english


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, sorted by field, then code."""
    return tuple(sorted(set(reasons), key=lambda reason: (reason.field, reason.code)))


def meaning(code: str) -> Meaning:
    """The texts of an R-code or N-code; KeyError for a code that does not exist."""
    return NOTES[code] if code in NOTES else REASONS[code]
