"""A thread that looks after something every few seconds, for processes that live long."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod


class Repeating(ABC):
    """Looks until it is stopped. A look that fails is told once, and once again when the next one succeeds.

    Args:
        name: of the thread.
        every: seconds between two looks.
        longest: the pause doubles after each failure up to so many seconds; None: it stays as it is.
        failing, well: what is told of a failure (its text follows), and of its end.
    """

    def __init__(self, name: str, *, every: float, failing: str, well: str, longest: float | None = None) -> None:
        self._name, self._every, self._longest = name, every, longest
        self._failing, self._well = failing, well
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the last look failed; None while all is well."""
        return self._trouble

    def start(self) -> None:
        """Begin; once only."""
        if self._thread is not None:
            raise RuntimeError(f"{self._name} was started already")
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the look at hand; safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    @abstractmethod
    def _look(self) -> str | None:
        """One look; what went wrong, or None. Must not raise."""

    def _close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what the looks held, at the end."""

    def _run(self) -> None:
        log, pause = logging.getLogger(type(self).__module__), self._every
        while not self._stopping.wait(pause):
            trouble = self._look()
            if trouble is not None and trouble != self._trouble:
                log.error("%s: %s", self._failing, trouble)
            elif trouble is None and self._trouble is not None:
                log.warning("%s", self._well)
            self._trouble = trouble
            if self._longest is not None:
                pause = self._every if trouble is None else min(max(pause, self._every) * 2, self._longest)
        self._close()
