"""One psycopg2 connection and its transactions, with the driver's errors turned into ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import errorcodes, extensions

from core.errors import HubError
from store.errors import PartsCollided, StatusPlaceTaken, StoreFull, StoreNotReady, StoreUnavailable

__all__ = ["Connection", "answers", "connect", "execute_prepared", "fetch_all", "fetch_one", "transaction"]

#: SQLSTATEs with which the server ends a session: connection exceptions, and shutdown by a person or a crash.
_GONE = ("08", errorcodes.ADMIN_SHUTDOWN, errorcodes.CRASH_SHUTDOWN, errorcodes.CANNOT_CONNECT_NOW)
#: What keeps a place in the status list from being given twice.
_PLACES = "licence_version_status_index_key"


class Connection(extensions.connection):
    """A session of the server, and the statements it has planned already.

    Attributes:
        ahead: what the open transaction has read at once for many, by what it is and whose; forgotten at its end.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.prepared: set[str] = set()
        self.ahead: dict[tuple[Any, ...], Any] = {}


def connect(database_url: str) -> Connection:
    """Open a connection whose sessions speak UTC and end a statement that hangs after five minutes.

    Raises:
        StoreUnavailable: nobody answers at the address, or the server refuses the login.
        StoreNotReady: the address is not of a form the driver understands.
    """
    try:
        return psycopg2.connect(
            database_url,
            connection_factory=Connection,
            connect_timeout=10,
            application_name="yizheng-hub",
            options="-c timezone=UTC -c statement_timeout=300000 -c lock_timeout=60000 "
            "-c plan_cache_mode=force_generic_plan",
        )
    except psycopg2.OperationalError as error:
        raise StoreUnavailable(
            "the hub's database does not answer; nothing was read or written. "
            f"Is PostgreSQL running (`make serve`)? It said: {_first_line(error)}"
        ) from None
    except psycopg2.ProgrammingError:
        # the driver quotes the address, and with it perhaps a password
        raise StoreNotReady(
            "the hub's database address is no address the driver understands; nothing was read or written. "
            "Correct HUB_DATABASE_URL (postgresql://user:password@host:port/name)."
        ) from None


def answers(connection: Connection) -> bool:
    """Whether the session can still be used, tried."""
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select 1")
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not to be used again
        return False
    return True


def execute_prepared(cursor: Any, name: str, statement: str, types: Sequence[str], arguments: Sequence[Any]) -> None:
    """Run a statement the server plans once a session: for those that run thousands of times a second.

    A question to a table of sixteen partitions takes PostgreSQL 220 us to plan and 40 to answer.

    Args:
        name: the same for the same statement, and for no other.
        statement: its arguments are written $1, $2 …
        types: of the arguments, as SQL says them.
    """
    prepared: set[str] = cursor.connection.prepared
    if name not in prepared:
        cursor.execute(f"prepare {name} ({', '.join(types)}) as {statement}")
        prepared.add(name)
    cursor.execute(f"execute {name} ({', '.join([f'%s::{kind}' for kind in types])})", arguments)


@contextmanager
def transaction(connection: Connection) -> Iterator[Any]:
    """A cursor whose work is committed whole or not at all.

    Raises:
        StoreUnavailable: the connection was lost or the server could not do it now; the transaction is undone.
        PartsCollided: another part of a batch was first at one record; the transaction is undone.
        StoreFull: the database's disk has no room; the transaction is undone.
        StoreNotReady: a table is missing, so the migrations have not been run.
    """
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        # Undoing fails too where the connection is gone; the first error tells why.
        first = error.__context__ if isinstance(error.__context__, psycopg2.Error) else error
        known = _known(first)
        if known is None:
            raise
        raise known from None
    finally:
        connection.ahead.clear()


def _known(error: psycopg2.Error) -> HubError | None:
    """What a database error asks of an operator; None for a fault of the program."""
    state = error.pgcode or ""
    if state == errorcodes.UNDEFINED_TABLE:
        return StoreNotReady("the hub's tables are not in this database; run `hub migrate`")
    if isinstance(error, psycopg2.errors.UniqueViolation) and error.diag.constraint_name == "record_head_pkey":
        return PartsCollided(
            "another part of the batch wrote the same records at the same moment; nothing of this page was written. "
            "It is read again at the next try."
        )
    if isinstance(error, psycopg2.errors.UniqueViolation) and error.diag.constraint_name == _PLACES:
        return StatusPlaceTaken(
            "another document drew the same place in the status list at the same moment; nothing was written, no "
            "number was used. It draws again at the next try."
        )
    if state == errorcodes.DISK_FULL:
        return StoreFull(
            "the disk under the hub's database is full; the open transaction is undone, what was committed before "
            "stays. Make room, then run this again; it goes on where it stood (runbook: disk-full). "
            f"PostgreSQL said: {_first_line(error)}"
        )
    # A bare DatabaseError is the driver's own word for an answer that broke off, e.g. in the middle of a COPY.
    broke_off = type(error) is psycopg2.DatabaseError and not state
    passing = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    # Other inner errors are faults of ours, such as what the triggers of an append-only table say.
    inner = state.startswith("XX") or state == errorcodes.READ_ONLY_SQL_TRANSACTION
    if broke_off or passing or inner:
        gone = not state or state.startswith(_GONE)
        what = "the connection to the hub's database broke" if gone else f"the hub's database could not do it ({state})"
        return StoreUnavailable(f"{what}; the open transaction is undone: {_first_line(error)}")
    return None


def fetch_all(connection: Connection, sql: str, arguments: Any = ()) -> list[tuple[Any, ...]]:
    """All rows of one query, in a transaction of its own."""
    with transaction(connection) as cursor:
        cursor.execute(sql, arguments)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def fetch_one(connection: Connection, sql: str, arguments: Any = ()) -> tuple[Any, ...] | None:
    """The first row of one query, or None, in a transaction of its own."""
    with transaction(connection) as cursor:
        cursor.execute(sql, arguments)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _first_line(error: Exception) -> str:
    """The server's first line: further ones (DETAIL) may quote a row."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
