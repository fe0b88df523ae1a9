"""A sample of a source nobody has declared yet: a file somebody sent, or a table of an exchange database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from connectors.csv_slices import FilePlace, cut_pages, read_rows, survey
from connectors.port import FileRefused, SourceGarbled
from core.errors import Permanent, Retryable

#: As many rows as tell the kinds of columns and the uniqueness of a key with some certainty, and no more.
ROWS = 20_000
_LARGEST = 256 * 1024 * 1024
_HEADER_WITHIN = 20


class SampleRefused(Permanent):
    """A sample file or table cannot be read as rows under named columns; nothing was scaffolded."""

    code: ClassVar[str] = "HUB-720"


class SampleUnreachable(Retryable):
    """The database of a sample table does not answer; nothing was scaffolded."""

    code: ClassVar[str] = "HUB-721"


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows under the source's own columns.

    Attributes:
        form: csv, xlsx, json, ndjson or table.
        origin: the file's name or the table's; never an address with a password in it.
        columns: in the order of the source.
        rows: at most as many as were asked for; hidden from the repr, they may be citizens'.
        broken: rows that could not be cut into the columns and were left out.
        nested: columns whose values are lists or objects.
        numeric: columns with numbers that are no text: an identifier there may have lost digits.
        key: the table's primary key, where the database names one.
    """

    form: str
    origin: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)
    broken: int = 0
    nested: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    key: tuple[str, ...] = ()


def read_sample(path: Path, *, sheet: str | None = None, limit: int = ROWS) -> Sample:
    """Read a CSV, XLSX, JSON or NDJSON file, told apart by its first bytes and its name.

    Raises:
        SampleRefused: it is none of them, or has no named columns, or no rows.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise SampleRefused(f"{path.name} cannot be read ({error.strerror}). Check the path and its mode.") from None
    if size > _LARGEST:
        raise SampleRefused(
            f"{path.name} is larger than {_LARGEST >> 20} MB. A sample of some thousand rows is enough."
        )
    if head.startswith(b"PK\x03\x04") or head.startswith(b"\xd0\xcf\x11\xe0"):
        return _workbook(path, sheet, limit)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _documents(path, limit)
    return _csv(path, limit)


def read_table(url: str, table: str, *, limit: int = ROWS) -> Sample:
    """Read the first rows of a PostgreSQL table; the session is read-only.

    Args:
        table: `table` or `schema.table`, in the database's own letter case.

    Raises:
        SampleRefused: the login or the table is refused.
        SampleUnreachable: no answer.
    """
    import psycopg2
    from psycopg2 import sql

    name = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    try:
        connection = psycopg2.connect(url, connect_timeout=10, application_name="yizheng-hub source new")
    except psycopg2.OperationalError as error:
        if any(word in str(error) for word in ("authentication failed", "does not exist", "no password")):
            raise SampleRefused(f"the database of {table} refuses the login. Check role and database name.") from None
        raise SampleUnreachable(
            f"the database of {table} does not answer. Check the address, then try again."
        ) from None
    except psycopg2.Error:
        raise SampleRefused("the database address is no PostgreSQL URL. Nothing was read; correct it.") from None
    try:
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = '30s'")
            cursor.execute(sql.SQL("select * from {} limit %s").format(name), (limit,))
            columns = tuple(column.name for column in cursor.description or ())
            rows = tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
            cursor.execute(
                "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid "
                "and a.attnum = any(i.indkey) where i.indisprimary and i.indrelid = %s::regclass",
                (name.as_string(connection),),
            )
            key = tuple(str(row[0]) for row in cursor.fetchall())
    except psycopg2.Error as error:
        raise SampleRefused(
            f"the database refuses to read {table} (SQLSTATE {error.pgcode}). Check the table's name and the rights."
        ) from None
    finally:
        connection.close()
    return _sample("table", table, columns, rows, key=key)


def _csv(path: Path, limit: int) -> Sample:
    rows: list[Mapping[str, Any]] = []
    columns: tuple[str, ...] = ()
    broken = 0
    try:
        with path.open("rb") as stream:
            sheet = survey(stream, columns=())
            place = FilePlace(file=path.name, mark=sheet.sm3)
            for page in cut_pages(stream, sheet, place, resource="sample", page_size=1000, declares=False):
                for row in read_rows(page):
                    if row.problem is not None:
                        broken += 1
                        continue
                    columns = columns or tuple(row.fields)
                    rows.append(row.fields)
                if len(rows) >= limit:
                    break
    except FileRefused as error:
        raise SampleRefused(f"{path.name} cannot be read as CSV: {error.message}. Correct the file.") from None
    except SourceGarbled:
        raise SampleRefused(f"{path.name} is neither UTF-8 nor GB18030 throughout. Save it as UTF-8.") from None
    if len(columns) == 1 and any(sign in columns[0] for sign in ";\t|"):
        raise SampleRefused(f"{path.name} seems to be separated by another sign than a comma. Save it with commas.")
    return _sample("csv", path.name, columns, tuple(rows[:limit]), broken=broken)


def _workbook(path: Path, sheet: str | None, limit: int) -> Sample:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [entry.name for entry in book.sheets_metadata if "visible" in str(entry.visible).lower()]
        chosen = sheet or next(iter(names or book.sheet_names), None)
        known = list(book.sheet_names)
        cells = book.get_sheet_by_name(chosen).to_python() if chosen in known else []
    except Exception as error:  # noqa: BLE001 - the library has errors of its own for every kind of broken workbook
        raise SampleRefused(
            f"{path.name} cannot be opened as a workbook ({type(error).__name__}). Open and save it again."
        ) from None
    if chosen not in known:
        raise SampleRefused(f"{path.name} has no sheet {sheet!r}. It has: {', '.join(known) or 'none'}.")
    for number, line in enumerate(cells[:_HEADER_WITHIN]):
        header = [str(cell).strip() for cell in line]
        while header and not header[-1]:
            header.pop()
        # The title above a table fills one cell; a heading names every column once.
        if len(header) > 1 and all(header) and len(set(header)) == len(header) and not any(map(_is_number, line)):
            body = [row for row in cells[number + 1 :] if any(str(cell).strip() for cell in row)]
            rows = tuple(dict(zip(header, map(_cell, row[: len(header)]), strict=True)) for row in body[:limit])
            return _sample("xlsx", path.name, tuple(header), rows)
    raise SampleRefused(
        f"{path.name}, sheet {chosen}: none of the first {_HEADER_WITHIN} lines names every column once. "
        "Remove merged headings, or name the right sheet."
    )


def _documents(path: Path, limit: int) -> Sample:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SampleRefused(f"{path.name} is JSON and not UTF-8. Save it as UTF-8.") from None
    form = "json"
    try:
        found = _records_in(json.loads(text))
    except ValueError:
        form = "ndjson"
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise SampleRefused(f"{path.name} is neither one JSON document nor one a line. Correct the file.") from None
    rows = tuple(row for row in found or () if isinstance(row, dict))[:limit]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return _sample(form, path.name, columns, rows)


def _records_in(document: Any, depth: int = 4) -> list[Any] | None:
    """The list of objects in an answer, however deep its envelope: `{"code":…,"data":{"list":[{…}]}}`."""
    if isinstance(document, list):
        return document if any(isinstance(entry, dict) for entry in document) else None
    if not isinstance(document, dict) or depth == 0:
        return None
    inside = (_records_in(value, depth - 1) for value in document.values())
    # An object with no list of objects in it is one record.
    return next((found for found in inside if found), [document] if depth == 4 else None)


def _sample(
    form: str,
    origin: str,
    columns: tuple[str, ...],
    rows: tuple[Mapping[str, Any], ...],
    *,
    broken: int = 0,
    key: tuple[str, ...] = (),
) -> Sample:
    if not columns or not rows:
        raise SampleRefused(f"{origin} has no rows under named columns. Nothing can be told from it; send some rows.")
    nested = tuple(name for name in columns if _any(rows, name, lambda value: isinstance(value, list | dict)))
    numeric = tuple(name for name in columns if form in ("xlsx", "json", "ndjson") and _any(rows, name, _is_number))
    flat = tuple({name: _flat(row.get(name)) for name in columns} for row in rows) if nested else rows
    return Sample(form, origin, columns, flat, broken, nested, numeric, key)


def _any(rows: Iterable[Mapping[str, Any]], name: str, test: Any) -> bool:
    return any(test(row.get(name)) for row in rows)


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _cell(cell: Any) -> Any:
    """A cell as the department would have typed it: whole numbers without the fraction Excel gives them."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date()
    return cell if isinstance(cell, date | datetime) or _is_number(cell) else str(cell)
