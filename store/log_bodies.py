"""What the tables of log entries have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from store.connection import Connection, fetch_all

#: Said of a body that is of another form than its log's.
NO_ENTRY: Final = "its body is not of the form of an entry"


class Body(NamedTuple):
    """What stands under an entry: the bytes its leaf is of, and what columns beside them say otherwise."""

    body: bytes
    faults: tuple[str, ...] = ()


def named_otherwise(entry: str, at: datetime, said: Mapping[str, Any]) -> list[str]:
    """What number and time beside a body do not agree with in it."""
    faults = []
    if said["id"] != entry:
        faults.append("its body bears the number of another entry")
    if datetime.fromisoformat(said["at"]) != at:
        faults.append("the column at says something else than the body")
    return faults


def outside(connection: Connection, log: str, table: str, limit: int) -> Iterator[str]:
    """Entries of a table that have no number in their log and wait for none."""
    yield from (
        row[0]
        for row in fetch_all(
            connection,
            f"select e.id::text from {table} e "
            "where not exists (select from log_leaf l where l.log = %(log)s and l.entry = e.id) "
            "and not exists (select from log_waiting w where w.log = %(log)s and w.entry = e.id) limit %(limit)s",
            {"log": log, "limit": limit},
        )
    )
