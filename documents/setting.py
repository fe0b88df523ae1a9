"""Setting one licence's words into its template: which size fits, where each line stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from documents.errors import TextOverflow
from documents.fonts import FaceName, face
from documents.layout import Fitted, Line, Paragraph, place
from documents.ornament import Shape, background
from documents.parts import Steady, TextPart
from documents.template import Row, SheetKind, Template, Text
from documents.template_files import load

#: How far the baseline lies below the middle of a character's body, in ems of these faces.
BASELINE_DROP = 0.36


def set_row(template: Template, row: Row, value: str, *, tagged: bool) -> list[TextPart]:
    """The lines of one value, its prefix a part of its own, so that a tag finds the bare value.

    Raises:
        GlyphMissing: the face lacks a character of it.
        TextOverflow: it does not fit at the row's smallest size.
    """
    opened = face(row.face)
    try:
        paragraph = Paragraph(row.prefix + value, opened)
    except KeyError:
        opened.check(row.key, value)
        raise
    fitted = paragraph.fit(
        width=row.width, height=row.height, size=row.size, least=row.least, leading=row.leading, spacing=row.spacing
    )
    # A prefix that has to be broken off its value is no prefix.
    if fitted is None or fitted.cuts[1] <= len(row.prefix):
        room = f"{row.width:g} x {row.height:g} mm at {row.least:g} mm"
        raise TextOverflow(row.key, len(value), room)
    # A box fills from its first line, which stands beside the label; a plain row is centred on it.
    above = 0.0 if _is_box(row) else (fitted.lines - 1) * fitted.size * row.leading / 2
    lines_set = paragraph.place_all(
        fitted,
        x=row.x,
        width=row.width,
        first_baseline=_middle(row) - above + fitted.size * BASELINE_DROP,
        leading=row.leading,
        align=row.align,
        spacing=row.spacing,
    )
    colour = template.colour(row.colour)
    parts: list[TextPart] = []
    if row.prefix:
        before, rest = _cut(lines_set[0], len(row.prefix))
        parts.append(TextPart(before, row.face, colour))
        lines_set = [rest, *lines_set[1:]]
    return parts + [TextPart(line, row.face, colour, row.key if tagged else None) for line in lines_set]


def set_pages(template: Template, box: Row, value: str, field: str) -> list[list[TextPart]]:
    """A long value at the box's own size, in as many boxes of one page each as it needs."""
    paragraph = Paragraph(value, face(box.face))
    lines = paragraph.place_all(
        Fitted(box.size, paragraph.wrap(box.size, box.width, box.spacing)),
        x=box.x,
        width=box.width,
        first_baseline=_middle(box) + box.size * BASELINE_DROP,
        leading=box.leading,
        align=box.align,
        spacing=box.spacing,
    )
    step = box.size * box.leading
    room = int((box.height - box.size) / step + 1e-6) + 1
    colour = template.colour(box.colour)
    return [
        [
            TextPart(replace(line, baseline=line.baseline - first * step), box.face, colour, field)
            for line in lines[first : first + room]
        ]
        for first in range(0, len(lines), room)
    ]


def _cut(line: Line, count: int) -> tuple[Line, Line]:
    """A set line as its first `count` characters and the rest; nothing moves."""
    reach = sum(line.advances[:count])
    return (
        replace(line, text=line.text[:count], advances=line.advances[: count - 1], width=reach),
        replace(
            line, text=line.text[count:], x=line.x + reach, advances=line.advances[count:], width=line.width - reach
        ),
    )


def _is_box(row: Row) -> bool:
    """A row with room for several lines at full size fills from its top; a lower one centres its value."""
    return row.height >= row.size * (1 + row.leading)


def _middle(row: Row) -> float:
    """The height at which the label and a single line have their middle."""
    return row.top + (row.size if _is_box(row) else row.height) / 2


@lru_cache(maxsize=64)
def steady(name: str, sheet: SheetKind, test_mark: bool) -> Steady:
    template = load(name, sheet)
    labels = [(_set_label(template, row), False) for row in template.rows if row.label]
    words = [(_set_text(template, text), text.background) for text in template.texts if test_mark or not text.test_only]
    behind: list[Shape | TextPart] = [*background(template), *(part for part, is_behind in words if is_behind)]
    fixed = [part for part, is_behind in words + labels if not is_behind]
    return Steady((template.width, template.height), tuple(behind), tuple(fixed), characters_of([*behind, *fixed]))


def characters_of(parts: Iterable[Shape | TextPart]) -> dict[FaceName, frozenset[str]]:
    """All that the texts among some parts use of each face."""
    used: dict[FaceName, set[str]] = {name: set() for name in FaceName}
    for part in parts:
        if isinstance(part, TextPart):
            used[part.face].update(part.line.text)
    return {name: frozenset(characters) for name, characters in used.items()}


def _set_text(template: Template, text: Text) -> TextPart:
    line = place(
        text.text,
        face(text.face),
        x=text.x,
        width=text.width,
        baseline=text.baseline,
        size=text.size,
        align=text.align,
        spacing=text.spacing,
    )
    return TextPart(line, text.face, template.colour(text.colour))


def _set_label(template: Template, row: Row) -> TextPart:
    size = row.label_size or row.size
    line = place(
        row.label,
        face(row.label_face),
        x=row.label_x,
        width=row.label_width,
        baseline=_middle(row) + size * BASELINE_DROP,
        size=size,
        align=row.label_align,
    )
    return TextPart(line, row.label_face, template.colour(row.label_colour))
