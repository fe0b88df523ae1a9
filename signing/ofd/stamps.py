"""Where seals are drawn. Lengths are millimetres from a page's top left corner, y downward."""

from __future__ import annotations

from dataclasses import dataclass

from signing.ofd.layout import Box

#: How far a seal may reach over the page's edge by rounding.
EDGE_MM = 0.5


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where to draw the seal: page from 0, top left corner and size in mm on the page.

    `clip` (x, y, width, height, relative to the corner) shows a part only, for a seal across pages.
    """

    page_index: int
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    clip: Box | None = None


def visible(boundary: Box, clip: Box | None) -> Box:
    """The part of a seal that shows, on the page: a clip cannot show more than there is."""
    x, y, width, height = boundary
    if clip is None:
        return boundary
    left, top = max(clip[0], 0.0), max(clip[1], 0.0)
    right, bottom = min(clip[0] + clip[2], width), min(clip[1] + clip[3], height)
    return x + left, y + top, right - left, bottom - top


def lies_on(page: Box | None, boundary: Box, clip: Box | None) -> bool:
    """Whether the visible part of a seal lies on the page, and there is one."""
    if page is None:
        return False
    x, y, width, height = visible(boundary, clip)
    # The page's own coordinates begin at its corner, whatever the box's offset says.
    return (
        width > 0
        and height > 0
        and x >= -EDGE_MM
        and y >= -EDGE_MM
        and x + width <= page[2] + EDGE_MM
        and y + height <= page[3] + EDGE_MM
    )


def covers(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return (
        one[0] + EDGE_MM < other[0] + other[2]
        and other[0] + EDGE_MM < one[0] + one[2]
        and one[1] + EDGE_MM < other[1] + other[3]
        and other[1] + EDGE_MM < one[1] + one[3]
    )
