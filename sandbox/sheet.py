"""A workbook as an office makes one: a title, the names, the rows; the same rows give the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

#: What an archive says of when its parts were made, so that no clock is in the bytes.
_WHEN = (2026, 3, 31, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

#: The first row of the table proper; above it are the title and the names.
FIRST_ROW = 3


class Numeric(str):
    """A text that the office let Excel take for a number: 15 digits of it are left."""

    __slots__ = ()


def write(path: Path, title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write one workbook with one sheet; an empty text is an empty cell."""
    strings: dict[str, int] = {}
    lines = [_line(1, [title], strings), _line(2, names, strings)]
    lines += [_line(number, row, strings) for number, row in enumerate(rows, FIRST_ROW)]
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/></Types>',
        "_rels/.rels": _relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name={quoteattr(title)} sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "sharedStrings.xml")
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>',
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            part = zipfile.ZipInfo(name, _WHEN)
            part.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(part, _HEAD + content)


def _line(number: int, values: Sequence[str], strings: dict[str, int]) -> str:
    cells = []
    for place, value in enumerate(values):
        name = f"{chr(ord('A') + place)}{number}"
        if isinstance(value, Numeric):
            cells.append(f'<c r="{name}"><v>{int(value):.14E}</v></c>')
        elif value:
            cells.append(f'<c r="{name}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


def _relations(*relations: tuple[str, str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for key, kind, target in relations
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'
