"""A circuit breaker that several threads may ask through at once.

pybreaker keeps count and state. Its own way of calling holds a lock for as long as the call lasts, so that two clerks
would wait for each other: here the question is asked outside, and only how it ended is told to it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pybreaker


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a department is left alone, and for how long.

    Attributes:
        failures: so many questions in a row without a sound answer open the circuit.
        rest_s: seconds during which nothing is asked; then one question is let through.
        successes: so many sound answers after a rest close the circuit.
    """

    failures: int = 5
    rest_s: float = 30.0
    successes: int = 1


class _Failed(Exception):
    """Tells pybreaker of a question that failed."""


class Circuit:
    """The breaker of one department."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._rest = timedelta(seconds=thresholds.rest_s)
        self._memory = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=thresholds.failures,
            reset_timeout=thresholds.rest_s,
            success_threshold=thresholds.successes,
            state_storage=self._memory,
        )
        self._lock = threading.Lock()
        self._trying = False

    @property
    def resting(self) -> bool:
        """Whether nothing is asked for now."""
        with self._lock:
            return self._rests()

    def enter(self) -> bool:
        """Whether a question may be asked; who is let through has to `leave`. After a rest one is let through alone."""
        with self._lock:
            if self._breaker.current_state == pybreaker.STATE_CLOSED:
                return True
            if self._rests() or self._trying:
                return False
            self._trying = True
            return True

    def leave(self, *, sound: bool | None) -> None:
        """How a question ended; None when it says nothing about the department, e.g. because it was never sent."""
        with self._lock:
            self._trying = False
            if sound is None:
                return
            try:
                self._breaker.call(_end, sound)
            except (_Failed, pybreaker.CircuitBreakerError):
                return  # counted; or the circuit was opened by others meanwhile

    def _rests(self) -> bool:
        opened = self._memory.opened_at
        return (
            self._breaker.current_state == pybreaker.STATE_OPEN
            and opened is not None
            and datetime.now(UTC) < opened + self._rest
        )


def _end(sound: bool) -> None:
    if not sound:
        raise _Failed
