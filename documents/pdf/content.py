"""Page content: lines of text, border paths and the QR code as PDF operators.

Coordinates stay those of the page's template, millimetres from the top left corner: one matrix at the
beginning turns them into PDF's points, and text is turned upright again line by line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from operator import mul, sub

from documents.fonts import FaceName
from documents.layout import Line
from documents.ornament import Shape, length
from documents.parts import CodePart, TextPart, TurnedPart
from documents.pdf.glyphs import Subset

#: Points in a millimetre.
POINTS = 72 / 25.4
_FONT_NAMES = {FaceName.BODY: "F0", FaceName.TITLE: "F1"}
_OPERATORS = {"M": ("m", 2), "L": ("l", 2), "B": ("c", 6), "C": ("h", 0)}
#: Spacing of less than a thousandth of a millimetre is none.
_NOTHING = 0.001


def resources(fonts: Mapping[FaceName, int], code: int | None) -> bytes:
    """The Resources dictionary that content written here needs; numbers of the fonts' and the code's objects."""
    named = " ".join(f"/{_FONT_NAMES[name]} {number} 0 R" for name, number in fonts.items())
    picture = f"/XObject<</Q {code} 0 R>>" if code is not None else ""
    return f"/Resources<</Font<<{named}>>{picture}>>".encode()


def begin(height: float) -> str:
    """The matrix for a page of this height, mm."""
    return f"{POINTS:.6f} 0 0 -{POINTS:.6f} 0 {height * POINTS:.4f} cm"


@lru_cache(maxsize=256)
def _colour(value: str) -> str:
    return " ".join(length(int(one) / 255) for one in value.split())


def shape(one: Shape) -> str:
    """A path, stroked or filled or both."""
    x, y = one.box[:2]
    words = one.data.split()
    parts: list[str] = []
    if one.stroke:
        parts.append(f"{_colour(one.stroke)} RG {length(one.line)} w")
    if one.fill:
        parts.append(f"{_colour(one.fill)} rg")
    place = 0
    while place < len(words):
        operator, count = _OPERATORS[words[place]]
        values = [float(word) for word in words[place + 1 : place + 1 + count]]
        moved = [length(value + (y if index % 2 else x)) for index, value in enumerate(values)]
        parts.append(" ".join((*moved, operator)))
        place += 1 + count
    parts.append({(True, False): "S", (False, True): "f", (True, True): "B"}[bool(one.stroke), bool(one.fill)])
    return "\n".join(parts)


def code(part: CodePart) -> str:
    """The picture Q drawn upright into its box."""
    x, y, width, height = part.box
    return f"q {length(width)} 0 0 -{length(height)} {length(x)} {length(y + height)} cm /Q Do Q"


@lru_cache(maxsize=256)
def _font(name: FaceName, size: float) -> str:
    return f"/{_FONT_NAMES[name]} {length(size)} Tf"


def lines(parts: Iterable[TextPart], subsets: Mapping[FaceName, Subset]) -> str:
    """Lines of text, one text object for all; colour, face and spacing are written where they change."""
    return _lines(((part, "1 0 0 -1") for part in parts), subsets)


def turned(parts: Iterable[TurnedPart], subsets: Mapping[FaceName, Subset]) -> str:
    """As `lines`, each turned about the beginning of its baseline."""
    return _lines(((part.text, _turn(part.degrees)) for part in parts), subsets)


def _turn(degrees: float) -> str:
    # The page's ordinates grow downward, a font's upward.
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return " ".join(length(value, 5) for value in (cosine, -sine, -sine, -cosine))


def _lines(parts: Iterable[tuple[TextPart, str]], subsets: Mapping[FaceName, Subset]) -> str:
    out: list[str] = ["BT"]
    colour = font = None
    spacing = 0.0
    for part, turn in parts:
        line = part.line
        if part.colour != colour:
            colour = part.colour
            out.append(f"{_colour(colour)} rg")
        wanted_font = _font(part.face, line.size)
        if wanted_font != font:
            font = wanted_font
            out.append(font)
        wanted, shown = _shown(line, subsets[part.face])
        if wanted != spacing:
            spacing = wanted
            out.append(f"{spacing:.4f} Tc")
        out.append(f"{turn} {line.x:.3f} {line.baseline:.3f} Tm {shown}")
    # Spacing outlives the text object, and the next one begins by assuming none.
    out.append("0 Tc ET" if spacing else "ET")
    return "\n".join(out)


def _shown(line: Line, subset: Subset) -> tuple[float, str]:
    """The spacing between all characters of a line, and the operator that shows it."""
    text, size = line.text, line.size
    glyphs = text.translate(subset.codes).encode("utf-16-be").hex()
    ems = map(subset.face.advances.__getitem__, map(ord, text[:-1]))
    steps = tuple(map(mul, ems, repeat(size)))
    if steps == line.advances:
        return 0.0, f"<{glyphs}> Tj"
    spaces = tuple(map(sub, line.advances, steps))
    least, most = min(spaces), max(spaces)
    if most - least < _NOTHING:
        return (0.0 if abs(most) < _NOTHING else round(most, 4)), f"<{glyphs}> Tj"
    # A space is told in thousandths of the size, backwards.
    factor = -1000 / size
    parts: list[str] = []
    start = 0
    for index, space in enumerate(spaces, 1):
        if space > _NOTHING or space < -_NOTHING:
            parts.append(f"<{glyphs[start : 4 * index]}>{space * factor:.0f}")
            start = 4 * index
    parts.append(f"<{glyphs[start:]}>")
    return 0.0, f"[{''.join(parts)}] TJ"
