"""What the tables of log entries have in common."""

from __future__ import annotations

from collections.abc import Iterator

from store.connection import Connection, fetch_all


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
