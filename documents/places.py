"""Where seals go on the pages of a licence. Lengths are millimetres from a page's top left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from documents.parts import Sheet
from documents.template import SheetKind
from documents.template_files import load

#: The diameter of a round seal of a county-level department.
_ROUND = 42.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a seal goes: page from 0, top left corner and size in mm.

    `clip` (x, y, width, height, relative to the corner) is the part of it that shows, all of it when None.
    """

    page_index: int
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    clip: tuple[float, float, float, float] | None = None


def seal_place(template: str, sheet: SheetKind = SheetKind.ORIGINAL, page_index: int = 0) -> tuple[Place, ...]:
    """Where the round seals go, over the issuing organ's name and the date, when this sheet is page `page_index`."""
    return tuple(Place(page_index, seal.x, seal.y, seal.size, seal.size) for seal in load(template, sheet).seals)


def seal_places(sheets: Sequence[Sheet]) -> tuple[Place, ...]:
    """Where the round seals go on every page of a document; annex pages have none of their own by default."""
    return tuple(
        place
        for index, sheet in enumerate(sheets)
        for place in seal_place(sheet.page.template, sheet.template.sheet, index)
    )


def riding_places(sheets: Sequence[Sheet], size: float = _ROUND) -> tuple[Place, ...]:
    """Where a riding seal 骑缝章 goes: one slice at the right edge of each page, together one whole seal.

    A document of one page has nothing to ride over and gets none. The seal stands at half the height of
    the lowest page, the same on all.
    """
    if len(sheets) < 2:
        return ()
    top = (min(sheet.size[1] for sheet in sheets) - size) / 2
    part = size / len(sheets)
    return tuple(
        Place(index, sheet.size[0] - (index + 1) * part, top, size, size, (index * part, 0.0, part, size))
        for index, sheet in enumerate(sheets)
    )
