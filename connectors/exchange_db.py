"""Typed tables of a front-end exchange database (前置机): what is new is what lies behind (cd_time, row_guid)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any, TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

from connectors.access import TableAccess
from connectors.asking import Once
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint
from connectors.exchange_rows import CONTROL, ByTableTime, KeyRange, TablePlace, exchange_rows, ranges_between
from connectors.live import Kind
from connectors.port import Cursor, RawPage, RawRecord, SourceGarbled, SourceRefused, SourceUnavailable, rows_between
from connectors.retrying import Patience, patiently
from connectors.table_asking import TableQuestions
from connectors.values import plain

T = TypeVar("T")

#: SQLSTATE classes that mean "again": connection, serialisation, resources, operator, system, internal.
_PASSING = ("08", "40", "53", "55", "57", "58", "XX")

#: What PostgreSQL says while connecting carries no SQLSTATE; these words of its messages mean "no".
_NO = ("authentication failed", "no pg_hba.conf entry", "does not exist", "is not permitted to log in")


class ExchangeTable(ByTableTime):
    """One typed exchange table, read through a keyset so that each page is one index range.

    Publisher:  the department of the declaration, through its front-end exchange database
    Access:     PostgreSQL with a read-only login; each page is one short READ ONLY transaction
    Freshness:  rows appear with their cd_time; cd_operation D says a record is withdrawn
    Caveats:    a row committed late with an older cd_time is found only by reading again from the empty
                cursor; columns the declaration does not name are not asked for
    """

    def __init__(
        self, declaration: Declaration, endpoint: DatabaseEndpoint, *, patience: Patience | None = None
    ) -> None:
        access = declaration.access
        if not isinstance(access, TableAccess):
            raise TypeError(f"{declaration.name} is not declared as exchange_db")
        self._name = declaration.name
        self._access = access
        self._dsn = endpoint.dsn
        self._columns = [*declaration.columns, *(name for name in CONTROL if name not in declaration.columns)]
        self._patience = patience or Patience()
        self._split_by = declaration.key[0]
        self._range: KeyRange | None = None
        self._questions = Once(lambda: TableQuestions(declaration, endpoint.dsn.get_secret_value()))
        self._kept: connection | None = None

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of canonical JSON: a list of row objects under the table's own column names."""
        place = TablePlace.read(cursor, self._name)
        size = self._access.page_size
        while True:
            rows = self._ask(place, self._rows)
            if not rows:
                return
            last = rows[-1]
            place = TablePlace(last["cd_time"], last["row_guid"], place.pages + 1)
            yield RawPage(
                number=place.pages,
                body=canonical_json(rows),
                next_cursor=place.cursor(),
                context={"resource": self._name, "encoding": "UTF-8", "table": self._access.table},
                declared_rows=len(rows),
            )
            if len(rows) < size:
                return

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the page with the operation their cd_operation names."""
        return exchange_rows(self._name, page)

    def count(self, cursor: Cursor) -> int:
        """Rows behind `cursor`, counted by the database."""
        return self._ask(TablePlace.read(cursor, self._name), self._counted)

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def split(self, cursor: Cursor, parts: int) -> tuple[Cursor, list[tuple[str | None, str | None]]]:
        """The newest row there is now, and ranges of the key's first column that hold about as many rows each."""
        place = TablePlace.read(cursor, self._name)

        def plan(database: connection, place: TablePlace) -> tuple[Any, list[str | None]]:
            where, values = self._where(place)
            column = sql.Identifier(self._split_by)
            with database.cursor() as asking:
                self._prepare(asking)
                asking.execute(
                    sql.SQL("SELECT cd_time, row_guid FROM {} {} ORDER BY 1 DESC, 2 DESC LIMIT 1").format(
                        self._table(), where
                    ),
                    values,
                )
                newest = asking.fetchone()
                shares = [part / parts for part in range(1, parts)]
                asking.execute(
                    sql.SQL("SELECT percentile_disc(%s::float[]) WITHIN GROUP (ORDER BY {}) FROM {} {}").format(
                        column, self._table(), where
                    ),
                    (shares, *values),
                )
                found = asking.fetchone()
            return newest, list(found[0] or []) if found and shares else []

        newest, bounds = self._ask(place, plan)
        if newest is None:
            return cursor, []
        until = TablePlace(plain(newest[0]), newest[1], place.pages)
        return until.cursor(), ranges_between(bounds)

    def part(self, lower: str | None, upper: str | None, until: Cursor) -> ExchangeTable:
        """The same table, of which one range is read up to a place."""
        one = copy(self)
        one._range = KeyRange(lower, upper, TablePlace.read(until, self._name))
        return one

    def ask(self, kind: Kind, number: str, *, seconds: float) -> list[RawRecord]:
        """The rows of the table with this number in one of the declared columns; see `connectors.port.Askable`."""
        return self._questions.get().ask(kind, number, seconds)

    def behind(self, cursor: Cursor, *, at_most: int) -> int:
        """Rows behind `cursor`, at most so many counted; see `connectors.port.Watchable`."""
        place = TablePlace.read(cursor, self._name)
        where, values = self._where(place)
        query = sql.SQL("SELECT count(*) FROM (SELECT FROM {} {} LIMIT {}) AS counted").format(
            self._table(), where, sql.Literal(at_most)
        )
        try:
            if self._kept is None:
                self._kept = _Reading(self._dsn.get_secret_value()).connection
            with self._kept, self._kept.cursor() as asking:
                self._prepare(asking)
                asking.execute(query, values)
                row = asking.fetchone()
        except psycopg2.Error as error:
            self._forget()
            meaning = _meaning(error)
            raise type(meaning)(f"{self._name}: {meaning.message}") from None
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the connections kept for questions."""
        self._forget()
        if (made := self._questions.made) is not None:
            made.close()

    def _forget(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def acknowledge(self, cursor: Cursor) -> None:
        """Nothing: the table is read-only and keeps no marker."""

    def _ask(self, place: TablePlace, question: Callable[[connection, TablePlace], T]) -> T:
        """Answer `question` in a connection of its own: the reader may take minutes between two pages."""

        def once() -> T:
            try:
                with _Reading(self._dsn.get_secret_value()) as database:
                    return question(database, place)
            except psycopg2.Error as error:
                raise _meaning(error) from None

        kept = f"{place.pages} pages are kept; page {place.pages + 1} is next"
        return patiently(once, resource=self._name, kept=kept, patience=self._patience)

    def _rows(self, database: connection, place: TablePlace) -> list[dict[str, Any]]:
        where, values = self._where(place)
        query = sql.SQL("SELECT {columns} FROM {table} {where} ORDER BY cd_time, row_guid LIMIT {size}").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, self._columns)),
            table=self._table(),
            where=where,
            size=sql.Literal(self._access.page_size),
        )
        with database.cursor() as cursor:
            self._prepare(cursor)
            cursor.execute(query, values)
            rows = cursor.fetchall()
        return [dict(zip(self._columns, map(plain, row), strict=True)) for row in rows]

    def _where(self, place: TablePlace) -> tuple[sql.Composable, tuple[str, ...]]:
        """Behind the place, and within the part where only one is read."""
        terms: list[sql.Composable] = []
        values: list[str] = []

        def term(text: str, *said: str | None) -> None:
            terms.append(sql.SQL(text).format(sql.Identifier(self._split_by)))
            values.extend(str(value) for value in said)

        if place.cd_time is not None:
            term("(cd_time, row_guid) > (%s::timestamp, %s)", place.cd_time, place.row_guid)
        if self._range is not None:
            term("(cd_time, row_guid) <= (%s::timestamp, %s)", self._range.until.cd_time, self._range.until.row_guid)
            if self._range.lower is not None:
                term("{} >= %s", self._range.lower)
            if self._range.upper is not None:
                without = "" if self._range.lower is not None else " OR {} IS NULL"
                term(f"({{}} < %s{without})".replace("{}", "{0}"), self._range.upper)
        if not terms:
            return sql.SQL(""), ()
        return sql.SQL("WHERE ") + sql.SQL(" AND ").join(terms), tuple(values)

    def _counted(self, database: connection, place: TablePlace) -> int:
        where, values = self._where(place)
        with database.cursor() as cursor:
            self._prepare(cursor)
            cursor.execute(sql.SQL("SELECT count(*) FROM {} {}").format(self._table(), where), values)
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def _prepare(self, cursor: Any) -> None:
        # SET LOCAL rather than connection options: a connection pooler in between would refuse those.
        cursor.execute("SET LOCAL statement_timeout = %s", (int(self._access.statement_timeout_s * 1000),))
        cursor.execute("SET LOCAL timezone = 'Asia/Shanghai'")

    def _table(self) -> sql.Composable:
        return sql.Identifier(*self._access.table.split("."))


class _Reading:
    """A connection that can only read and is closed at the end, whatever happened."""

    def __init__(self, dsn: str) -> None:
        # The statement timeout is the server's; the last one notices a server that is no longer there.
        self.connection: connection = psycopg2.connect(
            dsn, connect_timeout=10, application_name="yizheng-hub", tcp_user_timeout=60_000
        )
        self.connection.set_session(readonly=True)
        self.connection.set_client_encoding("UTF8")

    def __enter__(self) -> connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _meaning(error: psycopg2.Error) -> SourceUnavailable | SourceRefused | SourceGarbled:
    """What a database error asks of us; the server's own words stay out, they may quote a row."""
    state = error.pgcode or ""
    if isinstance(error, psycopg2.errors.QueryCanceled):
        return SourceUnavailable("the exchange database did not answer within the statement timeout")
    if not state:
        if any(words in str(error) for words in _NO):
            return SourceRefused(
                "the exchange database refuses our login. Check the dsn in the sources file and the role with the "
                "department."
            )
        return SourceUnavailable("no connection to the exchange database, or it was dropped")
    if state.startswith(_PASSING):
        return SourceUnavailable(f"the exchange database reports a passing failure (SQLSTATE {state})")
    if state.startswith("22"):
        return SourceGarbled(f"the exchange database cannot give a value of the page (SQLSTATE {state})")
    return SourceRefused(
        f"the exchange database refuses the query (SQLSTATE {state}). Check that the table has the declared columns "
        "and that our role may read it."
    )
