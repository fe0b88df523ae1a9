"""A thread that gives waiting entries their numbers about every second, for processes that live long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress

from core.errors import HubError, Retryable
from store import merkle_log
from store.connection import Connection, connect

_LOG = logging.getLogger(__name__)
#: The longest pause after failures, in seconds.
_LONGEST = 30.0


class Sequencer:
    """Sequences logs on a connection of its own; a lost database is tried again, with growing pauses.

    Several processes may each run one: one of them works at a time, the others find nothing to do.
    """

    def __init__(self, database_url: str, logs: Sequence[str], *, every: float = 1.0) -> None:
        """Nothing happens before `start`.

        Args:
            every: seconds between two looks.
        """
        self._url, self._logs, self._every = database_url, tuple(logs), every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the last look failed; None while all is well."""
        return self._trouble

    def start(self) -> None:
        """Begin; once only."""
        if self._thread is not None:
            raise RuntimeError("this sequencer was started already")
        self._thread = threading.Thread(target=self._run, name="log-sequencer", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the batch at hand; safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.wait(pause):
            trouble = self._look()
            if trouble is not None and trouble != self._trouble:
                _LOG.error("entries wait for their numbers: %s", trouble)
            elif trouble is None and self._trouble is not None:
                _LOG.warning("entries get their numbers again")
            self._trouble = trouble
            pause = self._every if trouble is None else min(max(pause, self._every) * 2, _LONGEST)
        self._close()

    def _look(self) -> str | None:
        """One round over the logs; what went wrong, or None."""
        troubles = []
        for log in self._logs:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = connect(self._url)
                while merkle_log.sequence(self._connection, log) and not self._stopping.is_set():
                    pass
            except HubError as error:
                troubles.append(str(error))
                if isinstance(error, Retryable):
                    self._close()
            except Exception as error:  # noqa: BLE001 - the thread must live on; its text may quote a row
                troubles.append(f"unexpected fault ({type(error).__name__})")
                self._close()
        return "; ".join(troubles) or None

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None
