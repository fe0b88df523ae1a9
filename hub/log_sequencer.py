"""A thread that gives waiting entries their numbers about every second, for processes that live long."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from core.errors import HubError, Retryable
from hub.repeating import Repeating
from store import merkle_log
from store.connection import Connection, connect

#: The longest pause after failures, in seconds.
_LONGEST = 30.0


class Sequencer(Repeating):
    """Sequences logs on a connection of its own; a lost database is tried again, with growing pauses.

    Several processes may each run one: one of them works at a time, the others find nothing to do.
    """

    def __init__(self, database_url: str, logs: Sequence[str], *, every: float = 1.0) -> None:
        """Nothing happens before `start`.

        Args:
            every: seconds between two looks.
        """
        super().__init__(
            "log-sequencer",
            every=every,
            longest=_LONGEST,
            failing="entries wait for their numbers",
            well="entries get their numbers again",
        )
        self._url, self._logs = database_url, tuple(logs)
        self._connection: Connection | None = None

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
