"""XLSX workbooks as bytes: sheets, rows and cells as Excel stored them, before Excel or a library reads meaning in.

Read here and not through a library, because what matters about a handed-over workbook is what libraries hide:
the digits as they stand in the file, whether a row or sheet is hidden, whether a value was computed, and how
much the archive unpacks to. Formulas are never evaluated; the value Excel saved last is taken.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import IO

from lxml import etree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REL_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: More unpacked bytes than this for one packed one is no office document; spreadsheets reach about 30.
_LARGEST_RATIO = 200
_MOST_PARTS = 2000
_MOST_COLUMNS = 1024
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
#: Number formats that are dates without saying so: ECMA-376, 18.8.30, and the East Asian ones.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERALS = re.compile(r'"[^"]*"|\[(?!h+\]|m+\]|s+\])[^\]]*\]|\\.|_.|\*.')
_DATE_SIGNS = re.compile(r"[ymdhsYMDHS年月日]")


class WorkbookUnfit(ValueError):
    """The bytes are no workbook this house opens; the message says why and quotes nothing."""


class CellKind(StrEnum):
    """What Excel stored. A `DATE` is a number under a date format, already turned into ISO form."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `text` is the number's own digits in the file, never a float's."""

    kind: CellKind
    text: str = field(repr=False)
    computed: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row as Excel numbers them, by column number from 0; empty cells are left out."""

    number: int
    cells: dict[int, Cell] = field(repr=False)
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet's name, whether a person would see it, and its part in the archive."""

    name: str
    hidden: bool
    part: str


class Workbook:
    """An opened workbook; every part is read through a bound on what it may unpack to."""

    def __init__(self, data: bytes, *, max_unpacked_bytes: int) -> None:
        """Open `data`.

        Raises:
            WorkbookUnfit: protected by a password, the old binary form, no workbook, or one that unpacks to too much.
        """
        if data.startswith(_OLE):
            raise WorkbookUnfit("it is protected by a password, or is the old .xls form")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError):
            raise WorkbookUnfit("it is no XLSX workbook") from None
        parts = self._zip.infolist()
        if len(parts) > _MOST_PARTS or len({part.filename for part in parts}) != len(parts):
            raise WorkbookUnfit("its archive has too many parts, or two of one name")
        if any(part.flag_bits & 1 for part in parts):
            raise WorkbookUnfit("it is protected by a password")
        if sum(part.file_size for part in parts) > max_unpacked_bytes:
            raise WorkbookUnfit(f"it unpacks to more than {max_unpacked_bytes} bytes")
        self._left = max_unpacked_bytes
        for part in parts:
            if part.file_size > _LARGEST_RATIO * max(part.compress_size, 1024):
                raise WorkbookUnfit("a part of it unpacks to far more than an office document's does")
        self._names = {part.filename for part in parts}
        self._sheets, self._from_1904 = self._described()
        self._strings = list(self._shared_strings())
        self._dates = self._date_styles()

    @property
    def sheets(self) -> tuple[SheetInfo, ...]:
        """All sheets in the order of their tabs."""
        return self._sheets

    def rows(self, sheet: SheetInfo) -> Iterator[SheetRow]:
        """The rows of a sheet that have at least one value, in order.

        Raises:
            WorkbookUnfit: the sheet's part is damaged.
        """
        previous = 0
        for element in self._elements(sheet.part, "row"):
            number = _whole(element.get("r")) or previous + 1
            if number <= previous:
                raise WorkbookUnfit("its rows are not in order")
            previous = number
            cells: dict[int, Cell] = {}
            at = -1
            for cell in element:
                if etree.QName(cell).localname != "c":
                    continue
                at = _column(cell.get("r"), at + 1)
                value = self._cell(cell)
                if value is not None:
                    cells[at] = value
            if cells:
                yield SheetRow(number, cells, element.get("hidden") in ("1", "true"))

    def _cell(self, cell: etree._Element) -> Cell | None:
        kind = cell.get("t", "n")
        parts = {etree.QName(part).localname: part for part in cell}
        computed = "f" in parts
        if kind == "inlineStr":
            return _text(_string(parts["is"]), computed) if "is" in parts else None
        said = parts["v"].text if "v" in parts else None
        if said is None or said == "":
            return None
        if kind == "s":
            place = _whole(said)
            if place is None or place >= len(self._strings):
                raise WorkbookUnfit("a cell names a text that is not there")
            return _text(self._strings[place], computed)
        if kind == "str":
            return _text(said, computed)
        if kind == "b":
            return Cell(CellKind.BOOLEAN, "1" if said == "1" else "0", computed)
        if kind == "e":
            return Cell(CellKind.ERROR, said, computed)
        if kind == "d":
            return Cell(CellKind.DATE, said, computed)
        if (_whole(cell.get("s")) or 0) in self._dates and (moment := self._moment(said)) is not None:
            return Cell(CellKind.DATE, moment, computed)
        return Cell(CellKind.NUMBER, said, computed)

    def _moment(self, serial: str) -> str | None:
        """A date serial in ISO form: the day alone for a whole number, to the second otherwise."""
        try:
            value = Decimal(serial)
        except InvalidOperation:
            return None
        if not 0 < value < 2_958_466:  # 31 December 9999
            return None
        days = int(value)
        if self._from_1904:
            start = datetime(1904, 1, 1)  # noqa: DTZ001 - a workbook's dates have no zone
        elif days == 60:
            return None  # 29 February 1900, which only Excel knows
        else:
            start = datetime(1899, 12, 31 if days < 60 else 30)  # noqa: DTZ001
        moment = start + timedelta(days=days, seconds=round(float(value - days) * 86400))
        if value < 1 and not self._from_1904:
            return moment.strftime("%H:%M:%S")
        return moment.date().isoformat() if value == days else moment.isoformat()

    def _described(self) -> tuple[tuple[SheetInfo, ...], bool]:
        targets = {
            str(found.get("Id")): str(found.get("Target"))
            for found in self._tree("xl/_rels/workbook.xml.rels")
            if found.get("TargetMode") != "External"
        }
        book = self._tree("xl/workbook.xml")
        sheets = []
        from_1904 = False
        for element in book.iter():
            if not isinstance(element.tag, str):
                continue
            name = etree.QName(element).localname
            if name == "workbookPr":
                from_1904 = element.get("date1904") in ("1", "true")
            elif name == "sheet":
                target = targets.get(str(element.get(_REL) or element.get(_REL_STRICT)), "")
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                if part in self._names:
                    shown = element.get("state", "visible") == "visible"
                    sheets.append(SheetInfo(str(element.get("name")), not shown, part))
        if not sheets:
            raise WorkbookUnfit("it has no sheet")
        return tuple(sheets), from_1904

    def _shared_strings(self) -> Iterator[str]:
        if "xl/sharedStrings.xml" in self._names:
            for element in self._elements("xl/sharedStrings.xml", "si"):
                yield _string(element)

    def _date_styles(self) -> frozenset[int]:
        """Numbers of the cell styles whose number format is a date's."""
        if "xl/styles.xml" not in self._names:
            return frozenset()
        own: dict[int, bool] = {}
        styles: list[int] = []
        for element in self._tree("xl/styles.xml").iter():
            if not isinstance(element.tag, str):
                continue
            name = etree.QName(element).localname
            if name == "numFmt":
                code = _LITERALS.sub("", str(element.get("formatCode", "")).split(";")[0])
                own[_whole(element.get("numFmtId")) or 0] = bool(_DATE_SIGNS.search(code)) and "E+" not in code.upper()
            elif name == "cellXfs":
                styles = [_whole(style.get("numFmtId")) or 0 for style in element]
        return frozenset(place for place, number in enumerate(styles) if own.get(number, number in _DATE_FORMATS))

    def _tree(self, part: str) -> etree._Element:
        try:
            with self._opened(part) as stream:
                data = stream.read()
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise WorkbookUnfit("a part of it has a document type")
            return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except (etree.XMLSyntaxError, *_DAMAGED):
            raise WorkbookUnfit("a part of it is damaged") from None

    def _elements(self, part: str, name: str) -> Iterator[etree._Element]:
        """Elements of one name, each forgotten once it has been looked at."""
        tags = (f"{_MAIN}{name}", f"{_STRICT}{name}")
        try:
            with self._opened(part) as stream:
                for _, element in etree.iterparse(
                    stream, tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
                ):
                    if element.getroottree().docinfo.doctype:
                        raise WorkbookUnfit("a part of it has a document type")
                    yield element
                    element.clear()
                    while (before := element.getprevious()) is not None:
                        parent = before.getparent()
                        if parent is None:
                            break
                        parent.remove(before)
        except (etree.XMLSyntaxError, *_DAMAGED):
            raise WorkbookUnfit("a part of it is damaged") from None

    def _opened(self, part: str) -> _Bounded:
        try:
            return _Bounded(self, self._zip.open(part))
        except KeyError:
            raise WorkbookUnfit("a part of it is missing") from None

    def spend(self, size: int) -> None:
        """Count unpacked bytes against the bound: the sizes an archive states need not be true."""
        self._left -= size
        if self._left < 0:
            raise WorkbookUnfit("it unpacks to more than it may")


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class _Bounded(io.RawIOBase):
    """A part's bytes, counted as they are unpacked."""

    def __init__(self, book: Workbook, stream: IO[bytes]) -> None:
        super().__init__()
        self._book = book
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if size is None or size < 0:
            pieces = []
            while piece := self.read(1 << 20):
                pieces.append(piece)
            return b"".join(pieces)
        data = self._stream.read(size)
        self._book.spend(len(data))
        return data

    def close(self) -> None:
        """Close the part."""
        self._stream.close()
        super().close()


def _text(value: str, computed: bool) -> Cell | None:
    return Cell(CellKind.TEXT, value, computed) if value else None


def _string(element: etree._Element) -> str:
    """The text of an `si` or `is` element; the reading aids (`rPh`) beside it are not part of it."""
    found = []
    for part in element:
        name = etree.QName(part).localname
        if name == "t":
            found.append(part.text or "")
        elif name == "r":
            found += [inner.text or "" for inner in part if etree.QName(inner).localname == "t"]
    return "".join(found)


def _column(reference: str | None, otherwise: int) -> int:
    match = _REFERENCE.fullmatch(reference or "")
    place = otherwise
    if match is not None:
        place = 0
        for letter in match.group(1):
            place = place * 26 + ord(letter) - 64
        place -= 1
    if not 0 <= place < _MOST_COLUMNS:
        raise WorkbookUnfit(f"it has more than {_MOST_COLUMNS} columns")
    return place


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdigit() else None
