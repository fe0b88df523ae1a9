"""How many checks run at once, and how many files are taken in at once: strangers must not slow down the counters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from web.errors import VerifierBusy

T = TypeVar("T")
#: Files taken in at once, in all and of one address: each may take 20 MB of memory for as long as it is sent.
_TAKEN_IN: Final = 16
_OF_ONE: Final = 4


class Turns:
    """Of one process. Checks have threads of their own, so that none waits for them but other checks.

    Args:
        at_once: checks that run at one time.
        wait_seconds: how long a further visitor waits for a turn.
    """

    def __init__(self, at_once: int, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="check")
        self._wait_seconds = wait_seconds
        self._uploads: Counter[str] = Counter()

    async def take(self, work: Callable[[], T]) -> T:
        """Do it in a thread when it is its turn.

        Raises:
            VerifierBusy: no turn became free in time; nothing was looked at.
        """
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise VerifierBusy("no turn to check became free in time; nothing was looked at") from None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._free.release()

    @asynccontextmanager
    async def upload(self, address: str) -> AsyncIterator[None]:
        """Room for one file while it is taken in and looked at.

        Raises:
            VerifierBusy: too many are taken in already, of everybody or of this address.
        """
        if self._uploads.total() >= _TAKEN_IN or self._uploads[address] >= _OF_ONE:
            raise VerifierBusy("too many files are being sent at once; one was not taken in")
        self._uploads[address] += 1
        try:
            yield
        finally:
            self._uploads[address] -= 1
            if not self._uploads[address]:
                del self._uploads[address]

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
