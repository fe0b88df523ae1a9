"""Rows that were not accepted: listed, shown, retried, released and dismissed. None is ever deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import heads, versions
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import NotInStore
from store.vault import Vault
from store.versions import GoodRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One quarantined row without its content; a doubted one is a record that stands, see `store.doubts`."""

    id: int
    resource: str
    state: str
    reasons: tuple[dict[str, str], ...]
    position: int
    page_sm3: bytes
    batch: int
    seen_at: datetime
    closed_at: datetime | None
    doubted: bool


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What a quarantined row holds, opened. Its repr shows nothing of it."""

    raw: bytes
    fields: bytes
    operation: str
    problem: str | None


_COLUMNS = "id, resource, state, reasons, position, page_sm3, batch, seen_at, closed_at, doubted"


def list_entries(
    connection: Connection, *, resource: str | None = None, state: str | None = "open", limit: int = 1000
) -> list[Entry]:
    """Entries in the order they were set aside; `None` means any resource or any state."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from quarantine where (%(resource)s is null or resource = %(resource)s) "
        "and (%(state)s is null or state = %(state)s) order by id limit %(limit)s",
        {"resource": resource, "state": state, "limit": limit},
    )
    return [_entry(row) for row in rows]


def get_entry(connection: Connection, entry_id: int) -> Entry:
    """One entry.

    Raises:
        NotInStore: there is no such entry.
    """
    row = fetch_one(connection, f"select {_COLUMNS} from quarantine where id = %s", (entry_id,))
    if row is None:
        raise NotInStore(f"there is no quarantine entry {entry_id}; `hub quarantine list` shows those there are")
    return _entry(row)


def open_content(connection: Connection, vault: Vault, entry_id: int) -> Content:
    """The row as received.

    Raises:
        NotInStore: there is no such entry.
    """
    row = fetch_one(
        connection,
        "select resource, fingerprint, raw, fields, operation, problem from quarantine where id = %s",
        (entry_id,),
    )
    if row is None:
        raise NotInStore(f"there is no quarantine entry {entry_id}; `hub quarantine list` shows those there are")
    resource, mark = row[0], bytes(row[1])
    return Content(
        raw=vault.open_sealed(resource, mark, row[2]),
        fields=vault.open_sealed(resource, mark, row[3]),
        operation=row[4],
        problem=row[5],
    )


def judged_otherwise(connection: Connection, edition: str, *, after: int = 0, limit: int = 1000) -> list[Entry]:
    """Open entries that another edition of the schemas judged last, or an unknown one; those behind number `after`."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from quarantine where state = 'open' and not doubted "
        "and judged_by is distinct from %s and id > %s order by id limit %s",
        (edition, after, limit),
    )
    return [_entry(row) for row in rows]


def note_try(connection: Connection, entry_id: int, edition: str, now: datetime) -> None:
    """Count a retry, before anything comes of it."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update quarantine set retries = retries + 1, retried_at = %s, judged_by = %s where id = %s",
            (now, edition, entry_id),
        )


def note_reasons(
    connection: Connection, entry_id: int, reasons: Sequence[Mapping[str, str]], key: bytes | None
) -> None:
    """What a retry that refused again found: its reasons, and the key where only now one can be read."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update quarantine set reasons = %s, key = coalesce(key, %s) where id = %s and state = 'open'",
            (json.dumps(list(reasons), ensure_ascii=False), key, entry_id),
        )


def dismiss(cursor: Any, entry_id: int, now: datetime) -> bool:
    """Close an open entry because a person gave it up; False when it is not open. Part of the act's transaction."""
    cursor.execute(
        "update quarantine set state = 'dismissed', closed_at = %s where id = %s and state = 'open'", (now, entry_id)
    )
    return bool(cursor.rowcount)


def release(connection: Connection, vault: Vault, entry: Entry, good: GoodRow, now: datetime) -> str:
    """Accept a row that judging finds good now; returns what it did: inserted, changed, deleted, kept or already.

    A record that a later batch brought under the same key is newer and stays ("kept").
    """
    vault.ready(entry.resource)
    with transaction(connection) as cursor:
        vault.hold(cursor, entry.resource)
        cursor.execute("select state from quarantine where id = %s for update", (entry.id,))
        if cursor.fetchone()[0] != "open":
            return "already"
        outcome = _take(cursor, vault, entry, good, now)
        cursor.execute("update quarantine set state = 'released', closed_at = %s where id = %s", (now, entry.id))
    return outcome


def _take(cursor: Any, vault: Vault, entry: Entry, good: GoodRow, now: datetime) -> str:
    stored = heads.of_keys(cursor, entry.resource, [good.key])
    head = stored.get(good.key)
    # What came after the entry is newer, and so is the end of a record: neither is undone by an old row.
    if head is not None and (head.digest is None or head.batch > entry.batch):
        return "kept"
    plan = versions.plan([good], stored, entry.batch, vault)
    versions.write(cursor, vault, entry.resource, entry.batch, plan, now)
    done = {"inserted": plan.inserted, "changed": plan.changed, "deleted": plan.deleted}
    return next((name for name, count in done.items() if count), "kept")


def counts_by_reason(connection: Connection, resource: str | None = None) -> list[tuple[str, str, int]]:
    """Open entries per resource and reason code; an entry with two reasons counts under both."""
    rows = fetch_all(
        connection,
        "select resource, reason ->> 'code', count(distinct id) from quarantine, jsonb_array_elements(reasons) reason "
        "where state = 'open' and (%(resource)s is null or resource = %(resource)s) "
        "group by 1, 2 order by 1, 3 desc, 2",
        {"resource": resource},
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(row[0], row[1], row[2], tuple(row[3]), row[4], bytes(row[5]), row[6], row[7], row[8], row[9])
