"""Every dictionary a PDF's catalogue leads to, each met once, up to a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class TooManyParts(Exception):
    """There are more parts than the caller wants to look at."""


def dictionaries(root: Any, most: int) -> Iterator[Any]:
    """The dictionaries below `root` (a pyHanko object); streams are among them, their data is not read.

    Raises:
        TooManyParts: more than `most` parts were met.
        Exception: whatever pyHanko raises over an object that is broken.
    """
    from pyhanko.pdf_utils import generic

    seen: set[tuple[int, int]] = set()
    waiting: list[Any] = [root]
    visited = 0
    while waiting:
        one = waiting.pop()
        visited += 1
        if visited > most:
            raise TooManyParts
        if isinstance(one, generic.IndirectObject):
            key = (one.idnum, one.generation)
            if key not in seen:
                seen.add(key)
                waiting.append(one.get_object())  # type: ignore[no-untyped-call]
        elif isinstance(one, generic.DictionaryObject):
            yield one
            waiting += [one.raw_get(key) for key in one]
        elif isinstance(one, generic.ArrayObject):
            waiting += [one.raw_get(index) for index in range(len(one))]
