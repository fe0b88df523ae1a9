"""Whose archive is meant: found by a number as typed, an old one too, or by who signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import HubError
from hub.context import Hub
from hub.retrieval_errors import HolderNotHeld
from hub.retrieval_log import Whose, whose
from hub.retrieval_parts import By, Holder
from hub.subjects import Typed, read_number, resolve
from hub.volume import party_of, volume_of
from hub.volume_parts import Volume
from schemas.records.base import Subject
from store import archive_parties
from store.connection import transaction

_KINDS = ("company", "citizen")


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """The holder of an archive.

    Attributes:
        masked: the number as typed, its middle hidden; None for who signed in.
        company: the credit code, where it was typed.
    """

    volume: Volume
    whose: Whose
    masked: str | None = None
    company: str | None = None


def by_number(hub: Hub, typed: str) -> Found:
    """The holder of the archive of a number.

    Raises:
        HolderNotHeld: the archive has nothing of it.
        IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous: of the number.
    """
    number = read_number(typed, _KINDS)
    subject = number.subject
    party = party_of(hub, subject)
    if party is None and number.legacy:
        subject = _of_register(hub, number)
        party = party_of(hub, subject)
    if party is None:
        raise HolderNotHeld(
            "the archive holds nothing of this number; nothing was given out. Check the number, or ask the archive the "
            "company moved from."
        )
    volume = volume_of(hub, party)
    return Found(
        volume,
        replace(whose(hub, volume), near=number.near(hub)),
        number.masked,
        subject.value if subject.kind == "company" else None,
    )


def by_sign_in(hub: Hub, holder: Holder) -> Found:
    """The archive of who signed in.

    Raises:
        HolderNotHeld: there is none.
    """
    party = archive_parties.party_of(hub.connection, holder.subject)
    if party is None:
        raise HolderNotHeld("the archive holds nothing of whoever signed in; nothing was given out.")
    volume = volume_of(hub, party)
    return Found(volume, whose(hub, volume))


def missed(hub: Hub, by: By, typed: str) -> Whose:
    """Whom a refused step was about, as far as the sign-in or the number that was typed tells."""
    if isinstance(by, Holder):
        party = archive_parties.party_of(hub.connection, by.subject)
        return whose(hub, volume_of(hub, party)) if party is not None else Whose(known=False, subjects=(by.subject,))
    try:
        number = read_number(typed, _KINDS)
    except HubError:
        return Whose(known=False, subjects=())
    party = party_of(hub, number.subject)
    near = number.near(hub)
    if party is not None:
        return replace(whose(hub, volume_of(hub, party)), near=near)
    hashed = hub.subject(number.subject.kind, number.subject.value)
    return Whose(known=False, subjects=(hashed,), near=near)


def _of_register(hub: Hub, number: Typed) -> Subject:
    with transaction(hub.connection) as cursor:
        return resolve(cursor, hub, number)
