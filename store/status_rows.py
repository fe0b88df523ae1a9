"""What the status list is made of: each published document's place, and where its licence stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.licence_life import Status
from store import merkle_log
from store.connection import Connection, fetch_one, transaction
from store.register_entries import LOG


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One document."""

    place: int
    superseded: bool
    status: Status
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All documents as of one moment.

    Attributes:
        entries: how many entries the register holds, those among them that wait for their number.
    """

    entries: int
    rows: tuple[StatusRow, ...]


def snapshot(connection: Connection) -> Snapshot:
    """Read everything as of one moment."""
    with transaction(connection) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        entries = _entries(cursor)
        cursor.execute(
            "select v.status_index, v.superseded_at is not null, l.status, l.valid_until "
            "from licence_version v join licence l on l.id = v.licence "
            "where v.status_index is not null and v.state in ('published', 'archived')"
        )
        rows = tuple(StatusRow(place, superseded, Status(status), until) for place, superseded, status, until in cursor)
    return Snapshot(entries, rows)


def entries(connection: Connection) -> int:
    """How many entries the register holds, those among them that wait; it only grows, whatever the clock does."""
    with transaction(connection) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        return _entries(cursor)


def _entries(cursor: Any) -> int:
    cursor.execute("select count(*) from log_waiting where log = %s", (LOG,))
    waiting: int = cursor.fetchone()[0]
    return merkle_log.size(cursor, LOG) + waiting


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """One published document and its licence; `entry` is the newest register entry of the licence."""

    identifier: str
    number: str
    licence_type: str
    version: int
    document_sm3: bytes
    superseded_by: str | None
    status: Status
    status_since: date | None
    valid_until: date | None
    entry: str | None


def of_document(connection: Connection, identifier: str) -> DocumentStatus | None:
    """How the published document of an identifier stands; None where no such was published."""
    row = fetch_one(
        connection,
        "select v.identifier, l.number, l.licence_type, v.version, v.document_sm3, "
        "(select n.identifier from licence_version n where n.licence = l.id and n.version = l.current_version "
        "and n.version > v.version), l.status, l.status_since, l.valid_until, "
        "(select s.entry::text from licence_step s where s.licence = l.id order by s.id desc limit 1) "
        "from licence_version v join licence l on l.id = v.licence "
        "where v.identifier = %s and v.state in ('published', 'archived')",
        (identifier,),
    )
    if row is None:
        return None
    own, number, licence_type, version, document, newer, status, since, until, entry = row
    return DocumentStatus(
        own, number, licence_type, version, bytes(document), newer, Status(status), since, until, entry
    )
