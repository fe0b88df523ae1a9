"""A number as a reader, a scanner or a hand typed it, judged while it is being typed. It is never stored or logged."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from schemas.identifiers import check
from schemas.text import narrowed

#: Blanks of every kind, also those that word processors and scanners leave behind.
_BLANK: Final = re.compile(r"[\s\u200b\ufeff]+")
_NAMES: Final = {
    "citizen": "公民身份号码",
    "credit_code": "统一社会信用代码",
    "registration_number": "旧注册号",
    "organisation_code": "组织机构代码",
}
_OF_KIND: Final = {
    "citizen": ("citizen",),
    "company": ("credit_code", "registration_number", "organisation_code"),
}
_WANTED: Final = {"citizen": "公民身份号码", "company": "统一社会信用代码"}
_FULL: Final = 18


@dataclass(frozen=True, slots=True)
class NumberVerdict:
    """What to say beside the field; it never holds the number.

    Attributes:
        state: `empty`, `typing`, `good` or `bad`.
        words: for a person.
    """

    state: str
    words: str


def bare(text: str) -> str:
    """The number without blanks, also inside, narrow and in capitals."""
    number = _BLANK.sub("", narrowed(text))
    # upper() would also raise letters that are no identifier's (ı, ß); those must stay wrong
    return number.upper() if number.isascii() else number


def judge(text: str, kinds: Collection[str] = ("citizen", "company"), *, finished: bool = False) -> NumberVerdict:
    """Whether the number is right and of a kind the item serves.

    Args:
        text: as typed.
        kinds: whom the item serves: citizen, company.
        finished: it will not grow any more, so one that is too short is wrong.
    """
    number = bare(text)
    wanted = "或".join(_WANTED[kind] for kind in ("citizen", "company") if kind in kinds)
    if not number:
        return NumberVerdict("empty", f"请输入{wanted}" if finished else "")
    verdict = check(number)
    fits = any(verdict.kind in _OF_KIND[kind] for kind in kinds)
    # For an item that serves companies only, fifteen digits are a registration number whatever else they might be.
    if not fits and verdict.kind == "citizen" and len(number) == 15 and "company" in kinds:
        return NumberVerdict("good", "旧注册号，将按登记信息查找单位")
    if verdict.ok and fits:
        name = _NAMES[verdict.kind]
        if verdict.kind in ("registration_number", "organisation_code"):
            # A longer number may still be on its way; nothing is wrong with this one as it stands.
            return NumberVerdict("good", f"{name}，将按登记信息查找单位")
        old = "（15 位旧号已升为 18 位）" if len(number) != _FULL else ""
        return NumberVerdict("good", f"{name}，校验码正确{old}")
    if verdict.ok and verdict.kind in _NAMES:
        return NumberVerdict("bad", f"这是{_NAMES[verdict.kind]}，本事项应填{wanted}")
    if len(number) < _FULL and not finished:
        return NumberVerdict("typing", f"已输入 {len(number)} 位")
    if len(number) != _FULL:
        return NumberVerdict("bad", f"共 {len(number)} 位，{wanted}应为 18 位，请核对证件")
    reason = verdict.reason_text.split("；")[0].partition(" ")[2] or "号码格式不符"
    return NumberVerdict("bad", f"{reason}，请核对证件")
