"""A thread that looks every few seconds whether the status list needs to be made anew, for processes that live long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from core.errors import HubError
from hub.context import Hub
from hub.repeating import Repeating
from hub.status_list import refresh
from store.turns import TurnTaken


class StatusKeeper(Repeating):
    """Several processes may each run one: one of them makes a list at a time.

    Args:
        hubs: lends a hub for one look.
        every: seconds between two looks; as long as a change may be missing in the list at the most.
    """

    def __init__(self, hubs: Callable[[], AbstractContextManager[Hub]], *, every: float = 10.0) -> None:
        super().__init__(
            "status-keeper",
            every=every,
            failing="the status list is not made anew",
            well="the status list is made again",
        )
        self._hubs = hubs

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
