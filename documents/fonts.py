"""The faces a licence is set in: what they cover, how wide a character is, and subsets to embed.

A file carries its own fonts, because a viewer that guesses by name draws empty boxes. Faces are
opened once per process. There is no fallback face on purpose: a character that the face lacks is
an error before anything is drawn, never a hole on a licence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import uharfbuzz as hb

from documents.errors import FontBroken, GlyphMissing

FOLDER = Path(__file__).parent / "fonts"

#: Layout tables say how to shape vertical or contextual text; a licence sets one glyph per
#: character, so they are dead weight. name and OS/2 stay: viewers refuse a font without them.
_DROPPED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "DSIG", "prep", "gasp")
_DROPPED_TAGS = tuple(int.from_bytes(tag.encode(), "big") for tag in _DROPPED)
_NAMES_KEPT = (0, 1, 2, 3, 4, 5, 6, 13, 14)
_WINDOWS_ENGLISH = 0x0409
_NOT_SET_ALONE = frozenset(("Cc", "Cf", "Mc", "Me", "Mn"))


class FaceName(StrEnum):
    """How a template calls a face."""

    BODY = "body"
    TITLE = "title"


_FILES = {
    FaceName.BODY: ("NotoSerifSC-Regular.ttf", "NotoSerifSC-Regular", "Noto Serif SC"),
    FaceName.TITLE: ("NotoSerifSC-Bold-GB2312.ttf", "NotoSerifSC-Bold", "Noto Serif SC"),
}


@dataclass(frozen=True, eq=False)
class Face:
    """One opened font file.

    `advances` maps every code point a licence may use to its advance in ems. Invisible and
    combining characters are not among them even where the font has them: a licence sets one glyph
    per character, and what cannot be seen on it must not be in it. `characters` are the same as text.
    """

    name: FaceName
    path: Path
    postscript_name: str
    family: str
    advances: dict[int, float]
    characters: frozenset[str]
    face: Any

    def missing(self, text: str) -> tuple[str, ...]:
        """The code points of `text` this face lacks, as "U+4E00", each once, in order of appearance."""
        lacking = dict.fromkeys(character for character in text if ord(character) not in self.advances)
        return tuple(f"U+{ord(character):04X}" for character in lacking)

    def check(self, field: str, text: str) -> None:
        """Raises GlyphMissing, naming `field` and the code points, when the face lacks a character of `text`."""
        if not self.characters.issuperset(text):
            raise GlyphMissing(field, self.missing(text), self.path.name)

    def subset(self, text: Iterable[str]) -> bytes:
        """A TrueType font with the glyphs of these characters only; the same characters give the same bytes.

        Keeps cmap, name, OS/2, post, hmtx and glyf, so that a viewer maps characters by itself.
        """
        return self.cut(self.wanted(text))

    def wanted(self, text: Iterable[str]) -> hb.SubsetInput:
        """What HarfBuzz is asked for: a subset for these characters."""
        wanted = hb.SubsetInput()
        wanted.unicode_set.update(set(map(ord, text)))
        wanted.drop_table_tag_set.update(_DROPPED_TAGS)
        wanted.name_id_set.clear()
        wanted.name_id_set.update(_NAMES_KEPT)
        wanted.name_lang_id_set.clear()
        wanted.name_lang_id_set.update((_WINDOWS_ENGLISH,))
        wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE
        return wanted

    def cut(self, wanted: hb.SubsetInput) -> bytes:
        """The font that `wanted` asks for."""
        return bytes(hb.subset(self.face, wanted).blob.data)


@cache
def face(name: FaceName) -> Face:
    """The face of this name, opened at the first call.

    Raises:
        FontBroken: the file is absent or is no font with outlines for at least one character.
    """
    file_name, postscript_name, family = _FILES[name]
    path = FOLDER / file_name
    if not path.is_file():
        raise FontBroken(f"the font {path} is absent; nothing can be drawn. Lay it there again from the release.")
    opened = hb.Face(hb.Blob.from_file_path(str(path)))
    font = hb.Font(opened)
    advances: dict[int, float] = {}
    for code_point in opened.unicodes:
        if unicodedata.category(chr(code_point)) in _NOT_SET_ALONE:
            continue
        glyph = font.get_nominal_glyph(code_point)
        if glyph:
            advances[code_point] = font.get_glyph_h_advance(glyph) / opened.upem
    if not advances:
        raise FontBroken(f"the font {path} is damaged; nothing can be drawn. Lay it there again from the release.")
    return Face(
        name, path, postscript_name, family, advances, frozenset(map(chr, advances)), hb.subset_preprocess(opened)
    )


@lru_cache(maxsize=64)
def steady_subset(name: FaceName, text: str) -> bytes:
    """`subset` for text that returns with every licence of a template (its title and labels), kept."""
    return face(name).subset(text)
