"""Failed sign-ins, counted for a quarter of an hour; memory is bounded however many names are tried."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from threading import Lock
from typing import Final

from core.clock import Clock

_SPAN: Final = timedelta(minutes=15)
_MOST: Final = 10_000


class Tries:
    """Of one process: with several behind a gateway each counts for itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def failed(self, *keys: str) -> None:
        """Note a failed sign-in under an account and an address."""
        now = self._clock.now().timestamp()
        with self._lock:
            for key in keys:
                self._failed[key] = [*self._recent(key, now), now]
                self._failed.move_to_end(key)
            while len(self._failed) > _MOST:
                self._failed.popitem(last=False)

    def too_many(self, limit: int, *keys: str) -> bool:
        """Whether one of the keys has failed as often as it may."""
        now = self._clock.now().timestamp()
        with self._lock:
            return any(len(self._recent(key, now)) >= limit for key in keys)

    def forget(self, key: str) -> None:
        """A sign-in went well."""
        with self._lock:
            self._failed.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        return [at for at in self._failed.get(key, ()) if now - at < _SPAN.total_seconds()][-1000:]
