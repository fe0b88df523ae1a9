"""Drawing a licence: fields in, an unsigned OFD package out.

The face comes from a template, the words from the caller; nothing is made up here. Everything is
checked (fields, glyphs, room) before the first part is written, so there is no half-drawn licence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from documents import ofd, qr
from documents.errors import FieldsUnfit, TextOverflow
from documents.fonts import FaceName, face, steady_subset
from documents.layout import Line, Paragraph, place, set_lines
from documents.ofd import TextPart
from documents.ornament import background
from documents.package import Package
from documents.template import Row, Template, Text, load, names

_FONT_IDS = {FaceName.BODY: 1, FaceName.TITLE: 2}
_QR_ID = 3
#: How far the baseline lies below the middle of a character's body, in ems of these faces.
_BASELINE_DROP = 0.36


@dataclass(frozen=True, slots=True, repr=False)
class LicencePage:
    """What one licence says.

    Args:
        template: a name of `templates()`, e.g. "hr-service".
        fields: every key of `fields(template)` that is not optional; values as they shall be read, set
            without outer blanks.
        metadata: GB/T 36903 elements by code name (ZZMC, ZZBH …), kept in the given order.
        data_xml: the structured data, attached byte for byte.
        qr_text: what the QR code says, at most 200 bytes of UTF-8.
        doc_id: 32 lower-case hexadecimal digits.
        title, creator, created: document information; `created` is the only date in the file.
        test_mark: True writes 测试 on the face.
    """

    template: str
    fields: Mapping[str, str]
    metadata: Mapping[str, str]
    data_xml: bytes
    qr_text: str
    doc_id: str
    title: str
    creator: str
    created: date
    test_mark: bool

    def __repr__(self) -> str:
        return f"LicencePage({self.template}, {self.doc_id})"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a template: its key, its Chinese name, and whether it may be absent."""

    key: str
    name: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a seal goes: page from 0, top left corner and size in mm."""

    page_index: int
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float


def templates() -> tuple[str, ...]:
    """The names of all templates."""
    return names()


def fields(template: str) -> tuple[FieldSpec, ...]:
    """The fields of a template, the shared ones of its frame first."""
    return tuple(FieldSpec(row.key, row.name, row.optional) for row in load(template).rows)


def seal_place(template: str) -> tuple[Place, ...]:
    """Where the round seals go, over the issuing organ's name and the date."""
    return tuple(Place(0, seal.x, seal.y, seal.size, seal.size) for seal in load(template).seals)


def draw(page: LicencePage) -> Package:
    """The unsigned OFD of a licence; the same page gives the same bytes.

    Raises:
        FieldsUnfit: a field is missing, empty or unknown to the template.
        GlyphMissing: the embedded font lacks a character of a field.
        TextOverflow: a value does not fit its box at the smallest size.
        TextRefused: a text that XML or the QR code cannot hold, or a wrong document ID.
        TemplateBroken, FontBroken: the installation is damaged.
    """
    template = load(page.template)
    values = _values(template, page.fields)
    used: dict[FaceName, set[str]] = {name: set() for name in FaceName}
    for row in template.rows:
        face(row.face).check(row.key, values[row.key])
        used[row.face].update(row.prefix, values[row.key])
    present = {key for key, value in page.fields.items() if value.strip()}
    texts = [
        part for row in template.rows for part in _set_row(template, row, values[row.key], tagged=row.key in present)
    ]
    steady = _steady(page.template, page.test_mark)
    body = face(FaceName.BODY).subset(used[FaceName.BODY] | steady.body_text)
    title = steady_subset(FaceName.TITLE, "".join(sorted(used[FaceName.TITLE] | steady.title_text)))
    return ofd.write(
        ofd.Document(
            doc_id=page.doc_id,
            title=page.title,
            author=values.get("organ", ""),
            creator=page.creator,
            created=page.created,
            subject=template.title,
            custom=page.metadata,
            width=template.width,
            height=template.height,
            fonts=(
                _font(FaceName.BODY, body),
                _font(FaceName.TITLE, title),
            ),
            pictures=(ofd.Picture(_QR_ID, "qr.png", qr.png(page.qr_text)),),
            background=steady.background,
            fixed=steady.fixed,
            steady_ids=steady.ids,
            texts=texts,
            placed=(ofd.PicturePart(_QR_ID, (template.qr.x, template.qr.y, template.qr.size, template.qr.size)),),
            field_names={row.key: row.name for row in template.rows},
            attachment=ofd.Attachment("证照数据", "licence.xml", page.data_xml),
        )
    )


def _font(name: FaceName, file: bytes) -> ofd.EmbeddedFont:
    opened = face(name)
    return ofd.EmbeddedFont(
        _FONT_IDS[name], opened.postscript_name, opened.family, f"{name}.ttf", file, bold=name is FaceName.TITLE
    )


def _values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """What each row shows.

    Raises:
        FieldsUnfit: a field is missing, empty or unknown.
        TextRefused: a value that XML cannot hold.
    """
    known = {row.key for row in template.rows}
    unknown = sorted(set(given) - known)
    lacking = [row.key for row in template.rows if not row.optional and not given.get(row.key, "").strip()]
    if unknown or lacking:
        told = [f"missing or empty: {', '.join(lacking)}"] if lacking else []
        told += [f"unknown: {', '.join(unknown)}"] if unknown else []
        raise FieldsUnfit(
            f"the fields do not fit template {template.name}: {'; '.join(told)}. Nothing was drawn; correct the record."
        )
    return {
        row.key: ofd.legal(f"field {row.key}", given.get(row.key, "").strip() or row.absent) for row in template.rows
    }


def _set_row(template: Template, row: Row, value: str, *, tagged: bool) -> list[TextPart]:
    """The lines of one value, its prefix a part of its own, so that a tag finds the bare value.

    Raises:
        TextOverflow: it does not fit at the row's smallest size.
    """
    opened = face(row.face)
    fitted = Paragraph(row.prefix + value, opened).fit(
        width=row.width, height=row.height, size=row.size, least=row.least, leading=row.leading, spacing=row.spacing
    )
    # A prefix that has to be broken off its value is no prefix.
    if fitted is None or len(fitted[1][0]) <= len(row.prefix):
        room = f"{row.width:g} x {row.height:g} mm at {row.least:g} mm"
        raise TextOverflow(row.key, len(value), room)
    size, lines = fitted
    # A box fills from its first line, which stands beside the label; a plain row is centred on it.
    above = 0.0 if _is_box(row) else (len(lines) - 1) * size * row.leading / 2
    lines_set = set_lines(
        lines,
        opened,
        x=row.x,
        width=row.width,
        first_baseline=_middle(row) - above + size * _BASELINE_DROP,
        size=size,
        leading=row.leading,
        align=row.align,
        spacing=row.spacing,
    )
    font, colour = _FONT_IDS[row.face], template.colour(row.colour)
    parts: list[TextPart] = []
    if row.prefix:
        before, rest = _cut(lines_set[0], len(row.prefix))
        parts.append(TextPart(before, font, colour))
        lines_set = [rest, *lines_set[1:]]
    return parts + [TextPart(line, font, colour, row.key if tagged else None) for line in lines_set]


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


@dataclass(frozen=True, slots=True)
class _Steady:
    """The page objects that every licence of a template shares."""

    background: str
    fixed: str
    ids: int
    body_text: frozenset[str]
    title_text: frozenset[str]


@lru_cache(maxsize=32)
def _steady(name: str, test_mark: bool) -> _Steady:
    template = load(name)
    identifier = ofd.FIRST_STEADY_ID
    behind: list[str] = []
    for shape in background(template):
        behind.append(ofd.path_object(identifier, shape))
        identifier += 1
    fixed: list[str] = []
    used: dict[FaceName, set[str]] = {one: set() for one in FaceName}
    labels = [(_set_label(template, row), row.label_face, False) for row in template.rows if row.label]
    words = [
        (_set_text(template, text), text.face, text.background)
        for text in template.texts
        if test_mark or not text.test_only
    ]
    # What lies behind is numbered and drawn first.
    for part, used_face, is_behind in sorted(words + labels, key=lambda one: not one[2]):
        (behind if is_behind else fixed).append(ofd.text_object(identifier, part))
        identifier += 1
        used[used_face] |= set(part.line.text)
    return _Steady(
        "".join(behind),
        "".join(fixed),
        identifier - ofd.FIRST_STEADY_ID,
        frozenset(used[FaceName.BODY]),
        frozenset(used[FaceName.TITLE]),
    )


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
    return TextPart(line, _FONT_IDS[text.face], template.colour(text.colour))


def _set_label(template: Template, row: Row) -> TextPart:
    size = row.label_size or row.size
    line = place(
        row.label,
        face(row.label_face),
        x=row.label_x,
        width=row.label_width,
        baseline=_middle(row) + size * _BASELINE_DROP,
        size=size,
        align=row.label_align,
    )
    return TextPart(line, _FONT_IDS[row.label_face], template.colour(row.label_colour))
