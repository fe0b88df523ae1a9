"""One page into the store: records, quarantine, counts and cursor in one transaction, or none of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import doubts, heads, set_aside, snapshots, versions
from store.batches import Batch, Counts, add_counts, hold, move_cursor
from store.connection import Connection, transaction
from store.errors import BatchMoved
from store.set_aside import BadRow
from store.vault import Vault
from store.versions import GoodRow, plan

__all__ = ["BadRow", "GoodRow", "land_page"]


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """Every row of a kept page.

    Attributes:
        number: of the page, counted by its adapter.
        page_sm3: of the bytes as received.
        good: in the order of the page.
        bad: in the order of the page.
        known: keys of the rows whose record stands just so already, told by their bytes alone.
        file: which file of several it is a page of; empty where there are no files.
    """

    number: int
    page_sm3: bytes
    good: Sequence[GoodRow]
    bad: Sequence[BadRow]
    known: Sequence[bytes] = ()
    file: str = ""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.good) + len(self.bad) + len(self.known)


def land_page(
    connection: Connection,
    vault: Vault,
    batch: Batch,
    page: JudgedPage,
    *,
    expected_position: Mapping[str, Any],
    next_position: Mapping[str, Any],
    now: datetime,
    new: bool = False,
) -> Counts:
    """Land one page and move the cursor behind it.

    Args:
        new: take it that no record of the page was ever there, and do not ask. Where one was, `PartsCollided` says so.

    Raises:
        BatchMoved: the cursor is not where this process read from; nothing was written.
        PartsCollided: another part of the batch was first at one record, or one is not `new`; nothing was written.
        StoreUnavailable: the connection broke; nothing was written.
    """
    vault.ready(batch.resource)
    keys = list(dict.fromkeys(row.key for row in page.good))
    with transaction(connection) as cursor:
        vault.hold(cursor, batch.resource)
        if hold(cursor, batch) != json.loads(json.dumps(dict(expected_position))):
            raise BatchMoved(
                f"batch {batch.id} of {batch.resource} was moved by another process; this page was not written. "
                "Run the collect again: it continues where the cursor stands."
            )
        # The end of a record that never was leaves nothing, so nothing would collide where it was there after all.
        if new and not any(row.canonical is None for row in page.good):
            stored = {}
        else:
            # two parts may meet at one record, whose key the source writes in two ways
            stored = heads.of_keys(cursor, batch.resource, keys, hold=batch.part is not None)
        planned = plan(page.good, stored, batch.id, vault)
        versions.write(cursor, vault, batch.resource, batch.id, planned, now)
        good_keys = [*keys, *page.known]
        set_aside.close_corrected(cursor, batch.resource, page.page_sm3, good_keys, now)
        doubts.close_changed(cursor, batch.resource, [*planned.current, *(key for key, _, _ in planned.ended)], now)
        sealed_bad = set_aside.sealed(vault, batch.resource, page.bad)
        set_aside.put(cursor, batch, page.page_sm3, sealed_bad, {row.key: row.position for row in page.good}, now)
        if batch.snapshot:
            seen = [*good_keys, *(row.key or b"" for row in page.bad)]
            snapshots.note_seen(cursor, batch.id, page.number, page.file, seen)
        counts = Counts(
            pages=1,
            landed=page.rows,
            inserted=planned.inserted,
            changed=planned.changed,
            unchanged=planned.unchanged + len(page.known),
            deleted=planned.deleted,
            quarantined=len(page.bad),
        )
        add_counts(cursor, batch, counts)
        move_cursor(cursor, batch, next_position)
    return counts
