"""How far a long command has come: one line on standard error, written over itself, where a person is looking at it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

import click

_WIDTH: Final = 24


class ProgressLine:
    """The line.

    Args:
        every: seconds at the least between two of them; what comes sooner is not shown.
    """

    def __init__(self, every: float = 0.0) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._every = every
        self._last: float | None = None

    def say(self, words: str) -> None:
        """Show these words in place of those before."""
        now = time.monotonic()
        if not self._shown or (self._last is not None and now - self._last < self._every):
            return
        self._last = now
        click.echo(f"\r\033[K{words}", nl=False, err=True, color=True)

    def end(self) -> None:
        """Leave the line to what follows, be it the figures or an error."""
        if self._last is not None:
            click.echo("\r\033[K", nl=False, err=True, color=True)


class ProgressBar(ProgressLine):
    """The line with a bar and the share that is done; its clock starts when it is made."""

    def __init__(self, every: float = 0.0) -> None:
        super().__init__(every)
        self._began = time.monotonic()

    def show(self, done: int, total: int, words: Callable[[float, float | None], str]) -> None:
        """Show how much is done.

        Args:
            words: what stands behind the share; is given the seconds it took so far, and those it will take yet (None
                as long as nothing is done).
        """
        share = min(done / total, 1.0) if total else 1.0
        took = max(time.monotonic() - self._began, 0.001)
        full = int(share * _WIDTH)
        told = words(took, took * (1 - share) / share if share else None)
        self.say(f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}, {told}")
