"""Sources that send everything each time: what they have stopped to send has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import versions
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.copying import CopyRows, of_bigint, of_bytes, of_int, of_text

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a snapshot compares with what is held: records held, and how many of them it lacks."""

    held: int
    absent: int


#: A batch may have read several files, each of them everything; the last one counts.
_LAST_FILE = "(select file from snapshot_seen where batch = %(batch)s order by page desc limit 1)"
_LACKED = (
    f"not exists (select 1 from snapshot_seen s where s.batch = %(batch)s and s.file = {_LAST_FILE} and s.key = h.key)"
)


def note_seen(cursor: Any, batch: int, page: int, file: str, keys: Sequence[bytes]) -> None:
    """Part of a page's transaction: the snapshot has these keys; an empty one is a row whose key nobody can read."""
    rows = CopyRows("snapshot_seen", "batch", "page", "file", "key")
    number, at, name = of_bigint(batch), of_int(page), of_text(file)
    for key in keys:
        rows.add(number, at, name, of_bytes(key))
    rows.copy(cursor)


def compare(connection: Connection, resource: str, batch: int) -> Standing:
    """What ending the absent ones would do."""
    row = fetch_one(
        connection,
        f"select count(*), count(*) filter (where {_LACKED}) "
        "from record_head h where h.resource = %(resource)s and h.digest is not null",
        {"batch": batch, "resource": resource},
    )
    return Standing(0, 0) if row is None else Standing(row[0], row[1])


def unreadable(connection: Connection, batch: int) -> int:
    """How many rows of the batch were set aside without a key anybody could read."""
    row = fetch_one(
        connection,
        f"select count(*) from snapshot_seen where batch = %(batch)s and file = {_LAST_FILE} and key = ''",
        {"batch": batch},
    )
    return 0 if row is None else int(row[0])


def end_absent(connection: Connection, resource: str, batch: int, now: datetime) -> int:
    """End every record the snapshot lacks, some thousands a transaction; how many of them this call ended.

    Killed in between and called again, it ends the rest.
    """
    ended = 0
    while True:
        rows = fetch_all(
            connection,
            "select key, subjects from record_head h where resource = %(resource)s and digest is not null "
            f"and {_LACKED} limit %(most)s",
            {"resource": resource, "batch": batch, "most": _AT_ONCE},
        )
        if not rows:
            return ended
        keys = [bytes(key) for key, _ in rows]
        with transaction(connection) as cursor:
            leaving = [(bytes(key), [bytes(subject) for subject in subjects]) for key, subjects in rows]
            versions.end(cursor, resource, leaving, versions.ABSENT, batch, now)
            cursor.execute(
                "update record_head set digest = null, mark = null, subjects = '{}', batch = %s "
                "where resource = %s and key = any(%s)",
                (batch, resource, keys),
            )
            cursor.execute("update batch set absent = absent + %s where id = %s", (len(keys), batch))
        ended += len(keys)


def forget(connection: Connection, batch: int) -> None:
    """The batch is complete; what it saw is not needed any more."""
    with transaction(connection) as cursor:
        cursor.execute("delete from snapshot_seen where batch = %s", (batch,))
