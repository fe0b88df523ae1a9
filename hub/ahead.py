"""Work begun before it is needed, so that one thing is done while another is waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from core.errors import HubError

T = TypeVar("T")
B = TypeVar("B")


def begun_ahead(things: Iterable[T], begin: Callable[[T], B], depth: int) -> Iterator[B]:
    """What `begin` gives for each thing, in order, begun for `depth` things more than were asked for.

    What was begun before the things came to an error is still given, and the error raised behind it.
    """
    begun = deque[B]()
    failed: HubError | None = None
    coming = iter(things)
    while failed is None:
        try:
            thing = next(coming)
        except StopIteration:
            break
        except HubError as error:
            failed = error
            break
        begun.append(begin(thing))
        if len(begun) > depth:
            yield begun.popleft()
    while begun:
        yield begun.popleft()
    if failed is not None:
        raise failed
