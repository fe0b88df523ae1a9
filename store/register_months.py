"""Months of the licence register that were published; each once and for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection, fetch_all, fetch_one, transaction
from store.log_heads import StoredHead
from store.register_entries import LOG

_COLUMNS = "month, head, entries, document_sm3, head_sm3, published_at"


@dataclass(frozen=True, slots=True)
class PublishedMonth:
    """A month as it was published.

    Attributes:
        month: `2026-11`.
        head: number of the signed head; `entries`: how many it covers.
        document_sm3: of the sealed notice; `head_sm3` of the file with the head.
    """

    month: str
    head: int
    entries: int
    document_sm3: bytes
    head_sm3: bytes
    published_at: datetime


def every(connection: Connection) -> list[PublishedMonth]:
    """All of them, the newest first."""
    return [_read(*row) for row in fetch_all(connection, f"select {_COLUMNS} from register_month order by month desc")]


def of(connection: Connection, month: str) -> PublishedMonth | None:
    """One month, None while it is not published."""
    row = fetch_one(connection, f"select {_COLUMNS} from register_month where month = %s", (month,))
    return _read(*row) if row else None


def first_head_since(connection: Connection, moment: datetime) -> int | None:
    """Number of the first head of the register that was made at a moment or later; None where there is none."""
    row = fetch_one(
        connection, "select number from log_head where log = %s and at >= %s order by number limit 1", (LOG, moment)
    )
    return int(row[0]) if row else None


def record(
    connection: Connection, month: str, head: StoredHead, *, document_sm3: bytes, head_sm3: bytes, use: int,
    timestamped: bool, now: datetime,
) -> None:  # fmt: skip
    """The files are on disk: note the month, and settle the use of the seal, in one transaction."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update seal_use set outcome = 'sealed', settled_at = %s, document_sm3 = %s, timestamped = %s "
            "where id = %s",
            (now, document_sm3, timestamped, use),
        )
        cursor.execute(
            f"insert into register_month ({_COLUMNS}, seal_use) values (%s, %s, %s, %s, %s, %s, %s)",
            (month, head.number, head.size, document_sm3, head_sm3, now, use),
        )


def _read(month: str, head: int, entries: int, document: bytes, head_sm3: bytes, at: datetime) -> PublishedMonth:
    return PublishedMonth(month, head, entries, bytes(document), bytes(head_sm3), at)
