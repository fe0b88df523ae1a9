"""One text, which may be any identifier: which kind is it, and is it right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from schemas.errors import IdentifierRefused
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.division import DivisionCode
from schemas.identifiers.legacy import (
    is_organisation_code_shape,
    is_registration_number_shape,
    organisation_code_fits,
)
from schemas.identifiers.licence import ROOT, LicenceId
from schemas.identifiers.value import Identifier
from schemas.reasons import meaning
from schemas.text import tidied

_COMPANY_HEADS: Final = frozenset({"91", "92", "93"})
_CONTROLS: Final = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")


@dataclass(frozen=True, slots=True)
class IdVerdict:
    """What `check` found.

    Attributes:
        value_shown: the value as it was given, control characters made blanks so that it stays on
            its line. It goes back to whoever typed it and nowhere else; the repr hides it.
        ok: whether the value is right, possibly after the normalisation `reason_text` names.
        kind: citizen, credit_code, division, licence, registration_number, organisation_code or unknown.
        reason_text: why it is refused or what was normalised; empty when there is nothing to say.
            It never holds the value.
    """

    value_shown: str = field(repr=False)
    ok: bool
    kind: str
    reason_text: str


def check(value: str) -> IdVerdict:
    """Tell the kind of `value` and whether it is right; it never raises for a text."""
    kind, ok, codes, remark = _judge(value)
    told = [f"{code} {meaning(code).chinese}" for code in codes]
    if remark:
        told.append(remark)
    return IdVerdict(value.translate(_CONTROLS) if not value.isprintable() else value, ok, kind, "；".join(told))


def _judge(value: str) -> tuple[str, bool, tuple[str, ...], str]:
    text, notes = tidied(value) if not (value.isalnum() and value.isupper()) else (value, ())
    length = len(text)
    if length == 18 and "." not in text:
        return _eighteen(text, notes)
    if "." in text:
        if text.startswith(ROOT) or text.count(".") == 4:
            return _tried("licence", LicenceId, text, notes)
    elif length == 15 and is_registration_number_shape(text):
        return _fifteen(text, notes)
    elif is_organisation_code_shape(text):
        return _nine(text, notes)
    elif length in (6, 12) and text.isdecimal():
        return _tried("division", DivisionCode, text, notes)
    return "unknown", False, (), f"不是本系统认识的证件号码或代码（共 {length} 个字符）" if text else "空值"


def _tried(
    kind: str,
    read: type[CitizenId] | type[CreditCode] | type[DivisionCode] | type[LicenceId],
    text: str,
    notes: tuple[str, ...],
) -> tuple[str, bool, tuple[str, ...], str]:
    found = _attempt(read, text)
    if isinstance(found, Identifier):
        return kind, True, notes + found.notes, ""
    return kind, False, found, ""


def _attempt(
    read: type[CitizenId] | type[CreditCode] | type[DivisionCode] | type[LicenceId], text: str
) -> Identifier | tuple[str, ...]:
    try:
        return read.parse(text)
    except IdentifierRefused as refusal:
        return refusal.reasons


def _eighteen(text: str, notes: tuple[str, ...]) -> tuple[str, bool, tuple[str, ...], str]:
    """A citizen number and a credit code may both be eighteen digits: the one that is right wins."""
    company = _tried("credit_code", CreditCode, text, notes)
    if not text[:17].isdecimal():
        return company
    citizen = _tried("citizen", CitizenId, text, notes)
    if text[:2] in _COMPANY_HEADS:
        return citizen if citizen[1] and not company[1] else company
    if citizen[1]:
        return citizen
    # No division begins with 0, so such a number is a mistyped citizen number whose other check fits by chance.
    if company[1] and text[2] != "0":
        return company
    neither_date_nor_check = citizen[2] == ("R-011", "R-012")
    return company if neither_date_nor_check and not company[1] else citizen


def _fifteen(text: str, notes: tuple[str, ...]) -> tuple[str, bool, tuple[str, ...], str]:
    citizen = _attempt(CitizenId, text)
    if isinstance(citizen, Identifier):
        return "citizen", True, notes + citizen.notes, "也可能是 15 位旧注册号，请核对原件"
    return "registration_number", True, notes, "15 位旧注册号，只核对格式"


def _nine(text: str, notes: tuple[str, ...]) -> tuple[str, bool, tuple[str, ...], str]:
    if organisation_code_fits(text):
        return "organisation_code", True, notes, "组织机构代码，现行为统一社会信用代码的第 9 至 17 位"
    if len(text) == 9 and text.isdecimal():
        return _tried("division", DivisionCode, text, notes)
    return "organisation_code", False, (), "组织机构代码校验码不符"
