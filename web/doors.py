"""What letting people and machines in needs at hand; one for the application, found by its dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from starlette.requests import Request

from core.clock import Clock, SystemClock
from core.settings import Mode, Settings
from hub.access import Access
from hub.context import Hub, open_hub
from hub.passwords import matches
from web.tokens import Tokens
from web.tries import Tries

T = TypeVar("T")
_HASHES: Final = 2


@dataclass(frozen=True, slots=True)
class Doors:
    """To be shared between threads.

    Attributes:
        hubs: lends a hub; a pool where there is one.
    """

    settings: Settings
    access: Access
    hubs: Callable[[], AbstractContextManager[Hub]]
    clock: Clock
    tries: Tries
    tokens: Tokens
    hashing: asyncio.Semaphore

    @classmethod
    def of(
        cls,
        settings: Settings,
        access: Access,
        clock: Clock | None = None,
        hubs: Callable[[], AbstractContextManager[Hub]] | None = None,
    ) -> Doors:
        """The doors of one application."""
        watch = clock or SystemClock()
        return cls(
            settings=settings,
            access=access,
            hubs=hubs or partial(open_hub, settings, watch),
            clock=watch,
            tries=Tries(watch),
            tokens=Tokens(),
            hashing=asyncio.Semaphore(_HASHES),
        )

    @property
    def demo(self) -> bool:
        """Whether demonstration accounts may be used."""
        return self.settings.mode is Mode.DEMO

    async def ask(self, verb: Callable[[Hub], T]) -> T:
        """Do something with a hub, in a thread of its own."""

        def work() -> T:
            with self.hubs() as hub:
                return verb(hub)

        return await asyncio.to_thread(work)

    async def matches(self, secret: str, stored: str | None) -> bool:
        """Whether the secret is the hashed one. Few at a time: each takes 64 MiB."""
        async with self.hashing:
            return await asyncio.to_thread(matches, secret, stored)


def doors(request: Request) -> Doors:
    """Those of the application."""
    found: Doors = request.app.state.doors
    return found
