"""Exchange tables whose row holds one record as a document, and whose rows are marked consumed.

What is new is what bears no marker, so a row that is committed late is found like any other. The marker is
set by `acknowledge`, after the page is durable here: a crash before it brings the page again (which changes
nothing), and none can lose it. A row its department rewrites in between is not marked, for its new content
has not been read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, insert, not_, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import TableClause

from connectors.access import BlobAccess
from connectors.asking import Once, asked, is_about, question_of, spellings, standing
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint, SourceNotConfigured
from connectors.exchange_rows import operation_of
from connectors.live import Kind
from connectors.port import Cursor, CursorRefused, Operation, RawPage, RawRecord, SourceGarbled
from connectors.retrying import Patience, patiently
from connectors.sql_database import SqlDatabase, bound, named_table, ordered
from connectors.table_asking import DocumentQuestions
from connectors.xml_rows import XmlUnfit, decoded, fields_of, parse

#: A page ends early once its documents are this large together; bytes.
_LARGEST_PAGE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind which row the pass stands (`id` None: at its beginning), and what the last page handed out.

    `pending` are (id, mark) of the rows whose marker may not be set yet.
    """

    id: str | None = None
    time: str | None = None
    is_moment: bool = False
    pending: tuple[tuple[str, str], ...] = ()
    pages: int = 0

    @classmethod
    def read(cls, cursor: Cursor, resource: str) -> _Place:
        if not cursor:
            return cls()
        try:
            place = cls(
                cursor["id"],
                cursor["time"],
                bool(cursor["is_moment"]),
                tuple((str(key), str(mark)) for key, mark in cursor["pending"]),
                int(cursor["pages"]),
            )
            if place.is_moment and place.time is not None:
                datetime.fromisoformat(place.time)
        except (KeyError, TypeError, ValueError):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of a table with consumed markers. Nothing was read; "
                "set it to {} to read everything that bears no marker (rows already held change nothing)."
            ) from None
        return place

    def cursor(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "time": self.time,
            "is_moment": self.is_moment,
            "pending": [list(pair) for pair in self.pending],
            "pages": self.pages,
        }


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    time: Any
    operation: str | None
    document: bytes
    was_text: bool

    def as_json(self) -> dict[str, Any]:
        shown = self.document.decode() if self.was_text else base64.b64encode(self.document).decode("ascii")
        return {"id": self.id, "operation": self.operation, "text" if self.was_text else "base64": shown}


class ExchangeBlob:
    """One resource of an exchange table with documents in its rows.

    Publisher:  the department of the declaration, through its front-end exchange database
    Access:     a login that reads (`dsn`) and one that may set the marker (`write_dsn`); short transactions
    Freshness:  rows appear without a marker; the operation column says I, U or D where it is declared
    Caveats:    a row is marked only once its page is durable here and only while its content is the one read;
                a document that is not well-formed goes to quarantine alone; documents are handed over as they
                are, in UTF-8 or GB18030; against Oracle only the SQL itself has been tested, not a server
    """

    def __init__(
        self, declaration: Declaration, endpoint: DatabaseEndpoint, *, patience: Patience | None = None
    ) -> None:
        access = declaration.access
        if not isinstance(access, BlobAccess):
            raise TypeError(f"{declaration.name} is not declared as exchange_blob")
        if endpoint.write_dsn is None:
            raise SourceNotConfigured(
                f"{declaration.name}: section [{declaration.section}] of the sources file has no `write_dsn`. "
                "Add the login that may set the consumed marker; without it every run would read everything again."
            )
        section, timeout = declaration.section, access.statement_timeout_s
        self._name = declaration.name
        self._declaration = declaration
        self._access = access
        self._reading = SqlDatabase(endpoint.dsn.get_secret_value(), section=section, statement_timeout_s=timeout)
        self._writing = SqlDatabase(
            endpoint.write_dsn.get_secret_value(), section=section, statement_timeout_s=timeout, writes=True
        )
        marker = access.marker
        names = [access.id_column, access.time_column, access.document_column, access.operation_column]
        names += [access.type_column, marker.state_column]
        self._source = named_table(access.table, *dict.fromkeys(name for name in names if name is not None))
        # Marks lie in our database in clear: keyed, so that they tell nothing of a document.
        self._key = endpoint.write_dsn.get_secret_value().encode()
        self._patience = patience or Patience()
        self._questions = Once(lambda: DocumentQuestions(declaration, endpoint.dsn.get_secret_value()))

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of canonical JSON: rows with id, operation and the document as text or base64."""
        place = _Place.read(cursor, self._name)
        handed_out = frozenset(place.pending)
        while True:
            rows, last = self._rows(place)
            if not rows:
                return
            fresh = [row for row in rows if (row.id, self._mark(row.document)) not in handed_out]
            end = rows[-1]
            if last:
                behind = _Place(pages=place.pages)
            else:
                moment = isinstance(end.time, datetime)
                said = None if end.time is None else end.time.isoformat() if moment else str(end.time)
                behind = _Place(end.id, said, moment, pages=place.pages)
            if fresh:
                pending = tuple((row.id, self._mark(row.document)) for row in fresh)
                behind = _Place(behind.id, behind.time, behind.is_moment, pending, place.pages + 1)
                yield RawPage(
                    number=behind.pages,
                    body=canonical_json([row.as_json() for row in fresh]),
                    next_cursor=behind.cursor(),
                    context={"resource": self._name, "encoding": "UTF-8", "table": self._access.table},
                    declared_rows=len(fresh),
                )
            if last:
                return
            place = behind

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the page; one whose document cannot be read says so in `problem`."""
        try:
            rows = json.loads(page.body)
            documents = [_document(row) for row in rows]
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError, binascii.Error):
            raise SourceGarbled(f"{self._name}: page {page.number} is not a page of documents.", page.body) from None
        for position, (row, raw) in enumerate(zip(rows, documents, strict=True)):
            yield self._record(position, raw, row.get("operation"))

    def count(self, cursor: Cursor) -> int:
        """Rows without a marker behind `cursor`, counted by the database."""
        place = _Place.read(cursor, self._name)

        def once() -> int:
            with self._reading.connection() as connection:
                total = int(connection.execute(self.count_statement(place)).scalar_one())
                if not place.pending:
                    return total
                behind = self._where(self._source, place)
                again = connection.execute(self._by_id([key for key, _ in place.pending], behind)).all()
                pending = frozenset(place.pending)
                return total - sum((str(key), self._mark(_bytes(found)[0])) in pending for key, found in again)

        return patiently(once, resource=self._name, kept=_kept(place), patience=self._patience)

    def ask(self, kind: Kind, number: str, *, seconds: float) -> list[RawRecord]:
        """The records whose documents hold this number, consumed or not; see `connectors.port.Askable`."""
        deadline = time.monotonic() + seconds
        names = question_of(self._declaration, kind).names(kind)
        written = spellings(kind, number)

        def once() -> list[RawRecord]:
            said = self._questions.get().documents(kind, number, deadline)
            records = [self._record(at, _bytes(document)[0], how) for at, (document, how) in enumerate(said)]
            found = standing(records, self._declaration.key)
            return [one for one in found if one.problem is not None or is_about(one.fields, names, written)]

        return asked(self._name, once)

    def close(self) -> None:
        """Close the connections kept for questions."""
        if (made := self._questions.made) is not None:
            made.close()

    def recount(self, after: Cursor, until: Cursor) -> None:
        """Nobody can say: what was read bears a marker by now and is counted no more."""

    def acknowledge(self, cursor: Cursor) -> None:
        """Mark the rows of the last page consumed, in one transaction, each only if it is still what was read."""
        place = _Place.read(cursor, self._name)
        if not place.pending:
            return
        pending = dict(place.pending)

        def once() -> None:
            with self._writing.connection() as connection:
                locked = connection.execute(self._by_id(list(pending), self._unmarked(self._source)).with_for_update())
                same = [str(key) for key, found in locked if pending[str(key)] == self._mark(_bytes(found)[0])]
                if same:
                    self._set_marker(connection, same)

        kept = f"{place.pages} pages are kept; the markers of the last one are set before the next reading"
        patiently(once, resource=self._name, kept=kept, patience=self._patience)

    def page_statement(self, place: _Place | None = None) -> Select[Any]:
        """The statement of one page and one row more, for the database's own dialect."""
        access, source = self._access, self._source
        wanted = [source.c[access.id_column], source.c[access.time_column], source.c[access.document_column]]
        if access.operation_column is not None:
            wanted.append(source.c[access.operation_column])
        moment, key = source.c[access.time_column], ordered(self._reading.make, source.c[access.id_column])
        # Rows without a time come last, on every make.
        return (
            select(*wanted)
            .where(self._where(source, place or _Place()))
            .order_by(case((moment.is_(None), 1), else_=0), moment, key)
            .limit(access.page_size + 1)
        )

    def count_statement(self, place: _Place | None = None) -> Select[Any]:
        """The statement that counts the rows without a marker behind a place."""
        source = self._source
        return select(func.count()).select_from(source).where(self._where(source, place or _Place()))

    def _where(self, source: TableClause, place: _Place) -> ColumnElement[bool]:
        condition = self._unmarked(source)
        if place.id is None:
            return condition
        make = self._reading.make
        column, key = source.c[self._access.time_column], ordered(make, source.c[self._access.id_column])
        later = key > bound(make, place.id)
        if place.time is None:
            return and_(condition, column.is_(None), later)
        moment = datetime.fromisoformat(place.time) if place.is_moment else place.time
        return and_(condition, or_(column > moment, and_(column == moment, later), column.is_(None)))

    def _unmarked(self, source: TableClause) -> ColumnElement[bool]:
        access, marker = self._access, self._access.marker
        parts: list[ColumnElement[bool]] = []
        if marker.state_column is not None:
            state = source.c[marker.state_column]
            new = state == marker.new
            parts.append(or_(new, state.is_(None)) if marker.null_is_new else new)
        else:
            marks = named_table(str(marker.table), str(marker.id_column))
            marked = marks.c[str(marker.id_column)] == source.c[access.id_column]
            parts.append(not_(exists().where(marked)))
        if access.type_column is not None:
            parts.append(source.c[access.type_column].in_(access.types))
        return and_(*parts)

    def _by_id(self, keys: Sequence[str], condition: ColumnElement[bool]) -> Select[Any]:
        access, source = self._access, self._source
        key = source.c[access.id_column]
        return select(key, source.c[access.document_column]).where(key.in_(keys), condition)

    def _set_marker(self, connection: Connection, keys: Sequence[str]) -> None:
        access, marker, source = self._access, self._access.marker, self._source
        if marker.state_column is not None:
            chosen = source.c[access.id_column].in_(keys)
            connection.execute(update(source).where(chosen).values({marker.state_column: marker.consumed}))
        else:
            marks = named_table(str(marker.table), str(marker.id_column))
            connection.execute(insert(marks), [{str(marker.id_column): key} for key in keys])

    def _rows(self, place: _Place) -> tuple[list[_Row], bool]:
        """Rows of the next page, and whether the pass ends with them."""
        query = self.page_statement(place).execution_options(stream_results=True, max_row_buffer=20)

        def once() -> tuple[list[_Row], bool]:
            found: list[_Row] = []
            held = 0
            with self._reading.connection() as connection, connection.execute(query) as result:
                for row in result:
                    if len(found) == self._access.page_size or held > _LARGEST_PAGE:
                        return found, False
                    document, was_text = _bytes(row[2])
                    said = None if self._access.operation_column is None or row[3] is None else str(row[3])
                    found.append(_Row(str(row[0]), row[1], said, document, was_text))
                    held += len(document)
            return found, True

        return patiently(once, resource=self._name, kept=_kept(place), patience=self._patience)

    def _record(self, position: int, raw: bytes, said: Any) -> RawRecord:
        """One row; where its document cannot be read it says so."""
        operation, problem = Operation.INSERT, None
        if self._access.operation_column is not None:
            operation, problem = operation_of(said, self._access.operation_column)
        fields: Mapping[str, Any] = {}
        try:
            fields = self._fields(raw)
        except XmlUnfit as unfit:
            problem = f"the document cannot be read: {unfit}"
        return RawRecord(position, fields, raw, operation, problem)

    def _fields(self, raw: bytes) -> Mapping[str, Any]:
        if len(raw) > self._access.max_document_bytes:
            raise XmlUnfit(f"more than {self._access.max_document_bytes} bytes")
        text = decoded(raw, self._access.fallback_encoding)
        if self._access.document == "xml":
            return fields_of(parse(text).root)
        try:
            found = json.loads(text, parse_float=str)
        except (ValueError, RecursionError):
            raise XmlUnfit("it is not JSON") from None
        if not isinstance(found, dict):
            raise XmlUnfit("it is not a JSON object")
        return found

    def _mark(self, document: bytes) -> str:
        return hmac.new(self._key, b"row" + document, hashlib.sha256).hexdigest()[:24]


def _bytes(value: Any) -> tuple[bytes, bool]:
    """A document as bytes, and whether the column held text (CLOB, TEXT) rather than bytes."""
    if value is None:
        return b"", False
    if isinstance(value, str):
        return value.encode("utf-8", errors="surrogatepass"), True
    return bytes(value), False


def _document(row: Any) -> bytes:
    if "text" in row:
        return str(row["text"]).encode("utf-8", errors="surrogatepass")
    return base64.b64decode(row["base64"], validate=True)


def _kept(place: _Place) -> str:
    return f"{place.pages} pages are kept; page {place.pages + 1} is next"
