"""What a plain sheet says as a row of blocks, each of which stands whole on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from documents.fonts import FaceName
from documents.layout import Align
from documents.parts import TextPart
from documents.plain.look import BOTTOM, INK, LABEL, LEFT, ROOM, TOP, bold, one_line
from documents.plain.paragraphs import SetLine, wrapped
from documents.plain.tables import HEADING_HEIGHT, Columns, Segment, columns_of, row_height, rows_of
from documents.plain.words import Sheet, Table
from documents.setting import BASELINE_DROP

_SIZE, _LEADING = 4.0, 1.6
_NOTE_SIZE, _NOTE_LEADING = 3.5, 1.5
_LABEL_MOST: Final = 44.0
_GAP: Final = 4.0
_INDENT: Final = 2 * _NOTE_SIZE
_NOTES: Final = "说明"


@dataclass(slots=True)
class Draft:
    """A page while it is filled. `shades` and `rules` are x, y, width, height; `grid` goes from place to place."""

    texts: list[TextPart] = field(default_factory=list)
    grid: list[Segment] = field(default_factory=list)
    shades: list[Segment] = field(default_factory=list)
    rules: list[Segment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """Something of a height in mm, and what draws it below a y. `keep`: it stands on one page with the next one.

    `again` is drawn above it where a page begins with it.
    """

    height: float
    draw: Callable[[Draft, float], None]
    keep: bool = False
    again: Block | None = None


def blocks_of(sheet: Sheet, end: float) -> Iterator[Block]:
    """All blocks of a sheet but its head and its end, which takes `end` mm.

    Raises:
        FieldsUnfit, GlyphMissing, TextRefused: what cannot be set.
    """
    yield from _lines(sheet)
    for table in sheet.tables:
        yield from _table(table, end)
    yield from _notes(sheet)


def _lines(sheet: Sheet) -> Iterator[Block]:
    """Labels in a column as wide as the longest, the words beside them."""
    labels = [wrapped("label", label, _SIZE, _LABEL_MOST, bold(label)) for label, _ in sheet.lines]
    natural = [one_line(label, y=0, size=_SIZE, name=bold(label)).line.width for label, _ in sheet.lines]
    column = min(max(natural, default=0.0), _LABEL_MOST) + _GAP
    for left, (label, words) in zip(labels, sheet.lines, strict=True):
        right = wrapped(f"line {label}", words, _SIZE, ROOM - column)
        for number in range(max(len(left), len(right))):
            yield Block(_SIZE * _LEADING, partial(_line, left[number : number + 1], right[number : number + 1], column))


def _line(left: list[SetLine], right: list[SetLine], column: float, draft: Draft, top: float) -> None:
    baseline = top + _SIZE * (_LEADING / 2 + BASELINE_DROP)
    draft.texts += [one.at(LEFT, _LABEL_MOST, baseline, _SIZE, LABEL, Align.LEFT) for one in left]
    draft.texts += [one.at(LEFT + column, ROOM - column, baseline, _SIZE, INK, Align.LEFT) for one in right]


def _table(table: Table, end: float) -> Iterator[Block]:
    columns = columns_of(table)
    height = _GAP + HEADING_HEIGHT + columns.head_height
    head = Block(height, partial(_head, columns, False), keep=bool(table.rows))
    again = Block(height - _GAP, partial(_head, columns, True))
    yield head
    for row in rows_of(table, columns, BOTTOM - TOP - again.height - end):
        yield Block(row_height(row), partial(_row, columns, row), again=again)


def _head(columns: Columns, again: bool, draft: Draft, top: float) -> None:
    y = top if again else top + _GAP
    draft.texts.append(columns.heading_part(y, again=again))
    y += HEADING_HEIGHT
    draft.shades.append((LEFT, y, ROOM, columns.head_height))
    draft.grid.append((LEFT, y, LEFT + ROOM, y))
    draft.grid += columns.grid(y, columns.head_height)
    draft.texts += columns.head_parts(y)


def _row(columns: Columns, row: list[list[SetLine]], draft: Draft, top: float) -> None:
    draft.grid += columns.grid(top, row_height(row))
    draft.texts += columns.parts(row, top)


def _notes(sheet: Sheet) -> Iterator[Block]:
    notes = [wrapped("note", note, _NOTE_SIZE, ROOM - _INDENT) for note in sheet.notes]
    if not any(notes):
        return
    yield Block(_GAP + _SIZE * _LEADING, _notes_head, keep=True)
    for note in notes:
        for line in note:
            yield Block(_NOTE_SIZE * _NOTE_LEADING, partial(_note, line))


def _notes_head(draft: Draft, top: float) -> None:
    baseline = top + _GAP + _SIZE * (_LEADING / 2 + BASELINE_DROP)
    draft.texts.append(one_line(_NOTES, y=baseline, size=_SIZE, name=FaceName.TITLE))


def _note(line: SetLine, draft: Draft, top: float) -> None:
    baseline = top + _NOTE_SIZE * (_NOTE_LEADING / 2 + BASELINE_DROP)
    draft.texts.append(line.at(LEFT + _INDENT, ROOM - _INDENT, baseline, _NOTE_SIZE, LABEL, Align.LEFT))
