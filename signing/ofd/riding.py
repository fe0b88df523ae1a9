"""The riding seal 骑缝章: one seal cut into slices, one at the same edge of each page, whole when the pages are fanned.

A StampAnnot a page, all of the seal's own size, each shifted so that its slice lies at the edge, and a Clip
that shows the slice alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from signing.errors import NotSealable
from signing.ofd.stamps import Stamp

#: A narrower slice shows nothing that could be compared.
LEAST_SLICE_MM = 3.0


class Edge(StrEnum):
    """The edge of the pages the seal rides over."""

    RIGHT = "right"
    LEFT = "left"
    TOP = "top"
    BOTTOM = "bottom"


def riding(
    pages: Sequence[tuple[float, float]],
    size: tuple[float, float],
    *,
    edge: Edge = Edge.RIGHT,
    along_mm: float | None = None,
    least_slice_mm: float = LEAST_SLICE_MM,
) -> list[Stamp]:
    """Where one seal rides over all pages of a document, for `seal(…, stamps=…)`.

    With more pages than slices of `least_slice_mm` can be cut, consecutive pages form groups as equal as can be,
    and each group carries a whole seal of its own. The first page lies on top: fanned over its right or lower edge
    it shows the seal's left or upper slice, over its left or upper edge the right or lower one.

    Args:
        pages: width and height of every page, in order; they may differ.
        size: width and height of the seal.
        along_mm: from the page's top (or left) corner to the seal's, along the edge; the middle of the smallest
            page by default.

    Raises:
        NotSealable: fewer than two pages, or the seal is larger than the edge of one or too small to be cut.
    """
    if len(pages) < 2:
        raise NotSealable("a riding seal needs two pages at least; nothing was placed. Seal the one page.")
    upright = edge in (Edge.LEFT, Edge.RIGHT)
    across, length = size if upright else (size[1], size[0])
    shortest = min(page[1] if upright else page[0] for page in pages)
    narrowest = min(page[0] if upright else page[1] for page in pages)
    along = (shortest - length) / 2 if along_mm is None else along_mm
    most = int(across / least_slice_mm + 1e-9)
    if not 0 <= along <= shortest - length or most < 2 or across / 2 > narrowest:
        raise NotSealable(
            f"a seal of {size[0]:g} × {size[1]:g} mm cannot ride over the {edge} edge of these pages; nothing was "
            "placed. Take another edge or place, or a seal of the pages' measure."
        )
    stamps: list[Stamp] = []
    for group in _groups(len(pages), most):
        slice_mm = across / len(group)
        for place, index in enumerate(group):
            number = place if edge in (Edge.RIGHT, Edge.BOTTOM) else len(group) - 1 - place
            stamps.append(_stamp(index, pages[index], size, edge, along, slice_mm, number))
    return stamps


def _groups(count: int, most: int) -> list[range]:
    """Consecutive pages in as few groups as may be, none larger than `most`, their sizes differing by one at most."""
    number = -(-count // most)
    bounds = [count * part // number for part in range(number + 1)]
    return [range(begin, end) for begin, end in pairwise(bounds)]


def _stamp(
    index: int,
    page: tuple[float, float],
    size: tuple[float, float],
    edge: Edge,
    along: float,
    slice_mm: float,
    number: int,
) -> Stamp:
    """Slice `number` of the seal, counted from its left or its top, at the edge of one page."""
    before = number * slice_mm
    if edge in (Edge.LEFT, Edge.RIGHT):
        x = page[0] - before - slice_mm if edge is Edge.RIGHT else -before
        return Stamp(index, x, along, *size, (before, 0.0, slice_mm, size[1]))
    y = page[1] - before - slice_mm if edge is Edge.BOTTOM else -before
    return Stamp(index, along, y, *size, (0.0, before, size[0], slice_mm))
