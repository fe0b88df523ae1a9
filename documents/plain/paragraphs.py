"""Words of any length as set lines: wrapped, checked for what the face and XML cannot hold, to be placed later."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from documents.fonts import FaceName, face
from documents.layout import Align, Paragraph
from documents.parts import TextPart
from documents.sheet import legal


@dataclass(frozen=True, slots=True)
class SetLine:
    """One line of a paragraph, to be placed at any height. `last` lines are not pushed to the right edge."""

    paragraph: Paragraph
    start: int
    end: int
    last: bool
    name: FaceName

    def at(self, x: float, width: float, baseline: float, size: float, ink: str, align: Align) -> TextPart:
        """The line between `x` and `x + width`."""
        line = self.paragraph.place(
            self.start,
            self.end,
            x=x,
            width=width,
            baseline=baseline,
            size=size,
            align=align,
            justify=not self.last,
        )
        return TextPart(line, self.name, ink)


def wrapped(where: str, words: str, size: float, width: float, name: FaceName = FaceName.BODY) -> list[SetLine]:
    """The lines of some words; a line feed in them begins a new one. None for no words.

    Args:
        where: what an error calls them.

    Raises:
        GlyphMissing: the face lacks a character.
        TextRefused: it holds what XML cannot hold.
    """
    found: list[SetLine] = []
    for line in checked(where, words, name).splitlines():
        text = line.strip()
        if not text:
            continue
        paragraph = Paragraph(text, face(name))
        cuts = paragraph.wrap(size, width)
        found += [SetLine(paragraph, start, end, end == len(text), name) for start, end in pairwise(cuts)]
    return found


def checked(where: str, words: str, name: FaceName = FaceName.BODY) -> str:
    """The words, unchanged. Raises as `wrapped`."""
    face(name).check(where, "".join(legal(where, words).splitlines()))
    return words
