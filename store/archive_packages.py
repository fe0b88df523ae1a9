"""Packages come into the archive: table, catalogue, log and report in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from store import archive_checks, archive_entries, archive_parties
from store.archive_checks import CheckEntry
from store.archive_parties import Identity, Name
from store.connection import Connection, fetch_all, fetch_one

_UNFILED: Final = (
    "select p.file_no, p.licence::text, p.sm3, p.sha256, p.bytes, p.path, p.made_at from archive_package p "
    "where not exists (select from archive_record r where r.file_no = p.file_no) order by p.made_at, p.file_no"
)


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """What the catalogue says of one package.

    Attributes:
        holder, name: the number and the name of whom it is about, as the case has them.
        stage: the part of the holder's volume it stands in: 设立, 变更, 备案, 迁移, 注销, 监督.
        archive_code: 档号, None while none is assigned.
        origin: the transfer by which it came from another archive.
    """

    holder: Identity
    name: Name
    project_no: str
    item: str
    item_name: str
    licence_number: str | None
    stage: str
    outcome: str
    accepted_on: date
    decided_on: date
    retention: str
    organ: str
    archive_code: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class NewPackage:
    """A package that lies in the store and passed its check.

    Attributes:
        licence: the document in it (`LicenceVersion.id`).
        proven_at: of one from another archive, the moment at which that archive's log proves that it was there.
    """

    file_no: str
    sm3: bytes
    sha256: bytes
    size: int
    path: str
    check: CheckEntry
    record: Record
    licence: str | None = None
    proven_at: datetime | None = None


class Stored(NamedTuple):
    """A package as the table has it."""

    file_no: str
    licence: str | None
    sm3: bytes
    sha256: bytes | None
    size: int
    path: str
    made_at: datetime


class Filed(NamedTuple):
    """A package of a party as the catalogue has it."""

    file_no: str
    party: str
    project_no: str
    item: str
    item_name: str
    licence_number: str | None
    archive_code: str | None
    stage: str
    outcome: str
    accepted_on: date
    decided_on: date
    retention: str
    organ: str
    origin: str | None
    moved: str | None
    size: int
    path: str
    sm3: bytes


FILED: Final = (
    "r.file_no, r.party::text, r.project_no, r.item, r.item_name, r.licence_number, r.archive_code, r.stage, "
    "r.outcome, r.accepted_on, r.decided_on, r.retention, r.organ, r.origin, r.moved, p.bytes, p.path, p.sm3"
)


def add(cursor: Any, new: NewPackage, now: datetime) -> str:
    """Enter a package as part of the caller's transaction; the number of its entry in the archive's log."""
    archive_checks.append(cursor, new.file_no, new.check, now)
    entry = archive_entries.append(
        cursor, file_no=new.file_no, sm3=new.sm3, sha256=new.sha256, size=new.size, now=now, proven_at=new.proven_at
    )
    cursor.execute(
        "insert into archive_package (file_no, licence, sm3, sha256, bytes, path, made_at, entry) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (new.file_no, new.licence, new.sm3, new.sha256, new.size, new.path, now, entry),
    )
    file(cursor, new.file_no, new.record)
    return entry


def file(cursor: Any, file_no: str, record: Record) -> str:
    """Write the catalogue's line of a package that is in the table; its party. Part of the caller's transaction."""
    party = archive_parties.hold(cursor, record.holder)
    archive_parties.name(cursor, party, record.name)
    cursor.execute(
        "insert into archive_record (file_no, party, project_no, item, item_name, licence_number, archive_code, "
        "stage, outcome, accepted_on, decided_on, retention, organ, origin) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (file_no) do nothing",
        (
            file_no, party, record.project_no, record.item, record.item_name, record.licence_number,
            record.archive_code, record.stage, record.outcome, record.accepted_on, record.decided_on,
            record.retention, record.organ, record.origin,
        ),
    )  # fmt: skip
    return party


def unfiled(connection: Connection) -> list[Stored]:
    """Packages of an earlier release, which the catalogue does not have yet; the oldest first."""
    return [_stored(row) for row in fetch_all(connection, _UNFILED)]


def by_file_no(connection: Connection, file_no: str) -> Filed | None:
    """The package of an electronic file number."""
    row = fetch_one(
        connection,
        f"select {FILED} from archive_record r join archive_package p using (file_no) where r.file_no = %s",
        (file_no,),
    )
    return filed(row) if row else None


def bearer_of(connection: Connection, archive_code: str) -> str | None:
    """Electronic file number of the package that bears a 档号."""
    row = fetch_one(connection, "select file_no from archive_record where archive_code = %s", (archive_code,))
    return str(row[0]) if row else None


def filed(row: Sequence[Any]) -> Filed:
    """One row of the columns `FILED`."""
    *values, sm3 = row
    return Filed._make([*values, bytes(sm3)])


def _stored(row: Any) -> Stored:
    file_no, licence, sm3, sha256, size, path, made_at = row
    return Stored(file_no, licence, bytes(sm3), None if sha256 is None else bytes(sha256), size, path, made_at)
