"""Exchange tables asked about one citizen or company: the rows with the number, and what became of those records."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.engine import Connection

from connectors.access import BlobAccess, TableAccess
from connectors.asking import MOST_ROWS, asked, is_about, not_too_many, question_of, spellings, standing
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.exchange_rows import CONTROL, operation_of
from connectors.live import Kind
from connectors.port import RawRecord
from connectors.sql_database import SqlDatabase, named_table
from connectors.values import plain

#: Connections of one resource that stay open between two questions, and as many more under load.
KEPT: Final = 2
#: The limit of a question that gives none of its own is never reached: every question gives one. Seconds.
LONGEST_S: Final = 10.0


class TableQuestions:
    """A typed exchange table, of any make. Opened with the first question.

    Two questions: which records have the number in one of the declared columns, and what the last edition of each of
    those says. A deletion names nothing but the key, and a later edition may be somebody else's.
    """

    def __init__(self, declaration: Declaration, dsn: str) -> None:
        access = declaration.access
        if not isinstance(access, TableAccess):
            raise TypeError(f"{declaration.name} is not declared as exchange_db")
        self._declaration = declaration
        self._columns = list(dict.fromkeys([*declaration.columns, *CONTROL]))
        self._source = named_table(access.table, *self._columns)
        self._database = SqlDatabase(dsn, section=declaration.section, statement_timeout_s=LONGEST_S, kept=KEPT)

    def ask(self, kind: Kind, number: str, seconds: float) -> list[RawRecord]:
        """See `connectors.port.Askable`."""
        deadline = time.monotonic() + seconds
        names = question_of(self._declaration, kind).names(kind)
        written = spellings(kind, number)

        def read(connection: Connection) -> list[dict[str, Any]]:
            with_number = self._rows(connection, or_(*(self._source.c[name].in_(written) for name in names)))
            again = self._of_records(with_number)
            return with_number if again is None else _together(with_number, self._rows(connection, again))

        def once() -> list[RawRecord]:
            rows = self._database.answer(read, deadline)
            records = []
            for position, row in enumerate(rows):
                operation, problem = operation_of(row["cd_operation"], "cd_operation")
                records.append(RawRecord(position, row, canonical_json(row), operation, problem))
            found = standing(records, self._declaration.key)
            return [one for one in found if one.problem is not None or is_about(one.fields, names, written)]

        return asked(self._declaration.name, once)

    def close(self) -> None:
        """Close the kept connections."""
        self._database.close()

    def _of_records(self, rows: list[dict[str, Any]]) -> ColumnElement[bool] | None:
        """Every edition of the records that these rows are editions of."""
        key = self._declaration.key
        named = {tuple(row[name] for name in key) for row in rows}
        whole = [values for values in named if None not in values]
        if not whole:
            return None
        return or_(*(and_(*(self._source.c[n] == v for n, v in zip(key, values, strict=True))) for values in whole))

    def _rows(self, connection: Connection, where: ColumnElement[bool]) -> list[dict[str, Any]]:
        source = self._source
        query: Select[Any] = (
            select(*(source.c[name] for name in self._columns))
            .where(where)
            .order_by(source.c.cd_time, source.c.row_guid)
            .limit(MOST_ROWS + 1)
        )
        rows = connection.execute(query).all()
        return [dict(zip(self._columns, map(plain, row), strict=True)) for row in not_too_many(rows)]


class DocumentQuestions:
    """A table of documents: those that hold the number, whether consumed or not, and of each record the last.

    A deletion whose document does not hold the number is not seen.
    """

    def __init__(self, declaration: Declaration, dsn: str) -> None:
        access = declaration.access
        if not isinstance(access, BlobAccess):
            raise TypeError(f"{declaration.name} is not declared as exchange_blob")
        self._declaration = declaration
        self._access = access
        live = declaration.live
        names = [access.id_column, access.time_column, access.document_column, access.operation_column]
        names += [access.type_column, live.number_column if live is not None else None]
        self._source = named_table(access.table, *dict.fromkeys(name for name in names if name is not None))
        self._database = SqlDatabase(dsn, section=declaration.section, statement_timeout_s=LONGEST_S, kept=KEPT)

    def documents(self, kind: Kind, number: str, deadline: float) -> list[tuple[Any, str | None]]:
        """(document, operation) of the rows with the number, in order of their time.

        Raises:
            SourceUnavailable, SourceRefused, SourceGarbled: with a short reason.
        """
        query = self.statement(kind, number)

        def read(connection: Connection) -> list[tuple[Any, str | None]]:
            found = not_too_many(connection.execute(query).all())
            return [(row[0], None if len(row) < 2 or row[1] is None else str(row[1])) for row in found]

        return self._database.answer(read, deadline)

    def statement(self, kind: Kind, number: str) -> Select[Any]:
        """The statement of the question, for the database's own dialect."""
        access, source = self._access, self._source
        document = source.c[access.document_column]
        wanted = [document] if access.operation_column is None else [document, source.c[access.operation_column]]
        where = self._holds(kind, number)
        if access.type_column is not None:
            where = and_(where, source.c[access.type_column].in_(access.types))
        moment = source.c[access.time_column]
        return select(*wanted).where(where).order_by(moment, source.c[access.id_column]).limit(MOST_ROWS + 1)

    def close(self) -> None:
        """Close the kept connections."""
        self._database.close()

    def _holds(self, kind: Kind, number: str) -> ColumnElement[bool]:
        question = question_of(self._declaration, kind)
        written = spellings(kind, number)
        if question.number_column is not None:
            return self._source.c[question.number_column].in_(written)
        document = self._source.c[self._access.document_column]
        return or_(*(self._inside(document, one, in_bytes=question.stored == "bytes") for one in written))

    def _inside(self, document: ColumnElement[Any], text: str, *, in_bytes: bool) -> ColumnElement[bool]:
        """Whether a document holds a text; numbers are the same bytes in every encoding read here."""
        make = self._database.make
        if make == "postgresql":
            if in_bytes:
                return func.pg_catalog.position(document, literal(text.encode())) > 0
            return func.strpos(document, text) > 0
        if make == "oracle":
            return func.dbms_lob.instr(document, func.utl_raw.cast_to_raw(text) if in_bytes else text) > 0
        return func.locate(text, document) > 0


def _together(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of both, each once, in the order of the table."""
    rows = {row["row_guid"]: row for row in [*first, *second]}
    return sorted(rows.values(), key=lambda row: (datetime.fromisoformat(str(row["cd_time"])), str(row["row_guid"])))
