"""The riding seal 骑缝章: one seal cut into slices, one at the same edge of each page, whole when the pages are fanned.

A StampAnnot a page, all of the seal's own size, each shifted so that its slice lies at the edge, and a Clip
that shows the slice alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from documents.places import LEAST_SLICE_MM, riding_slices
from signing.errors import NotSealable
from signing.ofd.stamps import Stamp


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
    for one in riding_slices(len(pages), across, least_slice_mm):
        number = one.number if edge in (Edge.RIGHT, Edge.BOTTOM) else one.count - 1 - one.number
        stamps.append(_stamp(one.page_index, pages[one.page_index], size, edge, along, one.width_mm, number))
    return stamps


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
