"""CSV as the departments write it, cut into pages of whole records without changing a byte.

The cut is made on bytes: neither UTF-8 nor GB18030 uses the quote, the comma or the line feed inside
another character. A quote opens a value only at its beginning, so a stray one inside a value does not
swallow the rest of the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.hashes import SM3, Hash

from connectors.port import Cursor, CursorRefused, FileRefused, RawPage, RawRecord, SourceGarbled

ENCODINGS = ("UTF-8", "GB18030")
_BOM = codecs.BOM_UTF8
_LONGEST_LINE = 4 * 1024 * 1024
_LONGEST_RECORD = 8 * 1024 * 1024
_HANZI_IN_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
_BLANK = frozenset((b"\n", b"\r\n", b"\r", b""))
_LONGEST_BLANK = max(map(len, _BLANK))
#: A line whose every value is closed on it, told at once; what this does not match is looked at sign by sign.
_CLOSED = re.compile(rb'(?:"[^"\n]*"|[^",\n]*)(?:,(?:"[^"\n]*"|[^",\n]*))*\n?')
#: From here on the csv module has a limit of its own, and is asked.
_LONGEST_VALUE = 100_000
_NOT_ASCII = bytes(range(0x80, 0x100))
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where reading stands in a series of files: `mark` tells one edition of `file` from the next.

    `refused` says that this edition was refused and nothing of it landed.
    """

    file: str = ""
    mark: str = ""
    offset: int = 0
    line: int = 0
    rows: int = 0
    done: bool = False
    pages: int = 0
    refused: bool = False

    @classmethod
    def read(cls, cursor: Cursor, resource: str) -> FilePlace:
        """The place a cursor names; the empty cursor is before the first file.

        Raises:
            CursorRefused: another adapter made it.
        """
        if not cursor:
            return cls()
        try:
            return cls(
                str(cursor["file"]),
                str(cursor["mark"]),
                int(cursor["offset"]),
                int(cursor["line"]),
                int(cursor["rows"]),
                bool(cursor["done"]),
                int(cursor["pages"]),
                # Cursors stored before receipts were written do not say.
                bool(cursor.get("refused", False)),
            )
        except (KeyError, TypeError, ValueError):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of a file series. Nothing was read; "
                "set it to {} to read every file again (rows already held change nothing)."
            ) from None

    def cursor(self) -> dict[str, Any]:
        """The same place as a JSON-serialisable mapping."""
        return {
            "file": self.file,
            "mark": self.mark,
            "offset": self.offset,
            "line": self.line,
            "rows": self.rows,
            "done": self.done,
            "pages": self.pages,
            "refused": self.refused,
        }

    def within(self, file: str, mark: str) -> FilePlace:
        """The place in this edition of `file`: where we stopped, or its beginning when it is another one."""
        if (self.file, self.mark) == (file, mark):
            return self
        return FilePlace(file=file, mark=mark, pages=self.pages)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one pass over a whole file found: nothing of a file is handed on before that pass."""

    encoding: str
    header: str
    start: int
    first_line: int
    rows: int
    size: int
    sm3: str


def survey(stream: BinaryIO, *, columns: Sequence[str], encoding: str | None = None) -> Sheet:
    """Read the file once and vouch for encoding, header and that every quote is closed.

    Args:
        stream: seekable, binary; is left at an arbitrary position.
        columns: names the header must contain; more are passed on, since the schema judges them.
        encoding: "UTF-8" or "GB18030" as a control file says; None to find out.

    Raises:
        FileRefused: with a short reason and no value of the file.
    """
    found, size, digest = _examine(stream, encoding)
    stream.seek(0)
    bom = len(_BOM) if stream.read(len(_BOM)) == _BOM else 0
    stream.seek(bom)
    first = next(_records(stream, 1), None)
    if first is None:
        raise FileRefused("the file has no header line")
    header = first.decode(found).rstrip("\r\n")
    names = _names(header)
    if missing := [name for name in columns if name not in names]:
        raise FileRefused(f"the header lacks the columns {', '.join(missing)}")
    line = 1 + _lines(first)
    rows = sum(held for _, held, _ in _slices(stream, line, _BLOCK))
    return Sheet(found, header, bom + len(first), line, rows, size, digest)


def cut_pages(
    stream: BinaryIO, sheet: Sheet, place: FilePlace, *, resource: str, page_size: int, declares: bool
) -> Iterator[RawPage]:
    """The pages of one file behind `place`, each of at most `page_size` records.

    Args:
        declares: whether somebody (a control file) has said how many rows there are.
    """
    offset = max(place.offset, sheet.start)
    line = max(place.line, sheet.first_line)
    rows, pages = place.rows, place.pages
    stream.seek(offset)
    for body, held, lines in _slices(stream, line, page_size):
        if not held:
            break  # blank lines at the end
        began, offset, line, rows, pages = line, offset + len(body), line + lines, rows + held, pages + 1
        behind = replace(place, offset=offset, line=line, rows=rows, done=rows >= sheet.rows, pages=pages)
        context = {
            "resource": resource,
            "encoding": sheet.encoding,
            "header": sheet.header,
            "file": place.file,
            "mark": place.mark,
            "line": str(began),
        }
        yield RawPage(pages, body, behind.cursor(), context, held if declares else None)


def read_rows(page: RawPage, *, order: str = "") -> Iterator[RawRecord]:
    """The records of a kept slice; `position` is the number of the record's first line in its file.

    Args:
        order: the place of the file among those that are read, where its source has such an order.

    Raises:
        SourceGarbled: the context is not that of a slice, or the bytes are not in its encoding.
    """
    try:
        encoding, names = page.context["encoding"], _names(page.context["header"])
        first = int(page.context["line"])
    except (KeyError, ValueError, FileRefused):
        raise SourceGarbled(f"page {page.number} is not a slice of a CSV file.", page.body) from None
    try:
        page.body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise SourceGarbled(_not_in_encoding(page, first, encoding), page.body) from None
    simple = b'"' not in page.body and page.body.count(b"\r") == page.body.count(b"\r\n")
    cut = partial(_plain_values if simple else _values, names, encoding)
    # Sixteen digits tell two sendings of a file apart, and every record's head holds them.
    mark = page.context.get("mark", "")[:16]
    copy = (order, mark) if mark else None
    uncut, line = RawRecord.uncut, first
    try:
        for raw in page.body.splitlines(keepends=True) if simple else _records(io.BytesIO(page.body), first):
            if len(raw) > _LONGEST_BLANK or raw not in _BLANK:
                yield uncut(line, raw, cut, copy)
            line += 1 if simple else _lines(raw)
    except FileRefused as error:
        raise SourceGarbled(f"page {page.number}: {error.message}.", page.body) from None


def _not_in_encoding(page: RawPage, line: int, encoding: str) -> str:
    for number, raw in enumerate(page.body.splitlines(keepends=True), line):
        try:
            raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return f"page {page.number}: line {number} is not {encoding}."
    return f"page {page.number}: not {encoding}."


def _plain_values(names: list[str], encoding: str, raw: bytes) -> tuple[dict[str, str], str | None]:
    """The same for a page without a quote or a stray carriage return: every comma parts two values."""
    values = raw.decode(encoding).rstrip("\r\n").split(",")
    if len(values) == len(names) and len(raw) < _LONGEST_VALUE:
        return dict(zip(names, values, strict=True)), None
    return _values(names, encoding, raw)


def _values(names: list[str], encoding: str, raw: bytes) -> tuple[dict[str, str], str | None]:
    """The values of one record under their names, and what is wrong where they do not fit."""
    text = raw.decode(encoding).rstrip("\r\n")
    if '"' in text or "\r" in text or len(text) >= _LONGEST_VALUE:
        try:
            values = next(csv.reader(io.StringIO(text, newline="")), [])
        except csv.Error:
            return {}, "a row that cannot be cut into values"
    else:
        values = text.split(",")
    fields = dict(zip(names, values, strict=False))
    if len(values) == len(names):
        return fields, None
    fields.update({f"#{place}": value for place, value in enumerate(values[len(names) :], len(names) + 1)})
    return fields, f"{len(values)} values under {len(names)} names"


def _names(header: str) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([header]), [])]
    except csv.Error:
        names = []
    if not names or not all(names) or len(set(names)) != len(names):
        raise FileRefused("the first line does not name the columns (an empty or repeated name)")
    return names


def _lines(record: bytes) -> int:
    """How many physical lines a record takes; the last of a file may lack its line feed."""
    return record.count(b"\n") + (not record.endswith(b"\n"))


def _slices(stream: BinaryIO, line: int, most: int) -> Iterator[tuple[bytes, int, int]]:
    """Whole records in slices of at most `most` and some 8 MiB: their bytes, how many are not blank, how many lines.

    The stream stands behind each slice when it comes. Where no quote and no blank line is in sight, lines are records.

    Raises:
        FileRefused: as `_records`.
    """
    while True:
        at = stream.tell()
        block = stream.read(_BLOCK)
        while len(block) < _LONGEST_RECORD and block.count(b"\n") < most and (more := stream.read(_BLOCK)):
            block += more
        if not block:
            return
        pieces = block.split(b"\n", most)
        body = block[: len(block) - len(pieces.pop())]
        blank = b"" in pieces or b"\r" in pieces
        if body and b'"' not in body and not blank:
            stream.seek(at + len(body))
            held = lines = len(pieces)
        else:
            stream.seek(at)
            body, held, lines = _slice_by_records(stream, line, most)
        yield body, held, lines
        line += lines


def _slice_by_records(stream: BinaryIO, line: int, most: int) -> tuple[bytes, int, int]:
    body, held, lines = bytearray(), 0, 0
    for record in _records(stream, line):
        body += record
        lines += _lines(record)
        held += record not in _BLANK
        if held >= most or len(body) >= _LONGEST_RECORD:
            break
    return bytes(body), held, lines


def _records(stream: BinaryIO, line: int) -> Iterator[bytes]:
    """Whole records, line ends included; `line` is the number of the first physical line.

    Raises:
        FileRefused: a quote that nobody closes, or a line too long to be one.
    """
    inside = False
    record = bytearray()
    opened = line
    for physical in iter(partial(stream.readline, _LONGEST_LINE), b""):
        if len(physical) == _LONGEST_LINE and not physical.endswith(b"\n"):
            raise FileRefused(f"line {line} is longer than {_LONGEST_LINE} bytes")
        line += 1
        if not inside:
            # Nearly every line of nearly every file ends here.
            if b'"' not in physical or _CLOSED.fullmatch(physical) or not _ends_inside(physical, inside=False):
                yield physical
                continue
            inside, opened = True, line - 1
            record += physical
            continue
        record += physical
        inside = _ends_inside(physical, inside=True)
        if not inside:
            yield bytes(record)
            record.clear()
        elif len(record) > _LONGEST_RECORD:
            break
    if inside:
        raise FileRefused(f"the quote opened on line {opened} is never closed")


def _ends_inside(line: bytes, *, inside: bool) -> bool:
    """Whether a quoted value is still open at the end of `line`, by the rules of Python's csv reader."""
    at = 0
    while True:
        if not inside:
            if line[at : at + 1] == b'"':
                inside, at = True, at + 1
            else:
                comma = line.find(b",", at)
                if comma < 0:
                    return False
                at = comma + 1
                continue
        quote = line.find(b'"', at)
        if quote < 0:
            return True
        at = quote + 1
        if line[at : at + 1] == b'"':
            at += 1
            continue
        # Closed; whatever stands before the next comma belongs to this value and opens nothing.
        inside = False
        comma = line.find(b",", at)
        if comma < 0:
            return False
        at = comma + 1


def _examine(stream: BinaryIO, declared: str | None) -> tuple[str, int, str]:
    """Encoding, bytes and SM3 of the whole file."""
    if declared is not None and declared not in ENCODINGS:
        raise FileRefused("an encoding other than UTF-8 and GB18030")
    state = Hash(SM3())
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = bad = 0
    stream.seek(0)
    while block := stream.read(_BLOCK):
        state.update(block)
        size += len(block)
        bad = bad or _fails(decoder, block, 1)
    bad = bad or _fails(decoder, b"", 1, final=True)
    found = "UTF-8" if not bad and declared != "GB18030" else _other_encoding(stream, declared)
    return found, size, state.finalize().hex()


def _other_encoding(stream: BinaryIO, declared: str | None) -> str:
    """The encoding of a file that is not, or is said not to be, UTF-8.

    GB18030 reads almost any bytes as something, so it is believed only where the bytes do not look
    like UTF-8 with a few of them damaged.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    gb = codecs.getincrementaldecoder("gb18030")()
    hanzi = outside = utf8_fails = gb_fails = line = 0
    stream.seek(0)
    while chunk := stream.readline(_LONGEST_LINE):
        line += 1
        if chunk.isascii():
            continue
        hanzi += 3 * len(_HANZI_IN_UTF8.findall(chunk))
        outside += len(chunk) - len(chunk.translate(None, _NOT_ASCII))
        utf8_fails = utf8_fails or _fails(utf8, chunk, line)
        gb_fails = gb_fails or _fails(gb, chunk, line)
    utf8_fails = utf8_fails or _fails(utf8, b"", line, final=True)
    gb_fails = gb_fails or _fails(gb, b"", line, final=True)
    looks_utf8 = outside > 0 and hanzi * 2 > outside
    if declared != "UTF-8" and not gb_fails and not looks_utf8:
        return "GB18030"
    if declared == "GB18030":
        raise FileRefused(
            "said to be GB18030, but its bytes are UTF-8" if looks_utf8 else f"not GB18030 on line {gb_fails}"
        )
    if declared == "UTF-8" or looks_utf8:
        raise FileRefused(f"UTF-8 damaged on line {utf8_fails}")
    raise FileRefused(f"neither UTF-8 (line {utf8_fails}) nor GB18030 (line {gb_fails})")


def _fails(decoder: codecs.IncrementalDecoder, data: bytes, line: int, *, final: bool = False) -> int:
    """`line` when `data` cannot be decoded, else 0."""
    try:
        decoder.decode(data, final)
    except UnicodeDecodeError:
        return line
    return 0
