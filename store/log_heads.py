"""Signed heads of the logs: how large, which root, when; append-only, each naming the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from store.connection import Connection, fetch_all, transaction

_COLUMNS = "number, size, root, at, statement, signature, stamp, unstamped"


@dataclass(frozen=True, slots=True)
class StoredHead:
    """One head as it is stored.

    Attributes:
        number: from 0, without a gap.
        statement: what is signed; the columns before it repeat what it says.
        signature: detached CMS over the statement.
        stamp: RFC 3161 token over the signature; None where there is none, and `unstamped` says why.
    """

    number: int
    size: int
    root: bytes
    at: datetime
    statement: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    stamp: bytes | None = field(repr=False)
    unstamped: str | None


def add(connection: Connection, log: str, head: StoredHead) -> None:
    """Store one; its number must be the next one."""
    with transaction(connection) as cursor:
        cursor.execute(
            f"insert into log_head (log, {_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                log, head.number, head.size, head.root, head.at, head.statement, head.signature, head.stamp,
                head.unstamped,
            ),
        )  # fmt: skip


def newest(connection: Connection, log: str) -> StoredHead | None:
    """The head with the highest number."""
    return next(iter(_read(connection, "log = %s order by number desc limit 1", (log,))), None)


def numbered(connection: Connection, log: str, number: int) -> StoredHead | None:
    """One head, None where there is none of that number."""
    return next(iter(_read(connection, "log = %s and number = %s", (log, number))), None)


def of_size(connection: Connection, log: str, size: int) -> StoredHead | None:
    """The first head over so many entries."""
    return next(iter(_read(connection, "log = %s and size = %s order by number limit 1", (log, size))), None)


def covering(connection: Connection, log: str, entry: int, *, stamped: bool) -> StoredHead | None:
    """The first head, or the first with a timestamp, that covers the entry of a number."""
    where = "log = %s and size > %s" + (" and stamp is not null" if stamped else "")
    return next(iter(_read(connection, f"{where} order by number limit 1", (log, entry))), None)


def after(connection: Connection, log: str, number: int, limit: int = 500) -> list[StoredHead]:
    """The next heads behind a number, in order; -1 begins at the first."""
    return _read(connection, "log = %s and number > %s order by number limit %s", (log, number, limit))


def every(connection: Connection, log: str) -> Iterator[StoredHead]:
    """All of a log, in order; some hundred are read at once."""
    last = -1
    while found := after(connection, log, last):
        yield from found
        last = found[-1].number


def _read(connection: Connection, where: str, arguments: tuple[object, ...]) -> list[StoredHead]:
    return [
        StoredHead(
            number, size, bytes(root), at, bytes(statement), bytes(signature),
            None if stamp is None else bytes(stamp), unstamped,
        )
        for number, size, root, at, statement, signature, stamp, unstamped in fetch_all(
            connection, f"select {_COLUMNS} from log_head where {where}", arguments
        )
    ]  # fmt: skip
