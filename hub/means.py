"""What a process keeps between lookups: who may ask, how old the resources are, and whom to ask live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.settings import Settings
from hub.access import Access
from hub.ages import Ages
from hub.live import Live


@dataclass(frozen=True, slots=True)
class Means:
    """To be shared by the threads of a process.

    Attributes:
        live: None where no department is to be asked; the answer then says what is stored.
    """

    access: Access
    ages: Ages
    live: Live | None = None


@contextmanager
def open_means(settings: Settings, *, live: bool = True, clock: Clock | None = None) -> Iterator[Means]:
    """Read the access file; connections to departments are made when they are first asked, and closed at the end.

    Raises:
        AccessFileBroken, DemoAccessRefused: the access file cannot be taken.
    """
    asking = Live.open(settings, clock=clock) if live else None
    try:
        yield Means(Access.open(settings, clock), Ages(), asking)
    finally:
        if asking is not None:
            asking.close()
