"""A holder's volume 卷: every package of it and of those it followed, in order; its numbers, names and licences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import ClassVar, Final

from archive.stages import VolumePart
from core.clock import today
from core.errors import Rejected
from hub.caller import Caller
from hub.context import Hub
from hub.successions import SuccessionKind, demand_keeper
from hub.usage import archive_usage
from hub.volume_parts import BornName, BornNumber, Entry, Follows, HeldLicence, Volume
from schemas.licence_types import all_licence_types
from schemas.records.base import Subject
from store import archive_parties, audit, licence_life, volumes
from store.archive_parties import Succession
from store.audit import About
from store.connection import transaction

__all__ = [
    "BornName",
    "BornNumber",
    "Entry",
    "Follows",
    "HeldLicence",
    "NobodyFiled",
    "Volume",
    "name_of",
    "party_of",
    "view_volume",
    "volume_of",
]

_ORDER: Final = {part.value: place for place, part in enumerate(VolumePart)}


class NobodyFiled(Rejected):
    """The archive holds nothing of this number."""

    code: ClassVar[str] = "HUB-732"


def volume_of(hub: Hub, whose: Subject | str) -> Volume:
    """The volume of whoever bears a number (as `hub.subjects.read_number` gives it), or of a party by its id.

    Whoever shows it to a person writes that down first: nothing is logged here.

    Raises:
        NobodyFiled: the archive holds nothing of it.
    """
    borne = _typed(hub, whose)
    asked = whose if isinstance(whose, str) else party_of(hub, whose)
    standing = volumes.standing(hub.connection, asked) if asked is not None else None
    if standing is None:
        raise NobodyFiled(
            "the archive holds nothing of this number. Check it; of a company that has old numbers only, take one of "
            "those, or link them first (`hub archive parties link`)."
        )
    party, kind = standing
    bounds = _bounds(party, volumes.before(hub.connection, party))
    parties = list(bounds)
    return Volume(
        party=party,
        kind=kind,
        numbers=[
            BornNumber(one.kind, one.since, one.until, one.basis, borne.get(one.subject))
            for one in archive_parties.identities(hub.connection, party)
        ],
        names=_names(hub, party),
        follows=_follows(hub, parties),
        entries=_entries(hub, party, bounds),
        licences=_licences(hub, party, parties),
        as_of=hub.clock.now(),
    )


def view_volume(hub: Hub, subject: Subject, caller: Caller, *, purpose: str = "archive_volume") -> Volume:
    """As `volume_of`, for an archivist or the operator; logged about the holder before anything is given out.

    Args:
        purpose: a word of `hub.archive_words.PURPOSES`.

    Raises:
        ArchivistNeeded: the caller may not; NobodyFiled: as `volume_of`, and logged too.
    """
    demand_keeper(caller, "nothing was shown")
    hashed, found = hub.subject(subject.kind, subject.value), party_of(hub, subject) is not None
    with transaction(hub.connection) as cursor:
        about = About(hashed, "applicant", {"—": ["archive.volume"]}, None, found)
        usage = archive_usage(caller, "卷内目录", purpose=purpose, basis="", about=(about,))
        audit.append(cursor, usage, hub.clock.now())
    return volume_of(hub, subject)


def party_of(hub: Hub, subject: Subject) -> str | None:
    """The party that bears a number; None where nothing is filed under it."""
    return archive_parties.party_of(hub.connection, hub.subject(subject.kind, subject.value))


def name_of(hub: Hub, party: str) -> str | None:
    """`Volume.name` of a party by its id, without drawing its volume up."""
    standing = volumes.standing(hub.connection, party)
    names = _names(hub, standing[0]) if standing is not None else []
    return names[-1].name if names else None


def _typed(hub: Hub, whose: Subject | str) -> dict[bytes, str]:
    """The keyed hash of the number that was typed, and the number."""
    return {} if isinstance(whose, str) else {hub.subject(whose.kind, whose.value): whose.value}


def _bounds(party: str, successions: Iterable[Succession]) -> dict[str, date | None]:
    """The party and all it followed, each with the last day its cases belong to the volume; None: all do."""
    into: dict[str, list[Succession]] = {}
    for one in successions:
        into.setdefault(one.later, []).append(one)
    bounds: dict[str, date | None] = {}
    waiting: list[tuple[str, date | None]] = [(party, None)]
    while waiting:
        at, bound = waiting.pop()
        if at in bounds and not _wider(bound, bounds[at]):
            continue
        bounds[at] = bound
        for one in into.get(at, ()):
            # a party that was split lives on, and what it does then is its own
            own = one.happened_on if not SuccessionKind(one.kind).ends else None
            waiting.append((one.earlier, min(filter(None, (own, bound)), default=None)))
    return bounds


def _wider(one: date | None, other: date | None) -> bool:
    return other is not None and (one is None or one > other)


def _names(hub: Hub, party: str) -> list[BornName]:
    return [
        BornName(one.name, one.since) for one in archive_parties.names(hub.connection, party) if one.name is not None
    ]


def _follows(hub: Hub, parties: list[str]) -> list[Follows]:
    """What leads to the party, and the next steps onward from it (`parties[0]`)."""
    found = []
    for one in archive_parties.successions(hub.connection, parties):
        before = one.later in parties
        if not before and one.earlier != parties[0]:
            continue
        other = one.earlier if before else one.later
        names = tuple(name.name for name in reversed(_names(hub, other)))
        found.append(Follows(other, before, one.kind, one.happened_on, one.basis, names))
    return found


def _entries(hub: Hub, party: str, bounds: Mapping[str, date | None]) -> list[Entry]:
    shelved = [
        one
        for one in volumes.shelved(hub.connection, list(bounds))
        if (bound := bounds[one.filed.party]) is None or one.filed.decided_on <= bound
    ]
    shelved.sort(key=lambda one: (_ORDER[one.filed.stage], one.filed.decided_on, one.filed.file_no))
    return [
        Entry(
            place=place,
            file_no=one.filed.file_no,
            party=one.filed.party,
            inherited=one.filed.party != party,
            archive_code=one.filed.archive_code,
            project_no=one.filed.project_no,
            item=one.filed.item,
            item_name=one.filed.item_name,
            part=one.filed.stage,
            outcome=one.filed.outcome,
            licence_number=one.filed.licence_number,
            licence_version=one.licence_version,
            accepted_on=one.filed.accepted_on,
            decided_on=one.filed.decided_on,
            retention=one.filed.retention,
            organ=one.filed.organ,
            size=one.filed.size,
            sm3=one.filed.sm3,
            sha256=one.sha256,
            path=one.filed.path,
            origin=one.filed.origin,
            moved=one.filed.moved,
            verdict=one.verdict,
            checked_at=one.checked_at,
        )
        for place, one in enumerate(shelved, 1)
    ]


def _licences(hub: Hub, party: str, parties: list[str]) -> list[HeldLicence]:
    day, types = today(hub.clock), all_licence_types()
    found = []
    for held in volumes.held(hub.connection, parties):
        licence = licence_life.by_id(hub.connection, held.licence)
        if licence is None:
            continue
        title = types[licence.licence_type].name if licence.licence_type in types else licence.licence_type
        found.append(
            HeldLicence(
                licence.number, licence.licence_type, title, licence.status_on(day), licence.valid_until,
                inherited=held.party != party,
            )
        )  # fmt: skip
    return found
