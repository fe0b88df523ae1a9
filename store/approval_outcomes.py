"""How each approval stands: issued, waiting and for what, not granted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from store import records
from store.connection import Connection, fetch_all, transaction
from store.records import StoredRecord
from store.vault import Vault


def settle(
    connection: Connection,
    approval: str,
    *,
    subject: bytes,
    item: str,
    state: str,
    missing: list[dict[str, str]],
    now: datetime,
    result_version: int | None = None,
) -> None:
    """Note how an approval stands; the same standing again writes nothing.

    Args:
        subject: keyed hash of the approval, as its result stands under it.
        result_version: version of the result it was judged by.
    """
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into approval_outcome as o (approval, subject, item, state, missing, settled_at, result_version) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (approval) do update "
            "set subject = excluded.subject, item = excluded.item, state = excluded.state, "
            "missing = excluded.missing, settled_at = excluded.settled_at, result_version = excluded.result_version "
            "where (o.subject, o.state, o.missing, o.item, o.result_version) is distinct from "
            "(excluded.subject, excluded.state, excluded.missing, excluded.item, excluded.result_version)",
            (approval, subject, item, state, json.dumps(missing, ensure_ascii=False), now, result_version),
        )


def issued(connection: Connection) -> list[str]:
    """Every approval that has what it led to, in order."""
    rows = fetch_all(connection, "select approval from approval_outcome where state = 'issued' order by approval")
    return [row[0] for row in rows]


def states(connection: Connection, approvals: Sequence[str]) -> dict[str, str]:
    """How these approvals stand; one that nobody has looked at is absent."""
    rows = fetch_all(
        connection, "select approval, state from approval_outcome where approval = any(%s)", (list(approvals),)
    )
    return dict(rows)


def unsettled(connection: Connection, vault: Vault, resource: str, page: int = 500) -> Iterator[StoredRecord]:
    """Results that still need work: of approvals nobody has looked at, those that wait, and refused ones whose result
    has changed since. What is issued is not read again.

    Args:
        resource: in which the results lie.
    """
    return records.of_resource(
        connection,
        vault,
        resource,
        page,
        only="and not exists (select from approval_outcome o where o.subject = h.subjects[1] "
        "and (o.state = 'issued' or (o.state = 'not_granted' and o.result_version = h.version)))",
    )
