"""Tables of a plain sheet: how wide each column is, and each row as one or more pieces that fit a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from documents.errors import FieldsUnfit
from documents.fonts import FaceName, face
from documents.layout import Align
from documents.parts import TextPart
from documents.plain.look import INK, LABEL, LEFT, ROOM, bold, one_line
from documents.plain.paragraphs import SetLine, checked, wrapped
from documents.plain.words import Table
from documents.setting import BASELINE_DROP

SIZE: Final = 3.5
LEADING: Final = 1.42
PADDING: Final = 1.6
_ABOVE: Final = 1.3
HEADING_SIZE: Final = 4.3
HEADING_HEIGHT: Final = 8.2
_WORD: Final = re.compile(r"[0-9A-Za-z.\-_/@&+#:]+")
#: A word longer than this does not widen its column, it is cut; a column is never narrower than two characters.
_LONGEST_WORD, _LEAST = 46.0, 2 * SIZE
#: A column none of whose values is wider is centred, as short words and numbers are in Chinese tables.
_SHORT: Final = 9 * SIZE

Segment = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns: where each begins and how wide it is, its head, and how its values are set."""

    heading: str
    places: tuple[tuple[float, float], ...]
    heads: tuple[list[SetLine], ...]
    aligns: tuple[Align, ...]

    @property
    def head_height(self) -> float:
        """Of the row of column heads."""
        return _height(max(len(lines) for lines in self.heads))

    def heading_part(self, top: float, *, again: bool) -> TextPart:
        """The table's heading, on a page where it goes on with a word to say so."""
        words = f"{self.heading}（续）" if again else self.heading
        name = bold(words)
        return one_line(words, y=top + HEADING_HEIGHT * 0.62, size=HEADING_SIZE, name=name, ink=INK)

    def head_parts(self, top: float) -> Iterator[TextPart]:
        """The column heads in a row whose upper edge is `top`."""
        centred = [Align.CENTRE] * len(self.heads)
        return _cells(self.heads, self.places, centred, top, self.head_height, LABEL)

    def parts(self, row: Sequence[list[SetLine]], top: float) -> Iterator[TextPart]:
        """The values of a row whose upper edge is `top`."""
        return _cells(row, self.places, self.aligns, top, row_height(row), INK)

    def grid(self, top: float, height: float) -> Iterator[Segment]:
        """The lines around and between the cells of a row, but for the upper one."""
        for x, _ in self.places:
            yield (x, top, x, top + height)
        yield (LEFT + ROOM, top, LEFT + ROOM, top + height)
        yield (LEFT, top + height, LEFT + ROOM, top + height)


def row_height(row: Sequence[list[SetLine]]) -> float:
    """Of a row of set values."""
    return _height(max((len(lines) for lines in row), default=1))


def columns_of(table: Table) -> Columns:
    """The columns of a table.

    Raises:
        FieldsUnfit: no column, a head without words, or widths or a row that do not have one value a column.
        GlyphMissing, TextRefused: a value that cannot be set.
    """
    _check(table)
    # every value is measured for it, which given widths make needless
    natural = [] if table.widths else [_natural(table, index) for index in range(len(table.columns))]
    widths = _given(table) if table.widths else _shared(table, natural)
    places, x = [], LEFT
    for width in widths:
        places.append((x, width))
        x += width
    heads = tuple(
        wrapped(f"column {head}", head, SIZE, width - 2 * PADDING, bold(head))
        for head, width in zip(table.columns, widths, strict=True)
    )
    # Given widths say which columns are narrow, so that tables of one kind look alike whatever is in them.
    reach = [width - 2 * PADDING for width in widths] if table.widths else natural
    aligns = tuple(
        Align.CENTRE if one <= _SHORT and one + 2 * PADDING <= width + 1e-6 else Align.LEFT
        for one, width in zip(reach, widths, strict=True)
    )
    return Columns(table.heading, tuple(places), heads, aligns)


def rows_of(table: Table, columns: Columns, most: float) -> Iterator[list[list[SetLine]]]:
    """The rows, set; one that is higher than `most` mm in pieces that are not."""
    lines = int((most - 2 * _ABOVE) / (SIZE * LEADING))
    for row in table.rows:
        cells = [
            wrapped(f"column {head}", value, SIZE, width - 2 * PADDING)
            for head, value, (_, width) in zip(table.columns, row, columns.places, strict=True)
        ]
        longest = max(1, *(len(cell) for cell in cells))
        for first in range(0, longest, lines):
            yield [cell[first : first + lines] for cell in cells]


def _check(table: Table) -> None:
    checked("table heading", table.heading, bold(table.heading))
    count = len(table.columns)
    unfit = next((number for number, row in enumerate(table.rows, 1) if len(row) != count), None)
    if not count or not all(head.strip() for head in table.columns) or unfit or len(table.widths) not in (0, count):
        where = f"row {unfit} has another number of values" if unfit else "a head or a width is missing"
        raise FieldsUnfit(
            f"a table of {count} columns cannot be drawn: {where}. Nothing was drawn; give each column its head and "
            "each row one value a column."
        )


def _cells(
    cells: Sequence[list[SetLine]],
    places: Sequence[tuple[float, float]],
    aligns: Sequence[Align],
    top: float,
    height: float,
    ink: str,
) -> Iterator[TextPart]:
    step = SIZE * LEADING
    for lines, (x, width), align in zip(cells, places, aligns, strict=True):
        first = top + height / 2 - (len(lines) - 1) * step / 2 + SIZE * BASELINE_DROP
        for number, line in enumerate(lines):
            yield line.at(x + PADDING, width - 2 * PADDING, first + number * step, SIZE, ink, align)


def _height(lines: int) -> float:
    return max(1, lines) * SIZE * LEADING + 2 * _ABOVE


def _given(table: Table) -> list[float]:
    whole = sum(table.widths)
    return [ROOM * share / whole for share in table.widths]


def _shared(table: Table, natural: Sequence[float]) -> list[float]:
    """Room for every word first; what is left goes to those who would need more, or to all when nobody does."""
    wanted = [one + 2 * PADDING for one in natural]
    if sum(wanted) <= ROOM:
        return [one + (ROOM - sum(wanted)) * one / sum(wanted) for one in wanted]
    least = [min(one + 2 * PADDING, _least(table, index, one) + 2 * PADDING) for index, one in enumerate(natural)]
    if sum(least) >= ROOM:
        return [ROOM * one / sum(least) for one in least]
    # By the root: a column of long texts needs more lines, it should not starve the others.
    more = [(one - low) ** 0.5 for one, low in zip(wanted, least, strict=True)]
    return [low + (ROOM - sum(least)) * part / sum(more) for low, part in zip(least, more, strict=True)]


def _values(table: Table, index: int) -> Iterator[str]:
    yield table.columns[index]
    for row in table.rows:
        yield from row[index].splitlines()


def _natural(table: Table, index: int) -> float:
    """How wide the column would be, in mm, if no value were wrapped."""
    return max(_width(text) for text in _values(table, index)) + 0.01


def _least(table: Table, index: int, natural: float) -> float:
    """As wide as its longest word; short values are kept on one line."""
    if natural <= _SHORT:
        return natural
    words = (_width(word) for text in _values(table, index) for word in _WORD.findall(text))
    return max(_LEAST, *(min(one, _LONGEST_WORD) for one in (0.0, *words)))


def _width(text: str) -> float:
    advances = face(FaceName.BODY).advances
    # What the face lacks is told where the text is set.
    return sum(advances.get(ord(character), 1.0) for character in text) * SIZE
