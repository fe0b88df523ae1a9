"""Whose archive is meant: found by a number as typed, an old one too, or by who signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import HubError
from hub.context import Hub
from hub.retrieval_errors import HolderNotHeld
from hub.retrieval_log import Whose, whose
from hub.retrieval_parts import By, Holder
from hub.subjects import Typed, read_number, resolve
from hub.volume import party_of
from schemas.records.base import Subject
from store import archive_parties, volumes
from store.connection import transaction

_KINDS = ("company", "citizen")


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """The holder of an archive.

    Attributes:
        party: in the catalogue.
        kind: `company`, `citizen` or `other`.
        masked: the number as typed, its middle hidden; None for who signed in.
        subject: the number, where it is known.
    """

    party: str
    whose: Whose
    kind: str
    masked: str | None
    subject: Subject | None


def by_number(hub: Hub, typed: str) -> Found:
    """The holder of the archive of a number.

    Raises:
        HolderNotHeld: the archive has nothing of it.
        IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous: of the number.
    """
    return found(hub, read_number(typed, _KINDS))


def found(hub: Hub, number: Typed) -> Found:
    """As `by_number`, of a number that was read."""
    subject = number.subject
    party = party_of(hub, subject)
    if party is None and number.legacy:
        with transaction(hub.connection) as cursor:
            subject = resolve(cursor, hub, number)
        party = party_of(hub, subject)
    if party is None:
        raise HolderNotHeld(
            "the archive holds nothing of this number; nothing was given out. Check the number, or ask the archive the "
            "company moved from."
        )
    known = subject if subject.kind in _KINDS else None
    return Found(
        party,
        replace(whose(hub, party), near=number.near(hub)),
        volumes.kind_of(hub.connection, party) or "other",
        number.masked,
        known,
    )


def missed(hub: Hub, by: By, typed: str) -> Whose:
    """Whom a refused step was about, as far as the sign-in or the number that was typed tells."""
    if isinstance(by, Holder):
        party = archive_parties.party_of(hub.connection, by.subject)
        return whose(hub, party) if party is not None else Whose(None, (by.subject,))
    try:
        number = read_number(typed, _KINDS)
    except HubError:
        return Whose(None, ())
    party = party_of(hub, number.subject)
    if party is not None:
        return replace(whose(hub, party), near=number.near(hub))
    return Whose(None, (hub.subject(number.subject.kind, number.subject.value),), number.near(hub))


def by_sign_in(hub: Hub, holder: Holder) -> Found:
    """The archive of who signed in.

    Raises:
        HolderNotHeld: there is none.
    """
    party = archive_parties.party_of(hub.connection, holder.subject)
    if party is None:
        raise HolderNotHeld("the archive holds nothing of whoever signed in; nothing was given out.")
    return Found(party, whose(hub, party), volumes.kind_of(hub.connection, party) or "other", None, None)


def by_party(hub: Hub, party: str, company: str | None) -> Found:
    """The holder of a request that is written down.

    Args:
        company: the credit code it was asked under; None where it was another number, or nobody typed one.
    """
    subject = Subject("company", company) if company else None
    return Found(party, whose(hub, party), volumes.kind_of(hub.connection, party) or "other", None, subject)
