"""The exchange databases of the departments that have one, in a PostgreSQL that is given.

Typed tables as the national exchange knows them, everything text but `cd_time`, and tables with a document in each
row. The reader may only read; where rows are marked consumed there is a second login that may set the marker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- a class under a lower-case name
from psycopg2.extensions import parse_dsn

_MARK = "sandbox_dataset"


class DatabaseNotOurs(Exception):
    """A database of that name exists and the sandbox did not make it; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table and its rows.

    Attributes:
        types: of the columns that are not text.
        order: the columns a reader orders by.
        marker: the column the writer may set.
    """

    name: str
    rows: Iterable[dict[str, str | None]]
    types: Mapping[str, str] = field(
        default_factory=lambda: {
            "row_guid": "text PRIMARY KEY",
            "cd_time": "timestamp NOT NULL",
            "cd_operation": "text NOT NULL",
        }
    )
    order: tuple[str, str] = ("cd_time", "row_guid")
    marker: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A role and its password."""

    name: str
    password: str = field(repr=False)


def publish(
    url: str, database: str, dataset: str, tables: list[Table], reader: Login, writer: Login | None = None
) -> dict[str, str]:
    """Make `database` hold exactly `tables`, and give the URLs of its logins: `dsn`, and `write_dsn` for a writer.

    Where the database already carries the mark `dataset` its rows are left alone, so that a restart
    inserts nothing twice and forgets no marker; with another mark its tables are made anew. Rows are read only when
    needed.

    Args:
        url: of a role that may create databases and roles.
        dataset: names these very rows.

    Raises:
        DatabaseNotOurs: the database exists without the sandbox's mark and is not empty.
        psycopg2.Error: the server refuses or does not answer.
    """
    admin = parse_dsn(url)

    def fill(cursor: Cursor) -> None:
        if _mark(cursor, database) == dataset:
            return
        for table in tables:
            _load(cursor, table, reader, writer)
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(_MARK)))
        cursor.execute(
            sql.SQL("CREATE TABLE {} AS SELECT %s::text AS dataset").format(sql.Identifier(_MARK)), (dataset,)
        )

    def prepare(cursor: Cursor) -> None:
        _role_and_database(cursor, database, reader, read_only=True)
        if writer is not None:
            _role_and_database(cursor, database, writer, read_only=False)

    _run(admin, prepare)
    _run(admin, fill, database)
    urls = {"dsn": _url_of(admin, database, reader)}
    return urls if writer is None else {**urls, "write_dsn": _url_of(admin, database, writer)}


def _run(admin: dict[str, Any], work: Callable[[Cursor], None], database: str | None = None) -> None:
    """Do `work` on the server: in one transaction of `database`, or statement by statement when that is None."""
    connection = psycopg2.connect(**{**admin, **({"dbname": database} if database else {})})
    try:
        connection.autocommit = database is None
        with connection.cursor() as cursor:
            cursor.execute("SET client_min_messages TO warning")
            work(cursor)
        if database is not None:
            connection.commit()
    finally:
        connection.close()


def _role_and_database(cursor: Cursor, database: str, login: Login, *, read_only: bool) -> None:
    role = sql.Identifier(login.name)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login.name,))
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    rights = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(sql.Literal(login.password))
    cursor.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), role, rights))
    mode = sql.SQL("on" if read_only else "off")
    cursor.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = {}").format(role, mode))
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
    if cursor.fetchone() is None:
        name = sql.Identifier(database)
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' STRATEGY wal_log").format(name))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), role))


def _mark(cursor: Cursor, database: str) -> str | None:
    """What the database holds; None when it is fresh."""
    cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
    found = cursor.fetchone()
    if not found or not found[0]:
        return None
    try:
        cursor.execute(sql.SQL("SELECT dataset FROM {}").format(sql.Identifier(_MARK)))
    except errors.UndefinedTable:
        raise DatabaseNotOurs(
            f"the database {database} exists, has {found[0]} tables and was not made by the sandbox. "
            "Nothing was changed. Rename it, or give another server with --postgres."
        ) from None
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def _load(cursor: Cursor, table: Table, reader: Login, writer: Login | None) -> None:
    rows = iter(table.rows)
    first = next(rows)
    name = sql.Identifier(table.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(table.types.get(column, "text"))) for column in first
    )
    cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
    cursor.copy_expert(sql.SQL("COPY {} FROM STDIN").format(name), _Copied(chain([first], rows)), size=1 << 16)
    order = sql.SQL(", ").join(map(sql.Identifier, table.order))
    cursor.execute(sql.SQL("CREATE INDEX ON {} ({})").format(name, order))
    cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(reader.name)))
    if writer is not None and table.marker is not None:
        rights = sql.SQL("GRANT SELECT, UPDATE ({}) ON {} TO {}")
        cursor.execute(rights.format(sql.Identifier(table.marker), name, sql.Identifier(writer.name)))


def _copy_line(row: dict[str, str | None]) -> str:
    return "\t".join("\\N" if value is None else _escaped(value) for value in row.values()) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class _Copied:
    """Rows as the byte stream COPY reads, without holding all of them."""

    def __init__(self, rows: Iterator[dict[str, str | None]]) -> None:
        self._rows = rows
        self._left = b""

    def read(self, size: int = 1 << 16, /) -> bytes:
        while len(self._left) < size and (row := next(self._rows, None)) is not None:
            self._left += _copy_line(row).encode()
        given, self._left = self._left[:size], self._left[size:]
        return given

    readline = read


def _url_of(admin: dict[str, Any], database: str, login: Login) -> str:
    host, port = admin.get("host", ""), admin.get("port", "5432")
    who = f"{quote(login.name)}:{quote(login.password)}"
    if host.startswith("/"):
        return f"postgresql://{who}@/{database}?host={quote(host, safe='')}&port={port}"
    return f"postgresql://{who}@{host}:{port}/{database}"
