"""A subset as the five objects a PDF needs for it (ISO 32000-1, 9.7): text is found again by ToUnicode."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from documents.fonts import FaceName
from documents.pdf.glyphs import Subset, table
from documents.pdf.objects import numbered, stream, stream_pieces

#: How many objects one font takes; the first is the one pages refer to.
OBJECTS = 5
_TAGS = str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP")
_TAG_LENGTH = 6
#: Symbolic: its glyphs are not those of the standard Latin set.
_SYMBOLIC, _SERIF, _BOLD = 1 << 2, 1 << 1, 1 << 18
#: A range of ToUnicode must not cross a change of the first byte.
_ROW = 256
_CMAP_HEAD = (
    b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    b"/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def\n"
    b"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><ffff>\nendcodespacerange\n"
)
_CMAP_TAIL = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"


@dataclass(frozen=True, slots=True)
class Font:
    """A font's objects: their bytes in pieces, and how many bytes each object has."""

    pieces: tuple[bytes, ...]
    lengths: tuple[int, ...]


def write(subset: Subset, first: int, doc_id: str) -> Font:
    """The font's objects, numbered from `first`; `doc_id` tells the subsets of several files apart."""
    # The outlines stay as they are: deflating them takes longer than all the rest of a licence.
    return _write(subset, first, doc_id[:_TAG_LENGTH].translate(_TAGS), subset.file(), b"")


@lru_cache(maxsize=64)
def write_steady(subset: Subset, first: int) -> Font:
    """As `write`, deflated and kept, for a subset that returns with every licence of a template."""
    file = b"".join(subset.file())
    packed = zlib.compress(file, 9)
    return _write(subset, first, "STEADY", (packed,), b"/Filter/FlateDecode/Length1 %d" % len(file))


def _write(subset: Subset, first: int, tag: str, file: Sequence[bytes], entries: bytes) -> Font:
    opened = subset.face
    name = f"{tag}+{opened.postscript_name}".encode()
    metrics = table(opened.name).metrics
    flags = _SYMBOLIC | _SERIF | (_BOLD if opened.name is FaceName.TITLE else 0)
    objects = (
        numbered(
            first,
            b"<</Type/Font/Subtype/Type0/BaseFont/%b/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (name, first + 1, first + 4),
        ),
        numbered(
            first + 1,
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%b/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            b"/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW 1000/W[%b]>>"
            % (name, first + 2, _widths(subset)),
        ),
        numbered(
            first + 2,
            b"<</Type/FontDescriptor/FontName/%b/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d"
            b"/CapHeight %d/StemV %d/FontFile2 %d 0 R>>"
            % (
                name,
                flags,
                *metrics.box,
                metrics.ascent,
                metrics.descent,
                metrics.cap_height,
                140 if flags & _BOLD else 80,
                first + 3,
            ),
        ),
    )
    program = stream_pieces(first + 3, entries or b"/Length1 %d" % sum(map(len, file)), file)
    unicode = stream(first + 4, b"", _to_unicode(subset))
    return Font(
        (*objects, *program, unicode),
        (*map(len, objects), sum(map(len, program)), len(unicode)),
    )


def _widths(subset: Subset) -> bytes:
    """The widths that are not a whole em."""
    return "".join([f"{number}[{width}]" for number, width in enumerate(subset.widths) if width != 1000]).encode()


def _to_unicode(subset: Subset) -> bytes:
    """The CMap from glyph numbers to characters; the characters of a range stand one after the other."""
    parts = [_CMAP_HEAD]
    # Glyph 0 is no character, so the first range is one shorter.
    first, count = 1, len(subset.characters)
    while first <= count:
        last = min(count, first | _ROW - 1)
        told = _bracketed(subset.characters[first - 1 : last])
        parts.append(b"1 beginbfrange\n<%04x><%04x>[%b]\nendbfrange\n" % (first, last, told))
        first = last + 1
    return b"".join((*parts, _CMAP_TAIL))


def _bracketed(characters: str) -> bytes:
    if characters and max(characters) <= "\uffff":
        return b"<" + characters.encode("utf-16-be").hex("|", 2).replace("|", "><").encode() + b">"
    return "".join([f"<{one.encode('utf-16-be').hex()}>" for one in characters]).encode()
