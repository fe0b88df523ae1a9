"""Failed sign-ins, counted for a quarter of an hour; memory is bounded however many names are tried."""

from __future__ import annotations

import hmac
import secrets
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
        self._key = secrets.token_bytes(32)
        self._failed: OrderedDict[bytes, list[float]] = OrderedDict()

    def failed(self, *keys: str) -> None:
        """Note a failed sign-in under an account and an address."""
        now = self._clock.now().timestamp()
        with self._lock:
            for key in map(self._hidden, keys):
                self._failed[key] = [*self._recent(key, now), now]
                self._failed.move_to_end(key)
            while len(self._failed) > _MOST:
                self._failed.popitem(last=False)

    def too_many(self, limit: int, *keys: str) -> bool:
        """Whether one of the keys has failed as often as it may."""
        now = self._clock.now().timestamp()
        with self._lock:
            return any(len(self._recent(key, now)) >= limit for key in map(self._hidden, keys))

    def forget(self, key: str) -> None:
        """A sign-in went well."""
        with self._lock:
            self._failed.pop(self._hidden(key), None)

    def _hidden(self, key: str) -> bytes:
        """A key may hold a citizen's number: it is kept nowhere, not even in memory for a quarter of an hour."""
        return hmac.digest(self._key, key.encode(), "sha256")

    def _recent(self, key: bytes, now: float) -> list[float]:
        return [at for at in self._failed.get(key, ()) if now - at < _SPAN.total_seconds()][-1000:]
