"""The licence register held against the tables: a state, a document or a validity that no entry tells is named.

Pages and status list read the tables, because that is quick. Whoever may change them in the database could make a
revoked licence valid again; here he is found out, as he cannot change the register so that its heads still fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from core.errors import HubError
from hub.context import Hub
from hub.designation import STATUS_ELEMENT
from schemas.licence_life import Status, Step
from store import licences, register_tables
from store.register_bodies import said_in
from store.register_tables import EntryRow, LicenceRows, StepRow, VersionRow

_MOST_STRAYS: Final = 1_000
_PUBLIC: Final = ("published", "archived")
_MAKING: Final = frozenset(step.value for step in Step if step.makes_version)
#: What a row of `licence_step` repeats of its entry.
_REPEATED: Final = ("step", "before", "after", "basis", "document_no", "version")


class Fault(NamedTuple):
    """One contradiction, with the entry that tells otherwise, where there is one."""

    text: str
    number: int | None = None
    entry: str | None = None


class Looked(NamedTuple):
    """What looking at one licence came to; `older` documents were published before there was a register."""

    faults: tuple[Fault, ...]
    older: int


def look(hub: Hub) -> Iterator[Looked]:
    """Each licence of the tables, and at the end what belongs to none."""

    def metadata(version: VersionRow) -> dict[str, str] | None:
        try:
            opened = licences.open_facts(hub.vault, version.made_for, version.facts)
            found: dict[str, str] = opened["metadata"]
        except (HubError, KeyError, ValueError, TypeError):
            return None
        return found

    for rows in register_tables.every(hub.connection):
        yield compare(rows, metadata)
    strays = register_tables.strays(hub.connection, _MOST_STRAYS)
    yield Looked(tuple(Fault(text) for text in strays), 0)


def compare(rows: LicenceRows, metadata: Callable[[VersionRow], dict[str, str] | None]) -> Looked:
    """What the tables say of a licence otherwise than its entries.

    Args:
        metadata: of a document, as it was sealed with it; None where it cannot be opened.
    """
    faults: list[Fault] = []
    told = [(entry, said) for entry in rows.entries if (said := said_in(entry.body)) is not None]
    faults += _steps(rows, told)
    faults += _chain(rows, told)
    faults += _standing(rows, told)
    documents, older = _documents(rows, told)
    faults += documents
    faults += _places(rows, metadata)
    return Looked(tuple(faults), older)


_Told = list[tuple[EntryRow, dict[str, Any]]]


def _steps(rows: LicenceRows, told: _Told) -> Iterator[Fault]:
    steps = {step.entry: step for step in rows.steps}
    for entry, said in told:
        step = steps.pop(entry.id, None)
        if step is None:
            yield Fault(f"licence {rows.number}: the table licence_step lacks the step of this entry", *_at(entry))
            continue
        for name in _different(step, said):
            yield Fault(f"licence {rows.number}: the table licence_step has another {name} than the entry", *_at(entry))
    known = {entry.id for entry in rows.entries}
    for step in steps.values():
        if step.entry not in known:
            yield Fault(f"licence {rows.number}: the table licence_step has a step {step.step} without an entry")


def _different(step: StepRow, said: dict[str, Any]) -> Iterator[str]:
    yield from (name for name in _REPEATED if getattr(step, name) != said[name])
    if step.effective_on.isoformat() != said["effective_on"]:
        yield "effective_on"
    if step.at != datetime.fromisoformat(said["at"]):
        yield "at"


def _chain(rows: LicenceRows, told: _Told) -> Iterator[Fault]:
    """Each entry goes on from where the one before it left the licence."""
    stands = Status.RESERVED.value
    for entry, said in told:
        if said["before"] != stands:
            yield Fault(
                f"licence {rows.number}: the entry begins at {said['before']}, the one before it ends at {stands}",
                *_at(entry),
            )
        stands = said["after"]


def _standing(rows: LicenceRows, told: _Told) -> Iterator[Fault]:
    """The row of the licence says what its last entry left."""
    status, since, valid_until, version = Status.RESERVED.value, None, None, None
    where: tuple[int | None, str | None] = (None, None)
    for entry, said in told:
        if since is None or said["after"] != said["before"]:
            since = said["effective_on"]
        status, valid_until, version = said["after"], said["valid_until"], said["version"]
        where = _at(entry)
    for name, here, there in (
        ("status", rows.status, status),
        ("status_since", _text(rows.status_since), since),
        ("valid_until", _text(rows.valid_until), valid_until),
        ("current_version", rows.current_version, version),
        ("number", rows.number, told[-1][1]["number"] if told else rows.number),
        ("licence_type", rows.licence_type, told[-1][1]["licence_type"] if told else rows.licence_type),
    ):
        if here != there:
            last = "its last entry" if told else "the register, which holds no entry of it,"
            yield Fault(
                f"licence {rows.number}: the table licence has {name} = {_word(here)}, {last} says {_word(there)}",
                *where,
            )


def _documents(rows: LicenceRows, told: _Told) -> tuple[list[Fault], int]:
    """Each entry that published a document has it in the table, and the table has no other that is public."""
    faults: list[Fault] = []
    left = {version.version: version for version in rows.versions}
    published = [(entry, said) for entry, said in told if said["step"] in _MAKING]
    before = None
    for place, (entry, said) in enumerate(published):
        version = left.pop(said["version"], None)
        if version is None:
            faults.append(
                Fault(f"licence {rows.number}: version {said['version']} is gone from licence_version", *_at(entry))
            )
            continue
        newest = place == len(published) - 1
        told_of = {
            "identifier": (version.identifier, said["identifier"]),
            "document_sm3": (
                None if version.document_sm3 is None else version.document_sm3.hex(),
                said["document_sm3"],
            ),
            "cause": (version.cause, said["step"]),
            "valid_until": (_text(version.valid_until), said["valid_until"]),
            "predecessor": (before, said["supersedes"]),
            "state of its making": (version.state in _PUBLIC, True),
            "superseded_at": (version.superseded_at is None, newest),
        }
        faults += [
            Fault(
                f"licence {rows.number}, version {version.version}: the table licence_version has another {name} than "
                "the entry tells",
                *_at(entry),
            )
            for name, (here, there) in told_of.items()
            if here != there
        ]
        before = said["identifier"]
    older = 0
    for version in left.values():
        if version.state not in _PUBLIC:
            continue
        if not told and version.published_at is None and rows.status == Status.RESERVED:
            older += 1
        else:
            faults.append(
                Fault(f"licence {rows.number}, version {version.version}: is public, and no entry tells of it")
            )
    return faults, older


def _places(rows: LicenceRows, metadata: Callable[[VersionRow], dict[str, str] | None]) -> Iterator[Fault]:
    """A document stands in the status list at the place that was sealed into it."""
    for version in rows.versions:
        if version.status_index is None and version.published_at is None:
            continue
        sealed = metadata(version)
        if sealed is None:
            yield Fault(f"licence {rows.number}, version {version.version}: its sealed facts cannot be opened")
        elif sealed.get(STATUS_ELEMENT) != _text(version.status_index):
            yield Fault(
                f"licence {rows.number}, version {version.version}: the table licence_version has another status_index "
                "than the document bears"
            )


def _at(entry: EntryRow) -> tuple[int | None, str | None]:
    return entry.number, entry.id


def _text(value: date | int | None) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _word(value: object) -> str:
    return "nothing" if value is None else str(value)
