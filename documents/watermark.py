"""Marks slantwise across each whole page, as of an annotated copy 加注件: for whom, what for and until when.

They lie on the paper and the border and under the words, so that a reader loses no word of the document and a
forger finds no page without them. Every block tells everything; the page is covered with as many as it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from documents.errors import TextOverflow
from documents.fonts import FaceName, face
from documents.layout import Align, Fitted, Line, Paragraph, place
from documents.parts import CopyNote, TextPart, TurnedPart


@dataclass(frozen=True, slots=True, repr=False)
class Watermark:
    """What each block says: a title and lines below it; and in the margins, level, the banner.

    Attributes:
        lines: each with a key by which an error names it, what is set before the value, and the value.
    """

    title: str
    lines: tuple[tuple[str, str, str], ...]
    banner: str = ""

    def __repr__(self) -> str:
        return f"Watermark({self.title})"


TITLE = "加注件"
#: What is set before each of the note's three values, and the key an error names it by.
_LINES = (("copy_receiver", "使用单位："), ("copy_cause", "用途："), ("copy_until", "有效期至："))
#: In the margin, level, in a colour that outlives a black and white copier; it is as long on every copy.
_BANNER = "加注件　仅限所注用途　非证照原件"

#: How steeply the lines rise, and their ink: paler than any word, darker than the paper.
_DEGREES = 28.0
_INK, _BANNER_INK = "222 186 182", "176 58 50"
#: All of these are for a page 210 mm high; larger and smaller ones grow and shrink with their lower side.
_LOWER_SIDE = 210.0
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 92.0, 58.0, 14.0, 16.0
_SIZE, _LEAST, _LEADING, _TITLE_SIZE = 5.0, 2.8, 1.35, 9.0
_BANNER_SIZE, _BANNER_BASELINE = 3.4, 5.6


def of_copy(note: CopyNote) -> Watermark:
    """The marks of an annotated copy."""
    values = (note.receiver, note.cause, note.until)
    lines = tuple((key, prefix, value) for (key, prefix), value in zip(_LINES, values, strict=True))
    return Watermark(TITLE, lines, _BANNER)


def marks(mark: Watermark, size: tuple[float, float]) -> tuple[TurnedPart, ...]:
    """All lines of all blocks for a page of this size in mm; none reaches over the page's edge.

    Raises:
        GlyphMissing: the face lacks a character of the mark.
        TextOverflow: it is too long for a block at the smallest size.
    """
    width, height = size
    scale = min(size) / _LOWER_SIDE
    lines, block_height = _block(mark, scale)
    steps = _WIDTH + _GAP_X, block_height / scale + _GAP_Y
    found = [*_banner(mark.banner, width, height, scale)] if mark.banner else []
    for left, top in _places(size, steps[0] * scale, steps[1] * scale):
        for part in lines:
            turned = _turned(part, left, top, size)
            if _inside(turned, size):
                found.append(turned)
    return tuple(found)


def characters(mark: Watermark) -> dict[FaceName, frozenset[str]]:
    """All that the marks use of each face."""
    words = "".join(prefix + value for _, prefix, value in mark.lines)
    return {FaceName.BODY: frozenset(words), FaceName.TITLE: frozenset(mark.title + mark.banner)}


@lru_cache(maxsize=64)
def _block(mark: Watermark, scale: float) -> tuple[tuple[TextPart, ...], float]:
    """One block, level, its middle at the origin; and its height."""
    opened = face(FaceName.BODY)
    face(FaceName.TITLE).check("watermark", mark.title + mark.banner)
    width = _WIDTH * scale
    paragraphs: list[Paragraph] = []
    for key, prefix, value in mark.lines:
        opened.check(key, value)
        paragraphs.append(Paragraph(prefix + value, opened))
    title_size = _TITLE_SIZE * scale
    size = _SIZE * scale
    while True:
        wrapped = [paragraph.wrap(size, width) for paragraph in paragraphs]
        rows = sum(len(cuts) - 1 for cuts in wrapped)
        height = title_size * _LEADING + rows * size * _LEADING
        if height <= _HEIGHT * scale:
            break
        size = round(size - 0.1, 3)
        if size < _LEAST * scale:
            key, _, value = max(mark.lines, key=lambda line: len(line[2]))
            raise TextOverflow(key, len(value), f"a block of the watermark, {_WIDTH:g} x {_HEIGHT:g} mm")
    left, baseline = -width / 2, -height / 2 + title_size * 0.95
    title = place(
        mark.title,
        face(FaceName.TITLE),
        x=left,
        width=width,
        baseline=baseline,
        size=title_size,
        spacing=title_size * 0.3,
    )
    set_lines = [TextPart(title, FaceName.TITLE, _INK)]
    baseline += size * _LEADING + title_size * (_LEADING - 0.95)
    for paragraph, cuts in zip(paragraphs, wrapped, strict=True):
        placed = paragraph.place_all(
            Fitted(size, cuts),
            x=left,
            width=width,
            first_baseline=baseline,
            leading=_LEADING,
            align=Align.LEFT,
            spacing=0.0,
        )
        set_lines += [TextPart(line, FaceName.BODY, _INK) for line in placed]
        baseline += len(placed) * size * _LEADING
    return tuple(set_lines), height


def _places(size: tuple[float, float], across: float, down: float) -> Iterator[tuple[float, float]]:
    """The middles of the blocks, in rows along the slant, every second row moved by half a step.

    The first one stands in the middle of the page, where a whole block fits whatever the note says.
    """
    reach = math.hypot(*size)
    cosine, sine = _turn()
    for row in range(-int(reach / down) - 1, int(reach / down) + 2):
        for column in range(-int(reach / across) - 1, int(reach / across) + 2):
            along, below = (column + row % 2 / 2) * across, row * down
            x = size[0] / 2 + along * cosine + below * sine
            y = size[1] / 2 - along * sine + below * cosine
            if -across < x < size[0] + across and -across < y < size[1] + across:
                yield x, y


def _turned(part: TextPart, x: float, y: float, size: tuple[float, float]) -> TurnedPart:
    """A line of the block whose middle is at (x, y), turned with it."""
    cosine, sine = _turn()
    line = part.line
    along, below = line.x, line.baseline
    moved = Line(
        line.text,
        x + along * cosine + below * sine,
        y - along * sine + below * cosine,
        line.size,
        line.advances,
        line.width,
    )
    return TurnedPart(TextPart(moved, part.face, part.colour), _DEGREES)


def _turn() -> tuple[float, float]:
    angle = math.radians(_DEGREES)
    return math.cos(angle), math.sin(angle)


def _inside(part: TurnedPart, size: tuple[float, float]) -> bool:
    x, y, width, height = turned_box(part)
    return x >= 0 and y >= 0 and x + width <= size[0] and y + height <= size[1]


def turned_box(part: TurnedPart) -> tuple[float, float, float, float]:
    """The upright box `x y w h` around a turned line, ascenders and descenders included."""
    angle = math.radians(part.degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    line = part.text.line
    corners = [
        (line.x + along * cosine + below * sine, line.baseline - along * sine + below * cosine)
        for along in (0.0, line.width + line.size * 0.1)
        for below in (-line.size * 0.95, line.size * 0.3)
    ]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    return left, top, max(x for x, _ in corners) - left, max(y for _, y in corners) - top


def _banner(words: str, width: float, height: float, scale: float) -> Iterator[TurnedPart]:
    """Level lines in the upper and lower margin."""
    size = _BANNER_SIZE * scale
    for baseline in (_BANNER_BASELINE * scale, height - (_BANNER_BASELINE - _BANNER_SIZE * 0.75) * scale):
        line = place(
            words,
            face(FaceName.TITLE),
            x=0.0,
            width=width,
            baseline=baseline,
            size=size,
            align=Align.CENTRE,
            spacing=size * 0.15,
        )
        yield TurnedPart(TextPart(line, FaceName.TITLE, _BANNER_INK), 0.0)
