"""TrueType subsets put together from kept outlines, for fonts that are addressed by glyph number.

A PDF names glyphs by their number, so its fonts need no cmap, no names and no layout tables, and our faces
hold no composite glyphs: a subset is the outlines of its characters one after the other. Joining kept bytes
takes a tenth of what a general subsetter takes, and the numbers are ours: those of a template's own words
come first and are the same in every licence, so what is written with them is written once.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import uharfbuzz as hb

from documents.errors import FontBroken
from documents.fonts import Face, FaceName, face

_TABLES = (b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp")
_MAGIC = 0xB1B0AFBA
_WORD = 0xFFFFFFFF
_ABOVE, _BELOW = 64, (1 << 64) - 1
#: Stands for glyph 0, which no character has.
_NOTDEF = ""


class Glyph(NamedTuple):
    """One glyph: its outline padded to whole words, its advance and left side bearing, its width, and check sums.

    `sums` holds the outline's sum of words above the lowest 64 bits and the metric's below, so that one addition
    adds both.
    """

    outline: bytes
    metric: bytes
    width: int
    sums: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a PDF says about a face, in thousandths of an em."""

    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int


class GlyphTable(dict[str, Glyph]):
    """The glyphs of one face by character, read from the file when first asked for and kept."""

    def __init__(self, opened: Face) -> None:
        """Raises FontBroken when the face has no plain TrueType outlines."""
        super().__init__()
        self._name = opened.path.name
        # The map outlives its file handle; pages nobody asks for are never read.
        with opened.path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._font: Any = hb.Font(hb.Face(hb.Blob.from_file_path(str(opened.path))))
        try:
            self._read()
        except (KeyError, struct.error):
            raise self._broken() from None

    def _read(self) -> None:
        (count,) = struct.unpack_from(">H", self._data, 4)
        tables: dict[bytes, tuple[int, int]] = {}
        for index in range(count):
            tag, _, offset, size = struct.unpack_from(">4s3L", self._data, 12 + 16 * index)
            tables[tag] = (offset, size)
        self._offset = {tag: tables[tag][0] for tag in _TABLES}
        self.head, self.hhea, self.maxp = (self._table(tables[tag]) for tag in (b"head", b"hhea", b"maxp"))
        self._count = struct.unpack_from(">H", self.maxp, 4)[0]
        self._long_metrics = struct.unpack_from(">H", self.hhea, 34)[0]
        self.units, long_offsets = (
            struct.unpack_from(">H", self.head, 18)[0],
            struct.unpack_from(">h", self.head, 50)[0],
        )
        if long_offsets != 1 or not self._long_metrics:
            raise self._broken()
        scale = 1000 / self.units
        cap_height = struct.unpack_from(">h", self._data, tables[b"OS/2"][0] + 88)[0]
        ascent, descent = struct.unpack_from(">hh", self.hhea, 4)
        left, bottom, right, top = (round(one * scale) for one in struct.unpack_from(">4h", self.head, 36))
        self.metrics = Metrics(
            (left, bottom, right, top), round(ascent * scale), round(descent * scale), round(cap_height * scale)
        )

    def _broken(self) -> FontBroken:
        return FontBroken(
            f"the font {self._name} has no plain TrueType outlines; nothing can be drawn. "
            "Lay it there again from the release."
        )

    def _table(self, place: tuple[int, int]) -> bytes:
        return self._data[place[0] : place[0] + place[1]]

    def __missing__(self, character: str) -> Glyph:
        number = 0 if character == _NOTDEF else self._font.get_nominal_glyph(ord(character))
        if number is None or number >= self._count:
            raise self._broken()
        start, end = struct.unpack_from(">2L", self._data, self._offset[b"loca"] + 4 * number)
        outline = self._data[self._offset[b"glyf"] + start : self._offset[b"glyf"] + end]
        # A composite outline names other glyphs by their old numbers.
        if outline[:1] >= b"\x80":
            raise self._broken()
        outline += bytes(-len(outline) % 4)
        metric = self._metric(number)
        advance = struct.unpack_from(">H", metric)[0]
        width = round(advance * 1000 / self.units)
        glyph = Glyph(outline, metric, width, _sum(outline) % (_WORD + 1) << _ABOVE | _sum(metric))
        self[character] = glyph
        return glyph

    def _metric(self, number: int) -> bytes:
        start = self._offset[b"hmtx"]
        if number < self._long_metrics:
            return self._data[start + 4 * number : start + 4 * number + 4]
        advance = start + 4 * (self._long_metrics - 1)
        bearing = start + 4 * self._long_metrics + 2 * (number - self._long_metrics)
        return self._data[advance : advance + 2] + self._data[bearing : bearing + 2]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Subset:
    """Glyph 0 and then one glyph for each of `characters`, numbered from 1 in this order.

    `codes` turns text into glyph numbers by `str.translate`; `widths` are thousandths of an em, glyph 0's first.
    """

    face: Face
    characters: str
    known: frozenset[str]
    codes: dict[int, int]
    widths: tuple[int, ...]
    outlines: tuple[bytes, ...]
    metrics: bytes
    sums: int

    def and_also(self, characters: frozenset[str]) -> Subset:
        """This subset with further characters behind its own; those it has already are passed over."""
        new = characters - self.known
        if not new:
            return self
        more = sorted(new)
        glyphs = map(table(self.face.name).__getitem__, more)
        outlines, metrics, widths, sums = zip(*glyphs, strict=True)
        first = len(self.characters) + 1
        return Subset(
            self.face,
            self.characters + "".join(more),
            self.known | new,
            self.codes | dict(zip(map(ord, more), range(first, first + len(more)), strict=True)),
            self.widths + widths,
            self.outlines + outlines,
            self.metrics + b"".join(metrics),
            self.sums + sum(sums),
        )

    def file(self) -> tuple[bytes, ...]:
        """The TrueType font (glyf, head, hhea, hmtx, loca, maxp) in pieces, with right check sums."""
        kept = table(self.face.name)
        count = len(self.outlines)
        offsets = (0, *accumulate(map(len, self.outlines)))
        loca = struct.pack(f">{count + 1}L", *offsets)
        head = kept.head[:8] + bytes(4) + kept.head[12:]
        hhea = kept.hhea[:34] + struct.pack(">H", count)
        maxp = kept.maxp[:4] + struct.pack(">H", count) + kept.maxp[6:]
        contents = (
            (offsets[-1], self.sums >> _ABOVE),
            (len(head), _sum(head + bytes(2))),
            (len(hhea), _sum(hhea)),
            (len(self.metrics), self.sums & _BELOW),
            (len(loca), sum(offsets)),
            (len(maxp), _sum(maxp)),
        )
        place = 12 + 16 * len(_TABLES)
        directory = [struct.pack(">LHHHH", 0x00010000, len(_TABLES), 64, 2, 32)]
        total = 0
        for tag, (size, check) in zip(_TABLES, contents, strict=True):
            directory.append(struct.pack(">4s3L", tag, check & _WORD, place, size))
            total += check
            place += size + -size % 4
        begin = b"".join(directory)
        adjusted = head[:8] + struct.pack(">L", (_MAGIC - total - _sum(begin)) & _WORD) + head[12:] + bytes(2)
        return begin, b"".join(self.outlines), b"".join((adjusted, hhea, self.metrics, loca, maxp))


def _sum(data: bytes) -> int:
    """The sum of the words of `data`, whose length is a multiple of 4."""
    return sum(struct.unpack(f">{len(data) // 4}L", data))


@cache
def table(name: FaceName) -> GlyphTable:
    """The kept glyphs of a face. Raises FontBroken as `documents.fonts.face` does."""
    return GlyphTable(face(name))


@lru_cache(maxsize=256)
def beginning(name: FaceName, characters: frozenset[str]) -> Subset:
    """The subset that every licence of a template begins with, kept."""
    opened = face(name)
    notdef = table(name)[_NOTDEF]
    empty = Subset(
        opened,
        "",
        frozenset(),
        {},
        (notdef.width,),
        (notdef.outline,),
        notdef.metric,
        notdef.sums,
    )
    return empty.and_also(characters)
