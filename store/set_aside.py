"""Rows that are not accepted, on their way into quarantine within a page's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import execute_values

from store.batches import Batch
from store.copying import array_of
from store.vault import Vault


@dataclass(frozen=True, slots=True, repr=False)
class BadRow:
    """A row that was not accepted, as received, with every reason. `key` is known where it could be read."""

    position: int
    key: bytes | None
    raw: bytes
    fields: bytes
    operation: str
    problem: str | None
    reasons: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, repr=False)
class SealedRow:
    """A bad row with its bytes sealed under its fingerprint."""

    row: BadRow
    fingerprint: bytes
    raw: bytes
    fields: bytes


def sealed(vault: Vault, resource: str, bad: Sequence[BadRow]) -> list[SealedRow]:
    """Seal the rows, within the transaction that writes them and after its `Vault.hold`."""
    made = []
    for row in bad:
        mark = vault.fingerprint(row.raw)
        made.append(SealedRow(row, mark, vault.seal(resource, mark, row.raw), vault.seal(resource, mark, row.fields)))
    return made


def put(
    cursor: Any, batch: Batch, page_sm3: bytes, bad: Sequence[SealedRow], last_good: Mapping[bytes, int], now: datetime
) -> None:
    """Quarantine the rows; one that a later row of the same page puts right is closed from the start.

    Args:
        last_good: key to the position of its last good row on the page.
    """
    entries: dict[bytes, tuple[Any, ...]] = {}
    for one in bad:
        row = one.row
        corrected = row.key is not None and last_good.get(row.key, -1) > row.position
        if one.fingerprint in entries and corrected:
            continue  # the same bytes twice on a page are one entry, open if either is
        entries[one.fingerprint] = (
            batch.resource, one.fingerprint, row.key, one.raw, one.fields, row.operation, row.problem,
            json.dumps(list(row.reasons), ensure_ascii=False), page_sm3, row.position, batch.id,
            "corrected" if corrected else "open", now, now if corrected else None,
        )  # fmt: skip
    if entries:
        execute_values(
            cursor,
            "insert into quarantine (resource, fingerprint, key, raw, fields, operation, problem, reasons, page_sm3, "
            "position, batch, state, seen_at, closed_at) values %s "
            "on conflict (resource, fingerprint) do update set state = 'open', closed_at = null "
            "where quarantine.state = 'corrected' and excluded.state = 'open'",
            list(entries.values()),
            page_size=500,
        )


def close_corrected(cursor: Any, resource: str, page_sm3: bytes, keys: Sequence[bytes], now: datetime) -> None:
    """Close open entries whose source has sent a good row under the same key on another page.

    Should that page be an old one read again, the bad row behind it comes again too and opens its entry again.
    """
    if keys:
        cursor.execute("select 1 from quarantine where resource = %s and state = 'open' limit 1", (resource,))
        if cursor.fetchone() is None:
            return
        cursor.execute(
            "update quarantine set state = 'corrected', closed_at = %s where resource = %s and state = 'open' "
            "and not doubted and key = any(%s::bytea[]) and page_sm3 <> %s",
            (now, resource, array_of(keys), page_sm3),
        )
