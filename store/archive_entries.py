"""Entries of the archive's log 归档登记: every package that was taken in, with its digests.

The package's own digest list lies in the package, and its SM3 in a table: who can write both can swap both. An entry
of the Merkle log `archive` cannot be changed so that the log's signed heads still fit. No person is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from core.canonical import canonical
from core.clock import SHANGHAI
from core.merkle import leaf_hash
from core.uuid7 import uuid7
from store import log_bodies
from store.connection import Connection, fetch_all, transaction
from store.log_bodies import NO_ENTRY, Body, named_otherwise
from store.merkle_log import WAIT

#: Name of the log.
LOG: Final = "archive"
#: How the body is made; the first thing it says.
VERSION: Final = 1
#: Columns of a package `p` and its entry `e`, as `held` takes them.
HELD: Final = "p.file_no, p.sm3, p.sha256, p.bytes, p.path, e.id::text, e.body"
_AT_ONCE: Final = 1_000


class Holding(NamedTuple):
    """A package as the table has it, and the entry that tells of it; None where none does."""

    file_no: str
    sm3: bytes
    sha256: bytes | None
    size: int
    path: str
    entry: str | None
    body: bytes | None


def append(
    cursor: Any, *, file_no: str, sm3: bytes, sha256: bytes, size: int, now: datetime, proven_at: datetime | None = None
) -> str:
    """Write one entry as part of the caller's transaction; its number, a UUID of version 7.

    Args:
        proven_at: of a package from another archive, the moment at which that archive's log proves that it was there.
    """
    id_ = str(uuid7(now))
    body = canonical(
        {
            **({} if proven_at is None else {"proven_at": proven_at.astimezone(SHANGHAI).isoformat()}),
            "v": VERSION,
            "id": id_,
            "at": now.astimezone(SHANGHAI).isoformat(timespec="microseconds"),
            "act": "taken_in",
            "file_no": file_no,
            "sm3": sm3.hex(),
            "sha256": sha256.hex(),
            "bytes": size,
        }
    )
    cursor.execute(
        "insert into archive_entry (id, at, file_no, body) values (%s, %s, %s, %s)", (id_, now, file_no, body)
    )
    cursor.execute(WAIT, (LOG, id_, leaf_hash(body)))
    return id_


def said_in(body: bytes) -> dict[str, Any] | None:
    """What an entry says; None where it is not of the form of an entry."""
    try:
        said: dict[str, Any] = msgspec.json.decode(body)
        datetime.fromisoformat(said["at"])
        judged_as_of(said)
        fits = said["v"] == VERSION and all(isinstance(said[name], str) for name in ("id", "file_no", "sm3", "sha256"))
        return said if fits and isinstance(said["bytes"], int) else None
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return None


def judged_as_of(said: Mapping[str, Any]) -> datetime:
    """The moment as of which the seals of a package are judged: when it is proven that it was in an archive."""
    return datetime.fromisoformat(said.get("proven_at", said["at"]))


def read(connection: Connection, entries: Sequence[str]) -> dict[str, Body]:
    """Those that are there, looked at."""
    if not entries:
        return {}
    rows = fetch_all(
        connection,
        "select id::text, body, at, file_no from archive_entry where id = any(%s::uuid[])",
        (list(entries),),
    )
    return {entry: Body(bytes(body), _faults(entry, bytes(body), at, file_no)) for entry, body, at, file_no in rows}


def outside(connection: Connection, limit: int) -> Iterator[str]:
    """Entries that have no number and wait for none."""
    return log_bodies.outside(connection, LOG, "archive_entry", limit)


def of_package(connection: Connection, file_no: str) -> str | None:
    """The entry that tells of a package by its electronic file number; the last one where there are several."""
    rows = fetch_all(
        connection, "select id::text from archive_entry where file_no = %s order by id desc limit 1", (file_no,)
    )
    return str(rows[0][0]) if rows else None


def held(row: Sequence[Any]) -> Holding:
    """A row of the columns `HELD`."""
    file_no, sm3, sha256, size, path, entry, body = row
    return Holding(
        file_no, bytes(sm3), None if sha256 is None else bytes(sha256), size, path, entry,
        None if body is None else bytes(body),
    )  # fmt: skip


def holdings(connection: Connection) -> Iterator[Holding]:
    """Every package, by its number; a thousand are read at once."""
    last = ""
    while True:
        rows = fetch_all(
            connection,
            f"select {HELD} from archive_package p left join archive_entry e on e.id = p.entry where p.file_no > %s "
            "order by p.file_no limit %s",
            (last, _AT_ONCE),
        )
        yield from map(held, rows)
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1][0]


def gone(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Entries (number, electronic file number) of packages that no row is left of."""
    rows = fetch_all(
        connection,
        "select e.id::text, e.file_no from archive_entry e "
        "where not exists (select from archive_package p where p.file_no = e.file_no) limit %s",
        (limit,),
    )
    return [(row[0], row[1]) for row in rows]


def enter_older(connection: Connection, holding: Holding, *, sha256: bytes, now: datetime) -> None:
    """Give a package of an earlier release its entry; one that has it is left."""
    with transaction(connection) as cursor:
        cursor.execute("select entry from archive_package where file_no = %s for update", (holding.file_no,))
        if cursor.fetchone()[0] is not None:
            return
        entry = append(cursor, file_no=holding.file_no, sm3=holding.sm3, sha256=sha256, size=holding.size, now=now)
        cursor.execute(
            "update archive_package set entry = %s, sha256 = %s where file_no = %s", (entry, sha256, holding.file_no)
        )


def _faults(entry: str, body: bytes, at: datetime, file_no: str) -> tuple[str, ...]:
    said = said_in(body)
    if said is None:
        return (NO_ENTRY,)
    faults = named_otherwise(entry, at, said)
    if said["file_no"] != file_no:
        faults.append("the column file_no says something else than the body")
    return tuple(faults)
