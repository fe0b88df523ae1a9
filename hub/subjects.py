"""Whose number it is: a citizen's, a company's, or an old number a company is still known by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from core.errors import Rejected
from hub.context import Hub
from schemas.errors import IdentifierRefused
from schemas.identifiers.check import check
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.judge import restore
from schemas.records.base import Subject
from schemas.text import tidied
from store.records import select_subject

#: Registers whose records know a company by its old numbers too.
REGISTERS: Final = ("market.entity", "platform.legal_person")
#: Kinds of number a company was known by before 2015.
LEGACY: Final = ("registration_number", "organisation_code")
#: How many of a number's last characters tell neighbours apart: the sequence of the day and the check character.
_LAST: Final = 4


class SubjectUnfit(Rejected):
    """The number is right, but the item does not serve its kind of subject."""

    code: ClassVar[str] = "HUB-704"


class LegacyNumberUnknown(Rejected):
    """An old registration number or organisation code that no register knows."""

    code: ClassVar[str] = "HUB-765"


class LegacyNumberAmbiguous(Rejected):
    """An old number that several companies bear; only the credit code tells which is meant."""

    code: ClassVar[str] = "HUB-766"


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """A number as typed, read: the subject, or an old number whose company is to be found first."""

    subject: Subject

    @property
    def legacy(self) -> bool:
        """Whether the register has to be asked whose number it is."""
        return self.subject.kind in LEGACY

    @property
    def masked(self) -> str:
        """The number with its middle hidden."""
        text = self.subject.value
        return (
            f"{text[:6]}{'*' * max(len(text) - 10, 4)}{text[-4:]}" if len(text) > 12 else f"{text[:2]}****{text[-2:]}"
        )

    def near(self, hub: Hub) -> bytes:
        """The keyed hash that numbers next to this one share: same district, birthday or office."""
        return hub.subject("near", self.subject.value[:-_LAST])


def read_number(identifier: str, kinds: tuple[str, ...]) -> Typed:
    """Read a number for an item that serves these kinds.

    Raises:
        IdentifierRefused: it is no number of the kind the item serves; told of the kind it looks like.
        SubjectUnfit: it is right, and the item is not for its kind.
    """
    found = check(identifier)
    text = tidied(identifier)[0]
    if "company" in kinds:
        if found.kind == "organisation_code" and found.ok:
            return Typed(Subject("organisation_code", text))
        # For an item of companies only, fifteen digits are no old citizen number.
        if found.ok and len(text) == 15 and (found.kind == "registration_number" or "citizen" not in kinds):
            return Typed(Subject("registration_number", text))
    return Typed(_subject(identifier, kinds, found.kind))


def resolve(cursor: Any, hub: Hub, typed: Typed) -> Subject:
    """The company an old number belongs to: under its credit code where it has one. Part of the caller's transaction.

    Raises:
        LegacyNumberUnknown, LegacyNumberAmbiguous: nobody, or several, bear it.
    """
    if not typed.legacy:
        return typed.subject
    subject = typed.subject
    found = select_subject(cursor, hub.subject(subject.kind, subject.value), REGISTERS)
    codes: set[str] = set()
    without = False
    for resource, rows in found.items():
        for row in rows:
            code = getattr(restore(resource, row.open(hub.vault).payload), "credit_code", None)
            without |= code is None
            codes |= {code.text} if code is not None else set()
    if len(codes) > 1:
        raise LegacyNumberAmbiguous(
            f"{len(codes)} companies bear this old number; nothing was released. Take the credit code of the one meant."
        )
    if codes:
        return Subject("company", codes.pop())
    if without:
        return subject
    raise LegacyNumberUnknown(
        "no register knows this old number; nothing was released. Take the credit code, or check the number on paper."
    )


def _subject(identifier: str, kinds: tuple[str, ...], looks_like: str) -> Subject:
    """The subject behind a number as typed; what is wrong with it is told of the kind the item serves."""
    refused: IdentifierRefused | None = None
    fits_another = False
    readers: list[tuple[str, Callable[[str], CreditCode | CitizenId]]] = [
        ("company", CreditCode.parse),
        ("citizen", CitizenId.parse),
    ]
    if looks_like == "citizen":
        # Where the item serves both, what is wrong is told of the kind the number looks like.
        readers.reverse()
    for kind, parse in readers:
        try:
            number = parse(identifier)
        except IdentifierRefused as error:
            if kind in kinds and refused is None:
                refused = error
            continue
        if kind in kinds:
            return Subject("company" if kind == "company" else "citizen", number.text)
        fits_another = True
    if fits_another or refused is None:
        raise SubjectUnfit(
            f"this item is for {' or '.join(kinds)}, and the number is of another kind; nothing was looked up. "
            "Take the applicant's number."
        )
    raise refused
