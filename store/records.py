"""Reading accepted records: by subject for a lookup, by resource for what is to be worked through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connection import Connection, execute_prepared, fetch_all, transaction
from store.vault import Vault


@dataclass(frozen=True, slots=True, repr=False)
class StoredRecord:
    """A current record and where it came from. `payload` is its canonical form; the repr hides it."""

    resource: str
    payload: bytes
    version: int
    batch: int
    valid_from: datetime


def of_subject(
    connection: Connection, vault: Vault, subject: bytes, resources: Sequence[str]
) -> dict[str, list[StoredRecord]]:
    """Every current record of these resources that speaks of the subject: one query, one partition."""
    with transaction(connection) as cursor:
        read = select_subject(cursor, subject, resources)
    return {resource: [row.open(vault) for row in rows] for resource, rows in read.items()}


@dataclass(frozen=True, slots=True, repr=False)
class SealedRecord:
    """A current record as it lies in the store; it is opened outside the transaction that read it, or after it."""

    resource: str
    key: bytes
    sealed: bytes
    version: int
    batch: int
    valid_from: datetime

    def open(self, vault: Vault) -> StoredRecord:
        """Unsealed; see `Vault.open_sealed` for what it raises."""
        plain = vault.open_sealed(self.resource, self.key, self.sealed)
        return StoredRecord(self.resource, plain, self.version, self.batch, self.valid_from)


def select_subject(cursor: Any, subject: bytes, resources: Sequence[str]) -> dict[str, list[SealedRecord]]:
    """Every current record of these resources that speaks of the subject; part of the caller's transaction."""
    ahead = cursor.connection.ahead
    if ahead and all(("record", subject, resource) in ahead for resource in resources):
        return {resource: ahead["record", subject, resource] for resource in resources}
    found: dict[str, list[SealedRecord]] = {resource: [] for resource in resources}
    execute_prepared(
        cursor,
        "record_of_subject",
        "select resource, key, payload, version, batch, valid_from from record "
        "where subject = $1 and resource = any($2) order by resource, key",
        ("bytea", "text[]"),
        (subject, list(resources)),
    )
    for resource, key, payload, version, batch, valid_from in cursor:
        found[resource].append(SealedRecord(resource, bytes(key), bytes(payload), version, batch, valid_from))
    return found


def every_version(connection: Connection, vault: Vault, subject: bytes, resources: Sequence[str]) -> list[StoredRecord]:
    """What these resources say of a subject and ever said: the oldest first, what they say now last."""
    columns = "resource, key, payload, version, batch, valid_from"
    rows = fetch_all(
        connection,
        f"select {columns}, 0 as now from record_history where subject = %(subject)s and resource = any(%(resources)s) "
        f"union all select {columns}, 1 from record where subject = %(subject)s and resource = any(%(resources)s) "
        "order by now, resource, key, version",
        {"subject": subject, "resources": list(resources)},
    )
    return [
        SealedRecord(resource, bytes(key), bytes(payload), version, batch, valid_from).open(vault)
        for resource, key, payload, version, batch, valid_from, _ in rows
    ]


def read_ahead(cursor: Any, wanted: Sequence[tuple[bytes, str]]) -> None:
    """Read the records of many subjects and resources at once for this transaction; see `select_subject`."""
    ahead = cursor.connection.ahead
    for subject, resource in wanted:
        ahead["record", subject, resource] = []
    execute_prepared(
        cursor,
        "records_of_subjects",
        "select r.subject, r.resource, r.key, r.payload, r.version, r.batch, r.valid_from "
        "from unnest($1, $2) as w (subject, resource) "
        "join record r on r.subject = w.subject and r.resource = w.resource order by r.key",
        ("bytea[]", "text[]"),
        ([subject for subject, _ in wanted], [resource for _, resource in wanted]),
    )
    for subject, resource, key, payload, version, batch, valid_from in cursor:
        ahead["record", bytes(subject), resource].append(
            SealedRecord(resource, bytes(key), bytes(payload), version, batch, valid_from)
        )


def of_resource(
    connection: Connection, vault: Vault, resource: str, page: int = 500, *, only: str = ""
) -> Iterator[StoredRecord]:
    """Every current record of a resource once, whatever the number of its subjects, in a stable order.

    Args:
        only: SQL that begins with `and` and asks more of `record_head h`.
    """
    after = b""
    while True:
        rows = fetch_all(
            connection,
            "select h.key, r.payload, r.version, r.batch, r.valid_from from "
            "(select resource, key, subjects[1] as subject from record_head h "
            f"where resource = %s and key > %s and digest is not null {only} order by key limit %s) h "
            "join record r on r.subject = h.subject and r.resource = h.resource and r.key = h.key order by h.key",
            (resource, after, page),
        )
        for key, payload, version, batch, valid_from in rows:
            plain = vault.open_sealed(resource, bytes(key), payload)
            yield StoredRecord(resource, plain, version, batch, valid_from)
        if len(rows) < page:
            return
        after = bytes(rows[-1][0])


def select_last_complete(cursor: Any, resources: Sequence[str]) -> dict[str, datetime]:
    """When each resource was last read to its end; one never read is absent. Part of the caller's transaction."""
    cursor.execute(
        "select resource, max(finished_at) from batch where state = 'complete' and resource = any(%s) group by 1",
        (list(resources),),
    )
    return dict(cursor.fetchall())
