"""Records of which the person they are about says that they are wrong: each an entry of the quarantine loop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connection import Connection, fetch_all, transaction
from store.copying import array_of
from store.records import SealedRecord
from store.vault import Vault


@dataclass(frozen=True, slots=True, repr=False)
class Doubt:
    """What a person doubts, and how it stands: the state of its quarantine entry."""

    entry: int
    resource: str
    field: str
    statement: str
    at: datetime
    state: str
    closed_at: datetime | None


def open_doubt(
    connection: Connection,
    vault: Vault,
    record: SealedRecord,
    *,
    subject: bytes,
    field: str,
    statement: str,
    fields: bytes,
    reasons: Sequence[Mapping[str, str]],
    now: datetime,
) -> tuple[int, bool]:
    """An entry for the record as it stands; the same doubt again is the same entry.

    Args:
        field: English name of the field that is wrong; empty for the record as a whole.
        fields: the row under the source's names, as JSON, with what the person says; it goes back to the owner.

    Returns:
        Number of the entry, and whether it is new.
    """
    resource = record.resource
    vault.ready(resource)
    mark = vault.index("doubt", resource, record.key.hex(), str(record.version), field)
    with transaction(connection) as cursor:
        vault.hold(cursor, resource)
        raw = vault.open_sealed(resource, record.key, record.sealed)
        cursor.execute(
            "insert into quarantine (resource, fingerprint, key, raw, fields, operation, reasons, page_sm3, position, "
            "batch, state, seen_at, doubted) values (%s, %s, %s, %s, %s, 'U', %s, %s, 0, %s, 'open', %s, true) "
            "on conflict (resource, fingerprint) do nothing returning id",
            (
                resource, mark, record.key, vault.seal(resource, mark, raw), vault.seal(resource, mark, fields),
                json.dumps(list(reasons), ensure_ascii=False), mark, record.batch, now,
            ),
        )  # fmt: skip
        row = cursor.fetchone()
        if row is None:
            cursor.execute("select id from quarantine where resource = %s and fingerprint = %s", (resource, mark))
            return int(cursor.fetchone()[0]), False
        cursor.execute(
            "insert into doubt (entry, subject, resource, field, statement, at) values (%s, %s, %s, %s, %s, %s)",
            (row[0], subject, resource, field, vault.seal(resource, b"statement", statement.encode()), now),
        )
    return int(row[0]), True


def close_changed(cursor: Any, resource: str, keys: Sequence[bytes], now: datetime) -> None:
    """Close the doubts about records whose owner has changed or ended them; part of the page's transaction."""
    if keys:
        cursor.execute(
            "update quarantine set state = 'corrected', closed_at = %s where resource = %s and state = 'open' "
            "and doubted and key = any(%s::bytea[])",
            (now, resource, array_of(keys)),
        )


def of_subject(connection: Connection, vault: Vault, subject: bytes) -> list[Doubt]:
    """What one person has doubted, the newest first."""
    rows = fetch_all(
        connection,
        "select d.entry, d.resource, d.field, d.statement, d.at, q.state, q.closed_at from doubt d "
        "join quarantine q on q.id = d.entry where d.subject = %s order by d.id desc",
        (subject,),
    )
    return [
        Doubt(entry, resource, field, vault.open_sealed(resource, b"statement", sealed).decode(), at, state, closed)
        for entry, resource, field, sealed, at, state, closed in rows
    ]
