"""Where seals go on the pages of a licence. Lengths are millimetres from a page's top left corner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from documents.parts import Sheet
from documents.template import SheetKind
from documents.template_files import load

#: The diameter of a round seal of a county-level department.
ROUND = 42.0
#: A narrower slice of a riding seal shows nothing that could be compared.
LEAST_SLICE_MM = 3.0


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


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a riding seal one page carries: the `number`th of the `count` that make the seal up, from 0."""

    page_index: int
    number: int
    count: int
    width_mm: float


def riding_slices(pages: int, across: float, least: float = LEAST_SLICE_MM) -> Iterator[Slice]:
    """How a seal of `across` mm is shared out over consecutive pages, no slice narrower than `least` mm.

    With more pages than slices can be cut, they form as few groups as may be, their sizes differing by one at most,
    and each group carries a whole seal.
    """
    groups = -(-pages // int(across / least + 1e-9))
    for begin, end in pairwise(pages * part // groups for part in range(groups + 1)):
        for index in range(begin, end):
            yield Slice(index, index - begin, end - begin, across / (end - begin))


class Sized(Protocol):
    """A page, as far as its width and height in mm."""

    @property
    def size(self) -> tuple[float, float]: ...


def riding_places(sheets: Sequence[Sized], size: float = ROUND) -> tuple[Place, ...]:
    """Where a riding seal 骑缝章 goes: one slice at the right edge of each page, see `riding_slices`.

    A document of one page has nothing to ride over and gets none. The seal stands at half the height of
    the lowest page, the same on all.
    """
    if len(sheets) < 2:
        return ()
    top = (min(sheet.size[1] for sheet in sheets) - size) / 2
    return tuple(
        Place(
            one.page_index,
            sheets[one.page_index].size[0] - (one.number + 1) * one.width_mm,
            top,
            size,
            size,
            (one.number * one.width_mm, 0.0, one.width_mm, size),
        )
        for one in riding_slices(len(sheets), size)
    )
