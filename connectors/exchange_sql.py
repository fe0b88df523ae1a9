"""Typed tables of a front-end exchange database that is no PostgreSQL: MySQL, MariaDB, Oracle."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from connectors.access import TableAccess
from connectors.asking import Once
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint
from connectors.exchange_rows import CONTROL, ByTableTime, KeyRange, TablePlace, exchange_rows, ranges_between
from connectors.live import Kind
from connectors.port import Cursor, RawPage, RawRecord, SourceGarbled, rows_between
from connectors.retrying import Patience, patiently
from connectors.sql_database import SqlDatabase, bound, named_table, ordered
from connectors.table_asking import TableQuestions
from connectors.values import plain


class ExchangeSqlTable(ByTableTime):
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
        self._split_by = declaration.key[0]
        self._range: KeyRange | None = None
        self._questions = Once(lambda: TableQuestions(declaration, endpoint.dsn.get_secret_value()))

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

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def split(self, cursor: Cursor, parts: int) -> tuple[Cursor, list[tuple[str | None, str | None]]]:
        """The newest row there is now, and ranges of the key's first column that hold about as many rows each."""
        place = TablePlace.read(cursor, self._name)

        def once() -> tuple[Any, list[str | None]]:
            with self._database.connection() as connection:
                newest = connection.execute(self.newest_statement(place)).first()
                found = [row[0] for row in connection.execute(self.bounds_statement(place, parts)).all()]
                bounds = [key.decode() if isinstance(key, bytes) else key for key in found]
            return newest, bounds

        newest, bounds = patiently(once, resource=self._name, kept=_kept(place), patience=self._patience)
        if newest is None:
            return cursor, []
        return TablePlace(plain(newest[0]), newest[1], place.pages).cursor(), ranges_between(bounds[1:])

    def part(self, lower: str | None, upper: str | None, until: Cursor) -> ExchangeSqlTable:
        """The same table, of which one range is read up to a place."""
        one = copy(self)
        one._range = KeyRange(lower, upper, TablePlace.read(until, self._name))
        return one

    def ask(self, kind: Kind, number: str, *, seconds: float) -> list[RawRecord]:
        """The rows of the table with this number in one of the declared columns; see `connectors.port.Askable`."""
        return self._questions.get().ask(kind, number, seconds)

    def close(self) -> None:
        """Close the connections kept for questions."""
        if (made := self._questions.made) is not None:
            made.close()

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

    def newest_statement(self, place: TablePlace) -> Select[Any]:
        """The statement that finds the last row behind a place."""
        source = self._source
        guid = ordered(self._database.make, source.c.row_guid)
        query = select(source.c.cd_time, source.c.row_guid).order_by(source.c.cd_time.desc(), guid.desc()).limit(1)
        behind = self._behind(place)
        return query if behind is None else query.where(behind)

    def bounds_statement(self, place: TablePlace, parts: int) -> Select[Any]:
        """The statement that finds the first key of each of `parts` equal shares of the rows behind a place."""
        key = ordered(self._database.make, self._source.c[self._split_by])
        query = select(key.label("k"), func.ntile(parts).over(order_by=key).label("share"))
        behind = self._behind(place)
        shares = (query if behind is None else query.where(behind)).subquery()
        return select(func.min(shares.c.k)).group_by(shares.c.share).order_by(shares.c.share)

    def _behind(self, place: TablePlace) -> ColumnElement[bool] | None:
        terms = [term for term in (self._after(place), self._within()) if term is not None]
        return and_(*terms) if terms else None

    def _within(self) -> ColumnElement[bool] | None:
        if self._range is None:
            return None
        if self._range.until.cd_time is None:
            return false()  # there was nothing when the parts were made
        make, source = self._database.make, self._source
        until = datetime.fromisoformat(self._range.until.cd_time)
        guid, key = ordered(make, source.c.row_guid), ordered(make, source.c[self._split_by])
        last = bound(make, self._range.until.row_guid)
        terms = [or_(source.c.cd_time < until, and_(source.c.cd_time == until, guid <= last))]
        if self._range.lower is not None:
            terms.append(key >= bound(make, self._range.lower))
        if self._range.upper is not None:
            under = key < bound(make, self._range.upper)
            terms.append(under if self._range.lower is not None else or_(under, source.c[self._split_by].is_(None)))
        return and_(*terms)

    def _after(self, place: TablePlace) -> ColumnElement[bool] | None:
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
