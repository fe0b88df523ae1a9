"""How a plain sheet looks: A4 upright, its margins, sizes and inks. Lengths are millimetres."""

from __future__ import annotations

from typing import Final

from documents.fonts import FaceName, face
from documents.layout import Align, Line, place
from documents.parts import TextPart

WIDTH: Final = 210.0
HEIGHT: Final = 297.0
#: A slice of a riding seal over two pages is 21 mm wide: it covers no word.
LEFT: Final = 24.0
RIGHT: Final = 24.0
ROOM: Final = WIDTH - LEFT - RIGHT
#: What is said begins and ends here on the pages after the first.
TOP: Final = 30.0
BOTTOM: Final = 272.0

INK: Final = "28 28 28"
LABEL: Final = "58 58 58"
QUIET: Final = "107 107 107"
RULE: Final = "47 111 106"
GRID: Final = "150 160 158"
SHADE: Final = "238 243 240"
TEST: Final = "181 68 58"
TEST_PALE: Final = "246 234 230"


def bold(words: str) -> FaceName:
    """The face for words that stand out. The bold one has the characters of GB 2312 only."""
    return FaceName.BODY if face(FaceName.TITLE).missing(words) else FaceName.TITLE


def one_line(
    words: str,
    *,
    y: float,
    size: float,
    x: float = LEFT,
    width: float = ROOM,
    align: Align = Align.LEFT,
    ink: str = INK,
    name: FaceName = FaceName.BODY,
    spacing: float = 0.0,
) -> TextPart:
    """Words on one line whose baseline is `y`."""
    line: Line = place(words, face(name), x=x, width=width, baseline=y, size=size, align=align, spacing=spacing)
    return TextPart(line, name, ink)
