"""The asset that stands for rows waiting at a department, and the trigger in Airflow's triggerer that watches for them.

The trigger never ends by itself: whatever goes wrong with a look is written to the triggerer's log, and the next look
comes after a pause that grows to a minute. An event says how many rows wait of which resource, nothing else.

What to know of Airflow 3.3.2 here: a trigger whose module cannot be imported is given up until the triggerer starts
again, so whatever may fail is imported in the first look; events leave the triggerer once a second; an event for a DAG
that runs already is kept, and becomes one run when that has ended, however many events there were.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from hub.arrivals import Teller, Watch

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0


def seconds_between_looks() -> float:
    """Every how many seconds sources are asked (HUB_ARRIVALS_SECONDS of Airflow's processes); 0: never."""
    return max(0.0, float(os.environ.get("HUB_ARRIVALS_SECONDS", "1")))


def arrivals_of(department: str, resources: Sequence[str]) -> Asset:
    """The asset that is updated when rows wait at a department's source."""
    trigger = ArrivalTrigger(resources=list(resources), seconds=seconds_between_looks())
    return Asset(
        name=f"{department}.arrivals",
        uri=f"hub://arrivals/{department}",
        watchers=[AssetWatcher(name=f"{department}_arrivals", trigger=trigger)],
    )


class ArrivalTrigger(BaseEventTrigger):
    """Asks the hub each second whether rows wait, and fires when some do and no collect is on its way to them."""

    def __init__(self, resources: list[str], seconds: float) -> None:
        super().__init__()
        self.resources = resources
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What Airflow keeps of it; the name under which the triggerer imports it."""
        return "dags._arrivals.ArrivalTrigger", {"resources": self.resources, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, tell, pause; for ever."""
        watching, pause = _Watching(self.resources), 0.0
        try:
            while True:
                try:
                    waiting = await asyncio.to_thread(watching.to_tell)
                except Exception as error:  # noqa: BLE001 - a trigger that ends tells of no arrival any more
                    pause = min(max(_FIRST_PAUSE, 2 * pause), _LONGEST_PAUSE)
                    log.warning("no look at %s; next in %.0f s: %s", ", ".join(self.resources), pause, _said(error))
                else:
                    if pause:
                        log.warning("%s can be looked at again", ", ".join(self.resources))
                        pause = 0.0
                    if waiting:
                        yield TriggerEvent({"waiting": waiting})
                await asyncio.sleep(pause or self.seconds)
        finally:
            watching.close()


class _Watching:
    """The hub's watch and what it has told; used in a thread, since it waits for databases."""

    def __init__(self, resources: list[str]) -> None:
        self._resources = resources
        self._watch: Watch | None = None
        self._teller: Teller | None = None

    def to_tell(self) -> dict[str, int]:
        from core.settings import Settings
        from hub.arrivals import Teller, Watch

        try:
            # made anew after a failure: address and password may be others by now
            self._watch = self._watch or Watch(Settings.from_environment(), self._resources)
            self._teller = self._teller or Teller()
            return self._teller.consider(self._watch.look())
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None


def _said(error: Exception) -> str:
    """A typed error's message, which shows no person; of any other its kind only."""
    from core.errors import HubError

    return str(error) if isinstance(error, HubError) else type(error).__name__
