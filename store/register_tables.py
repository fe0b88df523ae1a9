"""What the tables say of licences beside what the register holds of them: read together, as of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from store.connection import Connection, transaction
from store.register_entries import LOG

#: Licences read at once.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry; `number` is its place in the log, None while it waits for one."""

    id: str
    number: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row of `licence_step`."""

    entry: str
    at: datetime
    step: str
    before: str
    after: str
    effective_on: date
    basis: str
    document_no: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A row of `licence_version`, with its sealed facts."""

    version: int
    cause: str
    identifier: str
    made_for: str
    state: str
    document_sm3: bytes | None
    valid_until: date | None
    status_index: int | None
    published_at: datetime | None
    superseded_at: datetime | None
    facts: bytes


@dataclass(frozen=True, slots=True)
class LicenceRows:
    """All that the database says of one licence; entries in the order of the log."""

    number: str
    licence_type: str
    status: str
    status_since: date | None
    valid_until: date | None
    current_version: int | None
    entries: tuple[EntryRow, ...]
    steps: tuple[StepRow, ...]
    versions: tuple[VersionRow, ...]


def every(connection: Connection) -> Iterator[LicenceRows]:
    """Each licence, some hundred at a time, those of each time as of one moment."""
    last = "00000000-0000-0000-0000-000000000000"
    while True:
        with transaction(connection) as cursor:
            # without it a step taken between two statements would look like a contradiction
            cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute(
                "select id::text, number, licence_type, status, status_since, valid_until, current_version "
                "from licence where id > %s order by id limit %s",
                (last, _AT_ONCE),
            )
            rows = cursor.fetchall()
            ids = [row[0] for row in rows]
            entries = _grouped(cursor, _ENTRIES, {"log": LOG, "ids": ids})
            steps = _grouped(cursor, _STEPS, {"ids": ids})
            versions = _grouped(cursor, _VERSIONS, {"ids": ids})
        for id_, number, licence_type, status, since, until, current in rows:
            yield LicenceRows(
                number,
                licence_type,
                status,
                since,
                until,
                current,
                tuple(EntryRow(entry, place, bytes(body)) for entry, place, body in entries.get(id_, ())),
                tuple(StepRow(*row) for row in steps.get(id_, ())),
                tuple(_version(*row) for row in versions.get(id_, ())),
            )
        if len(rows) < _AT_ONCE:
            return
        last = ids[-1]


def strays(connection: Connection, limit: int) -> list[str]:
    """Rows that belong to no licence, or to no entry: put there past the tables' own rules."""
    found: list[str] = []
    with transaction(connection) as cursor:
        for what, statement in _STRAYS:
            cursor.execute(statement, (limit,))
            found += [what.format(row[0]) for row in cursor.fetchall()]
    return found


def _version(*row: Any) -> VersionRow:
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return VersionRow(*values)


def _grouped(cursor: Any, statement: str, arguments: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    cursor.execute(statement, arguments)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for id_, *columns in cursor.fetchall():
        found.setdefault(id_, []).append(tuple(columns))
    return found


_ENTRIES: Final = """
    select e.licence::text, e.id::text, l.seq, e.body from register_entry e
    left join log_leaf l on l.log = %(log)s and l.entry = e.id
    left join log_waiting w on w.log = %(log)s and w.entry = e.id
    where e.licence = any(%(ids)s::uuid[]) order by l.seq nulls last, w.id nulls last, e.id
"""
_STEPS: Final = """
    select licence::text, entry::text, at, step, before, after, effective_on, basis, document_no, version
    from licence_step where licence = any(%(ids)s::uuid[]) order by id
"""
_VERSIONS: Final = """
    select licence::text, version, cause, identifier, made_for, state, document_sm3, valid_until, status_index,
    published_at, superseded_at, facts from licence_version where licence = any(%(ids)s::uuid[]) order by version
"""
_STRAYS: Final = (
    (
        "a step of the table licence_step (entry {}) belongs to no licence",
        "select s.entry::text from licence_step s where not exists (select from licence l where l.id = s.licence) "
        "limit %s",
    ),
    (
        "a document of the table licence_version ({}) belongs to no licence",
        "select v.identifier from licence_version v where not exists (select from licence l where l.id = v.licence) "
        "limit %s",
    ),
)
