"""A plain sheet laid out over pages: what stands where on each, and where the seals go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from documents import qr, watermark
from documents.errors import FieldsUnfit, TextOverflow
from documents.fonts import FaceName, face
from documents.layout import Align, Paragraph
from documents.ornament import Shape, length
from documents.parts import CodePart, TextPart, TurnedPart
from documents.places import ROUND, Place, riding_places
from documents.plain.blocks import Block, Draft, blocks_of
from documents.plain.look import (
    BOTTOM,
    GRID,
    HEIGHT,
    INK,
    LABEL,
    LEFT,
    QUIET,
    RIGHT,
    ROOM,
    RULE,
    SHADE,
    TEST,
    TEST_PALE,
    TOP,
    WIDTH,
    bold,
    one_line,
)
from documents.plain.paragraphs import checked
from documents.plain.tables import Segment
from documents.plain.words import Sheet
from documents.setting import characters_of

_TITLE_SIZE, _TITLE_LEAST, _TITLE_LEADING, _TITLE_TOP = 7.6, 5.0, 1.35, 26.0
_QR: Final = (WIDTH - RIGHT - 26.0, 14.0, 26.0, 26.0)
#: The organ and the day stand in a box at the right, the seal over its middle.
_END_HEIGHT, _END_WIDTH = ROUND + 6.0, 76.0
_FOOT: Final = 284.0
_SMALL: Final = 3.2
_MOST_PAGES: Final = 999
_TEST_LINE: Final = "测试样本　不具法律效力"


@dataclass(frozen=True, slots=True)
class PlainPage:
    """One page, all set. What lies lowest comes first: `shapes`, `behind`, `marks`, `codes`, `texts`."""

    shapes: tuple[Shape, ...]
    behind: tuple[TextPart, ...]
    marks: tuple[TurnedPart, ...]
    codes: tuple[CodePart, ...]
    texts: tuple[TextPart, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in mm."""
        return WIDTH, HEIGHT

    @property
    def characters(self) -> Mapping[FaceName, frozenset[str]]:
        """All that it uses of each face."""
        return characters_of([*self.behind, *self.texts, *(mark.text for mark in self.marks)])


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A sheet's pages, and where the organ and the day begin on the last one."""

    pages: tuple[PlainPage, ...]
    end_top: float


def lay_out(sheet: Sheet, organ: str, *, test_mark: bool) -> LaidOut:
    """All pages.

    Raises:
        FieldsUnfit: the title, the number or a label is empty, or a table is not one.
        GlyphMissing, TextRefused: words that cannot be set.
        TextOverflow: it would have more than 999 pages, or its title more than two lines.
    """
    _check(sheet, organ)
    drafts = [Draft()]
    y = _head(sheet, drafts[0])
    blocks = list(blocks_of(sheet, _END_HEIGHT))
    for index, block in enumerate(blocks):
        if y + _together(blocks, index) > BOTTOM + 1e-6:
            drafts.append(Draft())
            y = TOP
            if block.again is not None:
                block.again.draw(drafts[-1], y)
                y += block.again.height
            if len(drafts) > _MOST_PAGES:
                raise TextOverflow("tables", sum(len(table.rows) for table in sheet.tables), f"{_MOST_PAGES} pages")
        block.draw(drafts[-1], y)
        y += block.height
    _end(sheet, organ, drafts[-1], y)
    pages = tuple(_page(sheet, draft, number, len(drafts), test_mark) for number, draft in enumerate(drafts, 1))
    return LaidOut(pages, y)


def seal_places(laid: LaidOut) -> tuple[Place, ...]:
    """Where the seal goes: over the organ and the day, and over the edges of several pages as a riding seal 骑缝章."""
    x = WIDTH - RIGHT - (_END_WIDTH + ROUND) / 2
    own = Place(len(laid.pages) - 1, x, laid.end_top + _END_HEIGHT - ROUND, ROUND, ROUND)
    return (own, *riding_places(laid.pages))


def _together(blocks: list[Block], index: int) -> float:
    """The height of a block with what it may not be parted from; no page bears the seal and nothing else."""
    height = blocks[index].height
    while blocks[index].keep:
        index += 1
        height += blocks[index].height
    return height + (_END_HEIGHT if index == len(blocks) - 1 else 0.0)


def _check(sheet: Sheet, organ: str) -> None:
    for where, words in (
        ("title", sheet.title),
        ("number", sheet.number),
        ("organ", organ),
        *(("label", label) for label, _ in sheet.lines),
    ):
        if not words.strip() or len(words.splitlines()) > 1:
            raise FieldsUnfit(f"the sheet's {where} is empty or has several lines; nothing was drawn. Give one line.")
        checked(where, words, bold(words))
    checked("number", sheet.number)


def _head(sheet: Sheet, draft: Draft) -> float:
    """Title, number and the rules below them; where what the sheet says begins."""
    aside = _QR[2] + 2 if sheet.qr_text else 0.0
    name, width = bold(sheet.title), ROOM - 2 * aside
    paragraph = Paragraph(sheet.title, face(name))
    fitted = paragraph.fit(
        width=width, height=2.4 * _TITLE_SIZE, size=_TITLE_SIZE, least=_TITLE_LEAST, leading=_TITLE_LEADING
    )
    if fitted is None:
        raise TextOverflow("title", len(sheet.title), f"two lines of {width:g} mm")
    placed = paragraph.place_all(
        fitted,
        x=LEFT + aside,
        width=width,
        first_baseline=_TITLE_TOP + fitted.size * 0.86,
        leading=_TITLE_LEADING,
        align=Align.CENTRE,
        spacing=0.0,
    )
    draft.texts += [TextPart(line, name, INK) for line in placed]
    baseline = placed[-1].baseline + 8.6
    draft.texts.append(one_line(f"编号：{sheet.number}", y=baseline, size=3.8, align=Align.CENTRE, ink=LABEL))
    rule = max(baseline + 4.4, _QR[1] + _QR[3] + 1.5 if sheet.qr_text else 0.0)
    draft.rules += [(LEFT, rule, ROOM, 0.5), (LEFT, rule + 0.9, ROOM, 0.15)]
    return rule + 5.0


def _end(sheet: Sheet, organ: str, draft: Draft, top: float) -> None:
    """The organ and the day, in the middle of where the seal goes."""
    middle, left = top + _END_HEIGHT - ROUND / 2, WIDTH - RIGHT - _END_WIDTH
    paragraph = Paragraph(organ, face(bold(organ)))
    fitted = paragraph.fit(width=_END_WIDTH, height=12.0, size=4.6, least=3.4, leading=1.35)
    if fitted is None:
        raise TextOverflow("organ", len(organ), f"two lines of {_END_WIDTH:g} mm")
    lines = paragraph.place_all(
        fitted,
        x=left,
        width=_END_WIDTH,
        first_baseline=middle - 1.5 - (fitted.lines - 1) * fitted.size * 1.35,
        leading=1.35,
        align=Align.CENTRE,
        spacing=0.0,
    )
    draft.texts += [TextPart(line, bold(organ), INK) for line in lines]
    day = sheet.made_on
    words = f"{day.year}年{day.month}月{day.day}日"
    draft.texts.append(one_line(words, x=left, width=_END_WIDTH, y=middle + 7.0, size=4.4, align=Align.CENTRE))


def _page(sheet: Sheet, draft: Draft, number: int, count: int, test_mark: bool) -> PlainPage:
    texts = draft.texts
    texts.append(one_line(f"第 {number} 页 共 {count} 页", y=_FOOT, size=_SMALL, align=Align.CENTRE, ink=QUIET))
    if number > 1:
        name = bold(sheet.title)
        texts.append(one_line(sheet.title, y=22.0, size=_SMALL, ink=QUIET, name=name))
        texts.append(one_line(sheet.number, y=22.0, size=_SMALL, ink=QUIET, align=Align.RIGHT))
        draft.rules.append((LEFT, 24.0, ROOM, 0.15))
    behind: list[TextPart] = []
    if test_mark:
        texts.append(one_line(_TEST_LINE, y=14.0, size=3.4, ink=TEST, spacing=0.4))
        if sheet.watermark is None:
            behind.append(_pale_test())
    marks = watermark.marks(sheet.watermark, (WIDTH, HEIGHT)) if sheet.watermark is not None else ()
    codes = (CodePart(qr.encode(sheet.qr_text), _QR),) if sheet.qr_text and number == 1 else ()
    return PlainPage(tuple(_shapes(draft)), tuple(behind), marks, codes, tuple(texts))


def _pale_test() -> TextPart:
    return one_line(
        "测试样本",
        x=45.0,
        width=120.0,
        y=160.0,
        size=26.0,
        align=Align.SPREAD,
        ink=TEST_PALE,
        name=FaceName.TITLE,
    )


def _shapes(draft: Draft) -> Iterable[Shape]:
    page = (0.0, 0.0, WIDTH, HEIGHT)
    for boxes, ink in ((draft.shades, SHADE), (draft.rules, RULE)):
        if boxes:
            yield Shape(page, " ".join(map(_box, boxes)), fill=ink)
    if draft.grid:
        lines = " ".join(f"M {length(x)} {length(y)} L {length(u)} {length(v)}" for x, y, u, v in draft.grid)
        yield Shape(page, lines, stroke=GRID, line=0.18)


def _box(box: Segment) -> str:
    x, y, width, height = box
    left, top, right, bottom = map(length, (x, y, x + width, y + height))
    return f"M {left} {top} L {right} {top} L {right} {bottom} L {left} {bottom} C"
