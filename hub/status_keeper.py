"""A thread that looks every few seconds whether the status list needs to be made anew, for processes that live long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from core.errors import HubError
from hub.context import Hub
from hub.status_list import refresh
from store.turns import TurnTaken

_LOG = logging.getLogger(__name__)


class StatusKeeper:
    """Several processes may each run one: one of them makes a list at a time.

    Args:
        hubs: lends a hub for one look.
        every: seconds between two looks; as long as a change may be missing in the list at the most.
    """

    def __init__(self, hubs: Callable[[], AbstractContextManager[Hub]], *, every: float = 10.0) -> None:
        self._hubs, self._every = hubs, every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: str | None = None

    def start(self) -> None:
        """Begin; once only."""
        if self._thread is not None:
            raise RuntimeError("this keeper was started already")
        self._thread = threading.Thread(target=self._run, name="status-keeper", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the look at hand; safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            trouble = self._look()
            if trouble is not None and trouble != self._trouble:
                _LOG.error("the status list is not made anew: %s", trouble)
            elif trouble is None and self._trouble is not None:
                _LOG.warning("the status list is made again")
            self._trouble = trouble

    def _look(self) -> str | None:
        try:
            with self._hubs() as hub:
                refresh(hub)
        except TurnTaken:
            return None
        except HubError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - the thread must live on; its text may quote a row
            return f"unexpected fault ({type(error).__name__})"
        return None
