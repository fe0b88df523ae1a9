"""XLSX workbooks that offices mail around: one named by the operator, or those in a drop folder.

A workbook is one page, kept whole, since no part of a zip archive can be read alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.access import XlsxAccess
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.port import (
    Cursor,
    CursorRefused,
    FileRefused,
    RawPage,
    RawRecord,
    SourceGarbled,
    SourceRefused,
    SourceUnavailable,
    rows_between,
)
from connectors.workbook import Cell, CellKind, SheetInfo, SheetRow, Workbook, WorkbookUnfit
from core.digest import sm3_hex
from core.edition import written

#: Excel keeps 15 digits of a number and makes the others 0.
_DIGITS_KEPT = 15
_KEPT = Context(prec=_DIGITS_KEPT)
_LARGEST_EXPONENT = 40
_SCIENTIFIC_TEXT = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")
_KEPT_WHOLE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    file: str = ""
    sm3: str = ""
    pages: int = 0

    @classmethod
    def read(cls, cursor: Cursor, resource: str) -> _Place:
        if not cursor:
            return cls()
        try:
            return cls(str(cursor["workbook"]), str(cursor["sm3"]), int(cursor["pages"]))
        except (KeyError, TypeError, ValueError):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of a series of workbooks. Nothing was read; "
                "set it to {} to read every workbook again (rows already held change nothing)."
            ) from None

    def cursor(self) -> dict[str, Any]:
        return {"workbook": self.file, "sm3": self.sm3, "pages": self.pages}


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the table is: its sheet, the row of names, and the name of each column."""

    sheet: SheetInfo
    header: int
    names: dict[int, str]


class XlsxFiles:
    """Workbooks that somebody puts before us, each read whole.

    Publisher:  the department of the declaration, by mail or on a medium, and the operator who puts it there
    Access:     a path, or a drop folder whose workbooks are taken in the order of their names
    Freshness:  as old as the file; the same bytes are never read twice, a changed workbook is read again
    Caveats:    nothing tells that a workbook is complete; a name that sorts before one already read is not looked
                at; formulas are taken at their saved value and noted; hidden rows are read and noted, hidden
                sheets are noted and not read; numbers where identifiers belong are faults, since Excel may have
                cut them; .xls, password-protected workbooks and those that unpack to too much are refused
    """

    def __init__(self, declaration: Declaration, *, file: Path | None = None, folder: Path | None = None) -> None:
        if not isinstance(declaration.access, XlsxAccess):
            raise TypeError(f"{declaration.name} is not declared as xlsx_file")
        if (file is None) == (folder is None):
            raise ValueError("give either a file or a folder")
        self._name = declaration.name
        self._columns = declaration.required
        self._access = declaration.access
        self._file = file
        self._folder = folder

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """One page a workbook: its own bytes; `context` says where the table lies and what is hidden or computed."""
        place = _Place.read(cursor, self._name)
        for path in self._series(place):
            data = self._bytes_of(path)
            if len(data) > self._access.max_file_bytes:
                said = f"it has more than the declared {self._access.max_file_bytes} bytes"
                self._refuse(path, data, place, said)
                continue
            digest = sm3_hex(data)
            if (place.file, place.sm3) == (path.name, digest):
                continue
            try:
                context, rows = self._surveyed(data)
            except (WorkbookUnfit, FileRefused) as error:
                self._refuse(path, data, place, str(error) if isinstance(error, WorkbookUnfit) else error.message)
                continue
            place = _Place(path.name, digest, place.pages + (rows > 0))
            if rows:
                yield RawPage(place.pages, data, place.cursor(), {**context, "file": path.name, "mark": digest}, rows)

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows below the names; `position` is the row's number in Excel."""
        try:
            wanted = (page.context["sheet"], int(page.context["header"]))
            book = Workbook(page.body, max_unpacked_bytes=self._access.max_unpacked_bytes)
            sheet = next(each for each in book.sheets if each.name == wanted[0])
            rows = iter(book.rows(sheet))
            header = next(row for row in rows if row.number == wanted[1])
        except (KeyError, ValueError, StopIteration):
            raise SourceGarbled(
                f"{self._name}: page {page.number} is no workbook with that table.", page.body
            ) from None
        names = _names(header)
        try:
            for row in rows:
                yield self._record(row, names, page.context.get("file", ""), page.context.get("mark"))
        except WorkbookUnfit as unfit:
            raise SourceGarbled(f"{self._name}: page {page.number}: {unfit}.", page.body) from None

    def count(self, cursor: Cursor) -> int | None:
        """Rows behind `cursor`, counted by reading the workbooks; None when one of them is refused."""
        place = _Place.read(cursor, self._name)
        total = 0
        for path in self._series(place):
            data = self._bytes_of(path)
            if len(data) > self._access.max_file_bytes:
                return None
            if (place.file, place.sm3) == (path.name, sm3_hex(data)):
                continue
            try:
                total += self._surveyed(data)[1]
            except (WorkbookUnfit, FileRefused):
                return None
        return total

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def acknowledge(self, cursor: Cursor) -> None:
        """Nothing: a workbook that was handed over wants no receipt."""

    def _surveyed(self, data: bytes) -> tuple[dict[str, str], int]:
        """The page's context and the number of its rows; the whole workbook is read once before any is handed on."""
        book = Workbook(data, max_unpacked_bytes=self._access.max_unpacked_bytes)
        table = self._table(book)
        rows = hidden = computed = 0
        for row in book.rows(table.sheet):
            if row.number <= table.header:
                continue
            rows += 1
            hidden += row.hidden
            computed += any(cell.computed for cell in row.cells.values())
        if rows > self._access.page_size:
            raise FileRefused(f"it has {rows} rows, more than the declared {self._access.page_size}")
        context = {
            "resource": self._name,
            "encoding": "XLSX",
            "sheet": table.sheet.name,
            "header": str(table.header),
            "hidden_rows": str(hidden),
            "computed_rows": str(computed),
            "hidden_sheets": json.dumps([sheet.name for sheet in book.sheets if sheet.hidden], ensure_ascii=False),
        }
        return context, rows

    def _table(self, book: Workbook) -> _Table:
        """The one visible sheet with a row that holds every declared column, and that row.

        Title rows above it hold fewer values than columns, so the first row that has all names is the header.
        """
        found: list[_Table] = []
        nearest: list[str] = list(self._columns)
        for sheet in book.sheets:
            if sheet.name != self._access.sheet and (self._access.sheet is not None or sheet.hidden):
                continue
            for row in islice(book.rows(sheet), self._access.header_within):
                names = {cell.text.strip() for cell in row.cells.values() if cell.kind is CellKind.TEXT}
                missing = [name for name in self._columns if name not in names]
                if not missing:
                    found.append(_Table(sheet, row.number, _names(row)))
                    break
                if len(missing) < len(nearest):
                    nearest = missing
        if len(found) == 1:
            return found[0]
        if found:
            raise FileRefused("several of its sheets have the declared columns; name one as `sheet` in the declaration")
        raise FileRefused(
            f"none of its visible sheets has the declared columns within the first {self._access.header_within} rows "
            f"(nearest lacks {', '.join(nearest)})"
        )

    def _record(self, row: SheetRow, names: dict[int, str], file: str, mark: str | None) -> RawRecord:
        fields: dict[str, str] = dict.fromkeys(names.values(), "")
        raw = {names.get(at, f"#{at + 1}"): cell.text for at, cell in row.cells.items()}
        problems: list[str] = []
        for at, cell in sorted(row.cells.items()):
            name = names.get(at)
            if name is None:
                fields[f"#{at + 1}"] = cell.text
                problems.append(f"a value in column {at + 1}, which has no name")
                continue
            fields[name] = _shown(cell)
            if problem := self._fault(name, cell):
                problems.append(f"{name}: {problem}")
        return RawRecord(
            row.number,
            fields,
            canonical_json(raw),
            problem="; ".join(problems) or None,
            # Workbooks are read in the order of their names, so that is the order of what they tell.
            edition=None if mark is None else written(file, mark[:16], row.number),
        )

    def _fault(self, name: str, cell: Cell) -> str | None:
        """Why a cell cannot be believed; it is never repaired, since what Excel dropped is not in the file."""
        if cell.kind is CellKind.ERROR:
            return "an Excel error instead of a value"
        if name in self._access.identifiers:
            if cell.kind is not CellKind.TEXT:
                return "an identifier stored as a number; leading zeros or digits may be lost"
            if _SCIENTIFIC_TEXT.fullmatch(cell.text.strip()):
                return "an identifier in scientific notation; its digits are lost"
        if cell.kind is CellKind.NUMBER and (whole := _whole_digits(cell.text)) > _DIGITS_KEPT:
            return f"a number of {whole} digits, of which Excel keeps {_DIGITS_KEPT}"
        return None

    def _series(self, place: _Place) -> list[Path]:
        if self._file is not None:
            return [self._file]
        folder = self._folder or Path()
        if not folder.is_dir():
            raise SourceRefused(
                f"{self._name}: the drop folder {folder} is not there. Nothing was read; create it or correct "
                "`folder` in the sources file."
            )
        names = sorted(path.name for path in folder.glob(self._access.pattern) if path.is_file())
        # Excel lays a file ~$name beside a workbook somebody has open.
        taken = [name for name in names if not name.startswith((".", "~$")) and not name.endswith((".part", ".tmp"))]
        return [folder / name for name in taken if name >= place.file]

    def _bytes_of(self, path: Path) -> bytes:
        try:
            with path.open("rb") as stream:
                return stream.read(self._access.max_file_bytes + 1)
        except FileNotFoundError:
            raise SourceRefused(f"{self._name}: {path} is not there. Nothing was read; check the path.") from None
        except OSError as error:
            raise SourceUnavailable(
                f"{self._name}: {path} cannot be opened ({error.strerror}). Nothing of it was read; check its owner "
                "and mode, then run again."
            ) from None

    def _refuse(self, path: Path, data: bytes, place: _Place, reason: str) -> None:
        """Refuse a workbook; says nothing of one that `place` already lies behind."""
        mark = f"refused:{sm3_hex(data)}"
        if (place.file, place.sm3) == (path.name, mark):
            return
        raise FileRefused(
            f"{self._name}: {path.name} is refused: {reason}. Nothing of it landed; send it back to its owner and "
            "put a corrected workbook in its place.",
            data[:_KEPT_WHOLE],
            _Place(path.name, mark, place.pages).cursor(),
        )


def _names(header: SheetRow) -> dict[int, str]:
    names = {at: cell.text.strip() for at, cell in header.cells.items() if cell.text.strip()}
    if len(set(names.values())) != len(names):
        raise FileRefused("its row of names holds one name twice")
    return names


def _shown(cell: Cell) -> str:
    """A cell's value as Excel shows it under no format: of a number, the 15 digits it keeps and no exponent."""
    if cell.kind is not CellKind.NUMBER:
        return cell.text
    try:
        number = Decimal(cell.text)
        if abs(number.adjusted()) > _LARGEST_EXPONENT:
            return cell.text
        return format(_KEPT.plus(number).normalize(_KEPT), "f")
    except InvalidOperation:
        return cell.text


def _whole_digits(number: str) -> int:
    """How many digits a number has before its point, also in scientific notation."""
    mantissa, _, exponent = number.lower().partition("e")
    try:
        return len(mantissa.lstrip("-+0").partition(".")[0]) + int(exponent or 0)
    except ValueError:
        return _DIGITS_KEPT + 1
