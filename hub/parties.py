"""One holder over its life: old numbers and former names are joined to its party where the registers know them.

Nothing is guessed: an old number that several companies bear, or that has a company of its own, is left and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from core.clock import SHANGHAI
from hub.catalogue import name_key
from hub.context import Hub
from hub.subjects import REGISTERS, LegacyNumberAmbiguous, LegacyNumberUnknown, Typed, resolve
from schemas.judge import restore
from schemas.names import folded
from schemas.records import Entity, LegalPerson
from schemas.records.base import Subject, legacy_subjects
from store import archive_parties, party_joins, records
from store.archive_parties import Identity, Name, NumberOfAnother
from store.connection import transaction
from store.records import StoredRecord

_BASIS: Final = {"market.entity": "市场主体登记信息", "platform.legal_person": "法人库信息"}


@dataclass(slots=True)
class Linked:
    """What linking came to: parties looked at, numbers and names that came to them, parties that turned out to be one;
    old numbers that several companies bear, and those that belong to another company."""

    parties: int = 0
    numbers: int = 0
    names: int = 0
    joined: int = 0
    ambiguous: int = 0
    of_another: int = 0

    def to_dict(self) -> dict[str, int]:
        """For `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, repr=False)
class _Said:
    """What one version of a register's record says of a company."""

    numbers: tuple[Subject, ...]
    name: str
    named_since: date
    since: date
    basis: str


def link(hub: Hub, holder: Subject) -> Linked:
    """Join to a holder's party what the registers say of it, as far as there is a party; of persons nothing.

    Raises:
        StoreUnavailable: the database does not answer; nothing was written.
    """
    party = archive_parties.party_of(hub.connection, hub.subject(holder.kind, holder.value))
    linked = Linked()
    if party is not None and holder.kind != "citizen":
        _link(hub, party, linked)
    return linked


def link_all(hub: Hub) -> Linked:
    """As `link`, for every party that is no person; what is joined already is left.

    Raises:
        StoreUnavailable: the database does not answer; the parties before it are linked.
    """
    linked = Linked()
    for party in archive_parties.organisations(hub.connection):
        _link(hub, party, linked)
    return linked


def _link(hub: Hub, party: str, linked: Linked) -> None:
    linked.parties += 1
    identities = archive_parties.identities(hub.connection, party)
    said = _said_of(hub, identities)
    if said is None:
        linked.ambiguous += 1
        return
    company = _joined_to_its_company(hub, party, identities, said)
    if company is not None:
        linked.numbers += len(identities)
        linked.joined += 1
        _link(hub, company, linked)
        return
    # what a register said first of a number tells since when it is known
    first = {subject: one for one in reversed(said) for subject in one.numbers}
    borne = {identity.subject for identity in identities}
    numbers = [(one, says) for one, says in first.items() if hub.subject(one.kind, one.value) not in borne]
    known = {one.key: one.since for one in archive_parties.names(hub.connection, party)}
    names = [Name(name_key(hub, one.name), one.name, folded(one.name), one.named_since) for one in said]
    names = [one for one in names if one.key not in known or one.since < known[one.key]]
    if not numbers and not names:
        return
    with transaction(hub.connection) as cursor:
        for subject, says in numbers:
            _take(cursor, hub, party, subject, says, linked)
        for one in names:
            archive_parties.name(cursor, party, one)
    linked.names += len({one.key for one in names} - known.keys())


def _joined_to_its_company(hub: Hub, party: str, identities: Sequence[Identity], said: Sequence[_Said]) -> str | None:
    """The party of the credit code that the old numbers of this one lead to, where both were filed: joined now."""
    if any(one.kind == "company" for one in identities):
        return None
    for one in said:
        code = next((subject for subject in one.numbers if subject.kind == "company"), None)
        if code is None or not all(_old_of(hub, identity, one) for identity in identities):
            continue
        with transaction(hub.connection) as cursor:
            owner = archive_parties.owner(cursor, hub.subject(code.kind, code.value))
            if owner is None or owner == party:
                return None
            if not all(_is_its_own(cursor, hub, subject, one) for subject in one.numbers):
                return None
            party_joins.absorb(cursor, owner, party)
        return owner
    return None


def _old_of(hub: Hub, identity: Identity, said: _Said) -> bool:
    """Whether a register's record tells of this very number."""
    return any(hub.subject(one.kind, one.value) == identity.subject for one in said.numbers)


def _take(cursor: Any, hub: Hub, party: str, subject: Subject, said: _Said, linked: Linked) -> None:
    identity = Identity(hub.subject(subject.kind, subject.value), subject.kind, said.since, said.basis)
    owner = archive_parties.owner(cursor, identity.subject)
    if owner == party:
        return
    if not _is_its_own(cursor, hub, subject, said):
        linked.ambiguous += 1
        return
    if owner is None:
        archive_parties.join(cursor, party, identity)
        linked.numbers += 1
        return
    try:
        party_joins.absorb(cursor, party, owner)
    except NumberOfAnother:
        linked.of_another += 1
    else:
        linked.numbers += 1
        linked.joined += 1


def _is_its_own(cursor: Any, hub: Hub, subject: Subject, said: _Said) -> bool:
    """Whether no other company bears an old number."""
    typed = Typed(subject)
    if not typed.legacy:
        return True
    company = next((one for one in said.numbers if one.kind == "company"), None)
    try:
        return resolve(cursor, hub, typed) == (company or subject)
    except LegacyNumberAmbiguous:
        return False
    except LegacyNumberUnknown:
        return True  # known by the history of a register only


def _said_of(hub: Hub, identities: Sequence[Identity]) -> list[_Said] | None:
    """What the registers say and said of a party, by its credit code where it has one; None where its old numbers
    lead to several companies."""
    companies = [one for one in identities if one.kind == "company"]
    rows = {
        (row.resource, row.payload): row
        for one in companies or identities
        for row in records.every_version(hub.connection, hub.vault, one.subject, REGISTERS)
    }
    said = [found for row in rows.values() if (found := _read(row)) is not None]
    codes = {subject.value for one in said for subject in one.numbers if subject.kind == "company"}
    return said if companies or len(codes) <= 1 else None


def _read(row: StoredRecord) -> _Said | None:
    record = restore(row.resource, row.payload)
    read = row.valid_from.astimezone(SHANGHAI).date()
    if isinstance(record, Entity):
        numbers = _numbers(record, record.registration_no, None)
        return _Said(
            numbers, record.entity_name, record.approved_on or read, record.established_on, _BASIS[row.resource]
        )
    if isinstance(record, LegalPerson):
        numbers = _numbers(record, record.registration_no, record.organisation_code)
        since = record.registered_on or read
        return _Said(numbers, record.name, record.approved_on or read, since, _BASIS[row.resource])
    return None


def _numbers(
    record: Entity | LegalPerson, registration_no: str | None, organisation_code: str | None
) -> tuple[Subject, ...]:
    code = record.credit_code
    own: Iterable[Subject] = () if code is None else (Subject("company", code.text),)
    return (*own, *legacy_subjects(code, registration_no, organisation_code))
