"""One page into the store: records, quarantine, counts and cursor in one transaction, or none of them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.batches import Batch, Counts, move_cursor
from store.connection import Connection, transaction
from store.errors import BatchMoved
from store.vault import Vault


@dataclass(frozen=True, slots=True)
class GoodRow:
    """An accepted record under the keyed hashes of its key and of everyone it speaks of.

    `canonical` is its payload in the clear; None means the source deleted the record.
    """

    position: int
    key: bytes
    subjects: tuple[bytes, ...]
    canonical: bytes | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not accepted, as received, with every reason. `key` is known where it could be read."""

    position: int
    key: bytes | None
    raw: bytes
    fields: bytes
    operation: str
    problem: str | None
    reasons: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store holds under a key: the version to go on from, and the digest if it is current."""

    version: int
    digest: bytes | None


@dataclass(slots=True)
class _Plan:
    """The rows of a page sorted by what they do to the store."""

    write: list[tuple[GoodRow, bytes, int]]
    replace: list[bytes]
    remove: list[bytes]
    counts: Counts


def land_page(
    connection: Connection,
    vault: Vault,
    batch: Batch,
    *,
    page_sm3: bytes,
    good: Sequence[GoodRow],
    bad: Sequence[BadRow],
    expected_position: Mapping[str, Any],
    next_position: Mapping[str, Any],
    now: datetime,
) -> Counts:
    """Land one page and move the cursor behind it.

    Raises:
        BatchMoved: the cursor is not where this process read from; nothing was written.
        StoreUnavailable: the connection broke; nothing was written.
    """
    fingerprints = [vault.fingerprint(row.raw) for row in bad]
    sealed_bad = [
        (vault.seal(batch.resource, mark, row.raw), vault.seal(batch.resource, mark, row.fields))
        for row, mark in zip(bad, fingerprints, strict=True)
    ]
    latest = {row.key: row for row in good}
    digests = {key: vault.fingerprint(row.canonical) for key, row in latest.items() if row.canonical is not None}
    vault.ready(batch.resource)

    with transaction(connection) as cursor:
        _hold_batch(cursor, batch, expected_position)
        plan = _plan(latest, digests, known_keys(cursor, batch.resource, list(latest)), good, len(bad))
        apply(cursor, vault, batch, plan.write, plan.replace, plan.remove, now)
        _close_corrected(cursor, batch.resource, page_sm3, list(latest), now)
        _set_aside(cursor, batch, page_sm3, bad, fingerprints, sealed_bad, good, now)
        c = plan.counts
        cursor.execute(
            "update batch set pages = pages + 1, landed = landed + %s, inserted = inserted + %s, "
            "changed = changed + %s, unchanged = unchanged + %s, deleted = deleted + %s, "
            "overtaken = overtaken + %s, quarantined = quarantined + %s where id = %s",
            (c.landed, c.inserted, c.changed, c.unchanged, c.deleted, c.overtaken, c.quarantined, batch.id),
        )
        move_cursor(cursor, batch, next_position)
    return plan.counts


def known_keys(cursor: Any, resource: str, keys: list[bytes]) -> dict[bytes, _Known]:
    """Under which of these keys the store holds or held a record."""
    known: dict[bytes, _Known] = {}
    if keys:
        cursor.execute(
            "select key, max(version) from record_history where resource = %s and key = any(%s) group by key",
            (resource, keys),
        )
        for key, version in cursor:
            known[bytes(key)] = _Known(version, None)
        cursor.execute(
            "select distinct on (key) key, version, digest from record where resource = %s and key = any(%s)",
            (resource, keys),
        )
        for key, version, digest in cursor:
            known[bytes(key)] = _Known(version, bytes(digest))
    return known


def apply(
    cursor: Any,
    vault: Vault,
    batch: Batch,
    write: Sequence[tuple[GoodRow, bytes, int]],
    replace: Sequence[bytes],
    remove: Sequence[bytes],
    now: datetime,
) -> None:
    """Move what is replaced or removed into the history and COPY the new rows in."""
    for keys, ended_as in ((replace, "changed"), (remove, "deleted")):
        if keys:
            cursor.execute(
                "with gone as (delete from record where resource = %s and key = any(%s) returning *) "
                "insert into record_history (subject, resource, key, version, digest, payload, batch, valid_from, "
                "valid_to, ended_by, ended_as) "
                "select subject, resource, key, version, digest, payload, batch, valid_from, %s, %s, %s from gone",
                (batch.resource, list(keys), now, batch.id, ended_as),
            )
    if write:
        buffer = io.StringIO()
        moment = now.isoformat()
        for row, digest, version in write:
            payload = vault.seal(batch.resource, row.key, row.canonical or b"").hex()
            for subject in row.subjects:
                buffer.write(
                    f"\\\\x{subject.hex()}\t{batch.resource}\t\\\\x{row.key.hex()}\t{version}\t"
                    f"\\\\x{digest.hex()}\t\\\\x{payload}\t{batch.id}\t{moment}\n"
                )
        buffer.seek(0)
        cursor.copy_expert(
            "copy record (subject, resource, key, version, digest, payload, batch, valid_from) from stdin", buffer
        )


def _hold_batch(cursor: Any, batch: Batch, expected: Mapping[str, Any]) -> None:
    cursor.execute("select state from batch where id = %s for update", (batch.id,))
    row = cursor.fetchone()
    cursor.execute("select position from source_cursor where resource = %s for update", (batch.resource,))
    stored = cursor.fetchone()
    position = stored[0] if stored else {}
    if row is None or row[0] != "running" or position != json.loads(json.dumps(dict(expected))):
        raise BatchMoved(
            f"batch {batch.id} of {batch.resource} was moved by another process; this page was not written. "
            "Run the collect again: it continues where the cursor stands."
        )


def _plan(
    latest: Mapping[bytes, GoodRow],
    digests: Mapping[bytes, bytes],
    known: Mapping[bytes, _Known],
    good: Sequence[GoodRow],
    bad: int,
) -> _Plan:
    write: list[tuple[GoodRow, bytes, int]] = []
    replace: list[bytes] = []
    remove: list[bytes] = []
    unchanged = inserted = 0
    for key, row in latest.items():
        there = known.get(key)
        if row.canonical is None:
            if there is not None and there.digest is not None:
                remove.append(key)
            else:
                unchanged += 1  # deleted before we ever had it, or deleted twice
        elif there is not None and there.digest == digests[key]:
            unchanged += 1
        else:
            if there is not None and there.digest is not None:
                replace.append(key)
            else:
                inserted += 1
            write.append((row, digests[key], there.version + 1 if there else 1))
    counts = Counts(
        pages=1,
        landed=len(good) + bad,
        inserted=inserted,
        changed=len(replace),
        unchanged=unchanged,
        deleted=len(remove),
        overtaken=len(good) - len(latest),
        quarantined=bad,
    )
    return _Plan(write, replace, remove, counts)


def _set_aside(
    cursor: Any,
    batch: Batch,
    page_sm3: bytes,
    bad: Sequence[BadRow],
    fingerprints: Sequence[bytes],
    sealed: Sequence[tuple[bytes, bytes]],
    good: Sequence[GoodRow],
    now: datetime,
) -> None:
    """Quarantine the bad rows; one that a later row of the same page puts right is closed from the start."""
    last_good = {row.key: row.position for row in good}
    for row, mark, (raw, fields) in zip(bad, fingerprints, sealed, strict=True):
        corrected = row.key is not None and last_good.get(row.key, -1) > row.position
        cursor.execute(
            "insert into quarantine (resource, fingerprint, key, raw, fields, operation, problem, reasons, page_sm3, "
            "position, batch, state, seen_at, closed_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "on conflict (resource, fingerprint) do update set state = 'open', closed_at = null "
            "where quarantine.state = 'corrected' and excluded.state = 'open'",
            (
                batch.resource, mark, row.key, raw, fields, row.operation, row.problem,
                json.dumps(list(row.reasons), ensure_ascii=False), page_sm3, row.position, batch.id,
                "corrected" if corrected else "open", now, now if corrected else None,
            ),
        )  # fmt: skip


def _close_corrected(cursor: Any, resource: str, page_sm3: bytes, keys: list[bytes], now: datetime) -> None:
    """Close open entries whose source has sent a good row under the same key on another page.

    Should that page be an old one read again, the bad row behind it comes again too and opens its entry again.
    """
    if keys:
        cursor.execute(
            "update quarantine set state = 'corrected', closed_at = %s where resource = %s and state = 'open' "
            "and key = any(%s) and page_sm3 <> %s",
            (now, resource, keys, page_sm3),
        )
