"""A few hubs held open for a process that answers many requests: to open one takes milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import ClassVar, Final

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from core.clock import Clock
from core.errors import Retryable
from core.settings import Settings
from hub.context import Hub, open_hub
from store.connection import answers

#: Seconds a request waits for a hub to become free.
_WAIT: Final = 5.0


class HubBusy(Retryable):
    """Every connection to the store is in use, and none became free in time."""

    code: ClassVar[str] = "HUB-768"


class HubPool:
    """To be shared between threads; each takes a hub for as long as it needs one.

    Args:
        size: connections at the most. PostgreSQL does not get faster by more than a few a core.
    """

    def __init__(self, settings: Settings, *, size: int = 8, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._turns = BoundedSemaphore(size)
        self._free: LifoQueue[tuple[Hub, ExitStack]] = LifoQueue()

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """A hub of one's own until the block ends; one whose connection broke is not given out again.

        Raises:
            HubBusy: none became free in time.
            StoreUnavailable, KeyringUnusable: as when opening a hub.
        """
        if not self._turns.acquire(timeout=_WAIT):
            raise HubBusy("every connection to the store is busy; nothing was done. Try again in a moment.")
        try:
            hub, stack = self._take()
            sound = False
            try:
                yield hub
                sound = True
            finally:
                self._give_back(hub, stack, sound=sound)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Close what is free; hubs in use close when they come back."""
        while True:
            try:
                self._free.get_nowait()[1].close()
            except Empty:
                return

    def _take(self) -> tuple[Hub, ExitStack]:
        try:
            return self._free.get_nowait()
        except Empty:
            stack = ExitStack()
            return stack.enter_context(open_hub(self._settings, self._clock)), stack

    def _give_back(self, hub: Hub, stack: ExitStack, *, sound: bool) -> None:
        connection = hub.connection
        # An error of the store may have ended the session; a refusal has not, and leaves no transaction open.
        idle = not connection.closed and connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        if idle and (sound or answers(connection)):
            self._free.put((hub, stack))
        else:
            stack.close()
