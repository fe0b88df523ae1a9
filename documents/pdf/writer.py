"""Set sheets in, a PDF that waits for its seal out.

What all licences of a template share (border, labels, fonts of fixed words) is written once and kept as
bytes under the same object numbers; a licence adds its own words, the outlines of their characters, its code
and its data.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from documents.fonts import FaceName
from documents.ornament import length
from documents.parts import LicencePage, Sheet, Steady, TextPart
from documents.pdf import content, fonts, metadata
from documents.pdf.file import OpenPage, PdfDocument
from documents.pdf.glyphs import Subset, beginning
from documents.pdf.objects import day, numbered, stream, text
from documents.places import riding_places, seal_places
from documents.qr import Code
from documents.sheet import set_sheets

#: The attached structured data.
_DATA_FILE, _DATA = "licence.xml", "证照数据"
#: Pixels a module is wide and high: enough for sharp edges, and so few that deflating them is not worth its time.
_MODULE = 4


def draw(*pages: LicencePage) -> PdfDocument:
    """Sheets of one licence, e.g. 正本 and 副本, with the annex pages they need; the same pages give the same bytes.

    Raises:
        PagesDisagree: no page, or they are not sheets of one licence.
        FieldsUnfit, GlyphMissing, TextOverflow, TextRefused, TemplateBroken, FontBroken: as `set_sheets` does.
    """
    return write(set_sheets(pages))


def write(sheets: Sequence[Sheet]) -> PdfDocument:
    """One document with these pages in this order; their licence is told once, from the first.

    Raises:
        TextRefused: a metadata element's code name is no XML name.
        FontBroken: the installation is damaged.
    """
    page = sheets[0].page
    frame = _frame(tuple(sheet.steady for sheet in sheets), any(sheet.marks for sheet in sheets))
    numbers = frame.numbers
    subsets = {
        name: first.and_also(frozenset().union(*[sheet.characters[name] for sheet in sheets]))
        for name, first in frame.beginnings.items()
    }
    own: list[bytes] = [
        metadata.xmp(numbers.metadata, sheets[0]),
        metadata.information(numbers.information, sheets[0]),
        stream(
            numbers.data,
            b"/Type/EmbeddedFile/Subtype/text#2Fxml/Params<</Size %d/ModDate %b>>"
            % (len(page.data_xml), day(page.created)),
            page.data_xml,
        ),
        _code(numbers.code, next((part.code for sheet in sheets for part in sheet.codes), None)),
    ]
    for number, sheet in zip(numbers.contents, sheets, strict=True):
        own.append(_content(number, sheet, subsets))
    pieces = [*frame.objects, *own]
    lengths = list(map(len, pieces))
    for name, subset in subsets.items():
        kept = subset is frame.beginnings[name]
        first = numbers.fonts[name]
        font = fonts.write_steady(subset, first) if kept else fonts.write(subset, first, page.doc_id)
        pieces += font.pieces
        lengths += font.lengths
    return PdfDocument(
        doc_id=page.doc_id,
        catalog=frame.catalog,
        trailer=frame.trailer,
        pages=frame.pages,
        pieces=tuple(pieces),
        lengths=tuple(lengths),
        places=seal_places(sheets) + riding_places(sheets),
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Who has which object number: catalog and pages, then what is steady, then what is a licence's own."""

    tree: int
    file: int
    backgrounds: tuple[int, ...]
    metadata: int
    information: int
    data: int
    code: int
    contents: tuple[int, ...]
    fonts: dict[FaceName, int]

    @classmethod
    def of(cls, pages: int) -> _Numbers:
        tree = 2 + pages
        own = tree + 2 + pages
        contents = own + 4
        faces = contents + pages
        return cls(
            tree=tree,
            file=tree + 1,
            backgrounds=tuple(range(tree + 2, own)),
            metadata=own,
            information=own + 1,
            data=own + 2,
            code=own + 3,
            contents=tuple(range(contents, faces)),
            fonts={name: faces + index * fonts.OBJECTS for index, name in enumerate(FaceName)},
        )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all documents with the same kinds of pages share."""

    numbers: _Numbers
    beginnings: dict[FaceName, Subset]
    catalog: bytes
    trailer: bytes
    pages: tuple[OpenPage, ...]
    objects: tuple[bytes, ...]


@lru_cache(maxsize=64)
def _frame(steadies: tuple[Steady, ...], marked: bool) -> _Frame:
    numbers = _Numbers.of(len(steadies))
    beginnings = {
        name: beginning(name, frozenset().union(*(one.characters[name] for one in steadies))) for name in FaceName
    }
    pages = tuple(
        OpenPage(
            2 + index,
            *one.size,
            b"/Type/Page/Parent %d 0 R/MediaBox[0 0 %b]/Contents[%d 0 R %d 0 R]%b"
            % (
                numbers.tree,
                " ".join(length(side * content.POINTS) for side in one.size).encode(),
                numbers.backgrounds[index],
                numbers.contents[index],
                content.resources(numbers.fonts, numbers.code),
            ),
        )
        for index, one in enumerate(steadies)
    )
    kids = b" ".join(b"%d 0 R" % page.number for page in pages)
    return _Frame(
        numbers,
        beginnings,
        b"/Type/Catalog/Pages %d 0 R/Lang(zh-CN)/Metadata %d 0 R/AF[%d 0 R]"
        b"/Names<</EmbeddedFiles<</Names[%b %d 0 R]>>>>"
        b"/ViewerPreferences<</DisplayDocTitle true>>/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 5>>>>"
        % (numbers.tree, numbers.metadata, numbers.file, text(_DATA_FILE), numbers.file),
        b"/Info %d 0 R" % numbers.information,
        pages,
        (
            numbered(numbers.tree, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(pages), kids)),
            numbered(
                numbers.file,
                b"<</Type/Filespec/F %b/UF %b/Desc %b/AFRelationship/Data/EF<</F %d 0 R/UF %d 0 R>>>>"
                % (text(_DATA_FILE), text(_DATA_FILE), text(_DATA), numbers.data, numbers.data),
            ),
            *(
                _background(number, one, beginnings, marked)
                for number, one in zip(numbers.backgrounds, steadies, strict=True)
            ),
        ),
    )


def _background(number: int, steady: Steady, subsets: dict[FaceName, Subset], marked: bool) -> bytes:
    """Border and fixed words of one page, deflated; of a marked one the border only, as its marks lie between both."""
    drawn = [content.begin(steady.size[1])]
    for part in steady.background:
        drawn.append(content.lines([part], subsets) if isinstance(part, TextPart) else content.shape(part))
    if not marked:
        drawn.append(content.lines(steady.fixed, subsets))
    data = "\n".join(drawn).encode("ascii")
    return stream(number, b"/Filter/FlateDecode", zlib.compress(data, 9))


def _content(number: int, sheet: Sheet, subsets: dict[FaceName, Subset]) -> bytes:
    drawn = [*(content.code(part) for part in sheet.codes), content.lines(sheet.texts, subsets)]
    if sheet.marks:
        drawn = [content.turned(sheet.marks, subsets), content.lines(sheet.steady.fixed, subsets), *drawn]
        data = "\n".join(drawn).encode("ascii")
        return stream(number, b"/Filter/FlateDecode", zlib.compress(data, 6))
    return stream(number, b"", "\n".join(drawn).encode("ascii"))


def _code(number: int, code: Code | None) -> bytes:
    """The QR code as a picture of one bit a pixel."""
    rows = (b"\xff",) if code is None else code.rows
    # Half of a module's byte is its four pixels; a row of an odd number of modules is filled up to whole bytes.
    odd = "f" * (len(rows) % 2)
    pixels = bytes.fromhex("".join([(row.hex()[::2] + odd) * _MODULE for row in rows]))
    return stream(
        number,
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 1"
        % (len(rows) * _MODULE, len(rows) * _MODULE),
        pixels,
    )
