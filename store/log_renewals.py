"""Renewals of a log's timestamps: append-only, each naming the one before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from store.connection import Connection, fetch_all, transaction

_COLUMNS = "number, head, at, statement, stamp, stamp_sha256, certificates"


@dataclass(frozen=True, slots=True)
class StoredRenewal:
    """One renewal as it is stored.

    Attributes:
        number: from 0, without a gap; `head`: number of the newest head it covers.
        statement: what is stamped; the columns before it repeat what it says.
        stamp, stamp_sha256: RFC 3161 tokens over SM3 and SHA-256 of the statement; the latter None where the authority
            makes none.
        certificates: between the tokens' signers and their roots, DER.
    """

    number: int
    head: int
    at: datetime
    statement: bytes = field(repr=False)
    stamp: bytes = field(repr=False)
    stamp_sha256: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)


def add(connection: Connection, log: str, renewal: StoredRenewal) -> None:
    """Store one; its number must be the next one."""
    with transaction(connection) as cursor:
        cursor.execute(
            f"insert into log_renewal (log, {_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s::bytea[])",
            (
                log, renewal.number, renewal.head, renewal.at, renewal.statement, renewal.stamp, renewal.stamp_sha256,
                list(renewal.certificates),
            ),
        )  # fmt: skip


def every(connection: Connection, log: str) -> list[StoredRenewal]:
    """All of a log, in order; there are few a year."""
    rows = fetch_all(connection, f"select {_COLUMNS} from log_renewal where log = %s order by number", (log,))
    return [
        StoredRenewal(
            number, head, at, bytes(statement), bytes(stamp), None if sha256 is None else bytes(sha256),
            tuple(map(bytes, certificates)),
        )
        for number, head, at, statement, stamp, sha256, certificates in rows
    ]  # fmt: skip


def newest(connection: Connection, log: str) -> StoredRenewal | None:
    """The one with the highest number."""
    found = every(connection, log)
    return found[-1] if found else None
