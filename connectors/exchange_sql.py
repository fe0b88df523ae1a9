"""Typed tables of a front-end exchange database that is no PostgreSQL: MySQL, MariaDB, Oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from connectors.access import TableAccess
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint
from connectors.exchange_rows import CONTROL, TablePlace, exchange_rows
from connectors.port import Cursor, RawPage, RawRecord, SourceGarbled
from connectors.retrying import Patience, patiently
from connectors.sql_database import SqlDatabase, bound, named_table, ordered
from connectors.values import plain


class ExchangeSqlTable:
    """One typed exchange table in MySQL, MariaDB or Oracle, read through a keyset as PostgreSQL's is.

    Publisher:  the department of the declaration, through its front-end exchange database
    Access:     a read-only login by SQLAlchemy URL; each page is one short read-only transaction
    Freshness:  rows appear with their cd_time; cd_operation D says a record is withdrawn
    Caveats:    a row committed late with an older cd_time is found only by reading again from the empty
                cursor; columns the declaration does not name are not asked for; text comes as the server
                turns it into Unicode, so a column whose declared character set is wrong comes garbled;
                against Oracle only the SQL itself has been tested, not a server
    """

    def __init__(
        self, declaration: Declaration, endpoint: DatabaseEndpoint, *, patience: Patience | None = None
    ) -> None:
        access = declaration.access
        if not isinstance(access, TableAccess):
            raise TypeError(f"{declaration.name} is not declared as exchange_db")
        self._name = declaration.name
        self._access = access
        self._columns = [*declaration.columns, *(name for name in CONTROL if name not in declaration.columns)]
        self._source = named_table(access.table, *self._columns)
        self._database = SqlDatabase(
            endpoint.dsn.get_secret_value(),
            section=declaration.section,
            statement_timeout_s=access.statement_timeout_s,
        )
        self._patience = patience or Patience()

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of canonical JSON: a list of row objects under the declared column names."""
        place = TablePlace.read(cursor, self._name)
        while True:
            rows = self._rows(place)
            if not rows:
                return
            last = rows[-1]
            if not isinstance(last["cd_time"], str) or not isinstance(last["row_guid"], str):
                raise SourceGarbled(f"{self._name}: a row without cd_time or row_guid; both are NOT NULL by contract.")
            place = TablePlace(last["cd_time"], last["row_guid"], place.pages + 1)
            yield RawPage(
                number=place.pages,
                body=canonical_json(rows),
                next_cursor=place.cursor(),
                context={"resource": self._name, "encoding": "UTF-8", "table": self._access.table},
                declared_rows=len(rows),
            )
            if len(rows) < self._access.page_size:
                return

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the page with the operation their cd_operation names."""
        return exchange_rows(self._name, page)

    def count(self, cursor: Cursor) -> int:
        """Rows behind `cursor`, counted by the database."""
        place = TablePlace.read(cursor, self._name)
        query = self.count_statement(place)

        def once() -> int:
            with self._database.connection() as connection:
                return int(connection.execute(query).scalar_one())

        return patiently(once, resource=self._name, kept=_kept(place), patience=self._patience)

    def acknowledge(self, cursor: Cursor) -> None:
        """Nothing: the table is read-only and keeps no marker."""

    def page_statement(self, place: TablePlace) -> Select[Any]:
        """The statement of one page, for the database's own dialect."""
        source = self._source
        guid = ordered(self._database.make, source.c.row_guid)
        query = select(*(source.c[name] for name in self._columns)).order_by(source.c.cd_time, guid)
        behind = self._behind(place)
        return (query if behind is None else query.where(behind)).limit(self._access.page_size)

    def count_statement(self, place: TablePlace) -> Select[Any]:
        """The statement that counts the rows behind a place."""
        query = select(func.count()).select_from(self._source)
        behind = self._behind(place)
        return query if behind is None else query.where(behind)

    def _behind(self, place: TablePlace) -> ColumnElement[bool] | None:
        if place.cd_time is None:
            return None
        source = self._source
        make, moment = self._database.make, datetime.fromisoformat(place.cd_time)
        guid = ordered(make, source.c.row_guid)
        # Spelt out: Oracle compares no row values, and MySQL uses no index for them.
        return and_(
            source.c.cd_time >= moment,
            or_(source.c.cd_time > moment, and_(source.c.cd_time == moment, guid > bound(make, place.row_guid))),
        )

    def _rows(self, place: TablePlace) -> list[dict[str, Any]]:
        query = self.page_statement(place)

        def once() -> list[dict[str, Any]]:
            with self._database.connection() as connection:
                return [
                    dict(zip(self._columns, map(plain, row), strict=True)) for row in connection.execute(query).all()
                ]

        return patiently(once, resource=self._name, kept=_kept(place), patience=self._patience)


def _kept(place: TablePlace) -> str:
    return f"{place.pages} pages are kept; page {place.pages + 1} is next"
