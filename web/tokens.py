"""Access tokens this process has seen to be good, remembered for seconds so that the store is not asked each time."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Final

_SECONDS: Final = 5.0
_MOST: Final = 1000


class Tokens:
    """A token taken back in the store counts here for up to five seconds more; one that has ended does not."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[bytes, tuple[str, datetime, float]] = OrderedDict()

    def get(self, token: bytes, now: datetime) -> str | None:
        """The client of a token's hash, None where it has to be looked up."""
        with self._lock:
            found = self._seen.get(token)
        if found is None or found[1] <= now or time.monotonic() - found[2] > _SECONDS:
            return None
        return found[0]

    def put(self, token: bytes, client: str, ends_at: datetime) -> None:
        """Remember one."""
        with self._lock:
            self._seen[token] = (client, ends_at, time.monotonic())
            self._seen.move_to_end(token)
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
