"""Cases that ended without a document: what was not granted, and approved steps that make none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from store.connection import Connection, fetch_all, fetch_one


class Ended(NamedTuple):
    """A case that ended and has no package yet.

    Attributes:
        at: when it was settled, or its step was noted.
        licence: of which an approved step was taken; None for what was not granted.
    """

    approval: str
    at: datetime
    licence: str | None


_UNPACKED: Final = (
    "select e.approval, e.at, e.licence from ("
    "select approval, settled_at as at, null as licence, array['不予', '撤回'] as outcomes "
    "from approval_outcome where state = 'not_granted' "
    "union all select approval, at, licence::text, array['准予'] from approval_step) e "
    "where not exists (select from archive_record r where r.project_no = e.approval and r.outcome = any(e.outcomes) "
    "and r.origin is null) order by e.at, e.approval"
)


def unpacked(connection: Connection) -> list[Ended]:
    """Every such case, the one settled first before the others."""
    return [Ended(*row) for row in fetch_all(connection, _UNPACKED)]


def packed(connection: Connection) -> int:
    """How many cases that ended without a document have a package made here."""
    row = fetch_one(
        connection,
        "select count(*) from archive_record r join archive_package p using (file_no) "
        "where p.licence is null and r.origin is null",
    )
    return 0 if row is None else int(row[0])


@contextmanager
def only_packer(connection: Connection, file_no: str) -> Iterator[bool]:
    """Hold an electronic file in the making for this connection, waiting for whoever holds it; whether it still has no
    package by then. PostgreSQL lets go of it when the process dies.
    """
    key = ("packing", file_no)
    fetch_one(connection, "select pg_advisory_lock(hashtext(%s), hashtext(%s))", key)
    try:
        row = fetch_one(connection, "select exists (select from archive_package where file_no = %s)", (file_no,))
        yield row is None or not row[0]
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext(%s), hashtext(%s))", key)
