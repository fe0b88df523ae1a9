"""Which of two editions of one record is the older, as far as their source has an order. Connectors write, the store
compares; neither may import the other.

An edition is text: the source's own order (a time, a day), which copy of a file it came in, and its place in that copy.
"""

from __future__ import annotations

from typing import Final

_BETWEEN: Final = "\x1f"


def written(order: str = "", copy: str = "", place: int | None = None) -> str:
    """An edition.

    Args:
        order: sorts as the source's own order does; empty where it has none.
        copy: tells one file, or one sending of it, from another; their order is that of their arrival.
        place: of the row in its file.
    """
    return _BETWEEN.join((order, copy, "" if place is None else f"{place:010d}"))


def older(one: str | None, other: str | None) -> bool:
    """Whether `one` is known to be older than `other`; of two that cannot be compared, what comes later is newer.

    >>> older(written("2026-03-01"), written("2026-03-02"))
    True
    >>> older(written(copy="a", place=2), written(copy="a", place=10))
    True
    >>> older(written(copy="a", place=2), written(copy="b", place=10))
    False
    """
    if one is None or other is None:
        return False
    order, copy, place = one.split(_BETWEEN)
    than_order, than_copy, than_place = other.split(_BETWEEN)
    return order < than_order or (order == than_order and copy == than_copy and place < than_place)
