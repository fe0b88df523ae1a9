"""What looking up needs in one process, made once and closed at its end: connections, rights, queue, log numbers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock

from fastapi import FastAPI

from core.clock import Clock
from core.settings import Settings
from hub.access import Access
from hub.ages import Ages
from hub.kept_logs import NAMES
from hub.live import Live
from hub.log_sequencer import Sequencer
from hub.lookup_queue import LookupQueue
from hub.means import Means
from hub.pool import HubPool
from hub.status_keeper import StatusKeeper

_LOG = logging.getLogger(__name__)


class Service:
    """To be shared between threads. Nothing is connected before the first request.

    Raises:
        SourcesFileRefused: the sources file is there and unreadable.
    """

    def __init__(self, settings: Settings, access: Access, clock: Clock | None = None) -> None:
        live = Live.open(settings, clock=clock) if settings.sources_file.exists() else None
        if live is None:
            _LOG.warning("there is no sources file, so no department is asked live: %s", settings.sources_file)
        self.pool = HubPool(settings, clock=clock)
        self.means = Means(access, Ages(), live)
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._queue: LookupQueue | None = None
        self._sequencer = Sequencer(settings.database_url, NAMES)
        self._keeper = StatusKeeper(self.pool.hub)

    @property
    def queue(self) -> LookupQueue:
        """The lookups; its threads begin with the first."""
        with self._lock:
            if self._queue is None:
                self._queue = LookupQueue(self._settings, self.means, self.pool, clock=self._clock)
            return self._queue

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """While the server runs, logs are numbered and the status list is kept; at its end everything is closed."""
        self._sequencer.start()
        self._keeper.start()
        try:
            yield
        finally:
            self._sequencer.stop()
            self._keeper.stop()
            self.close()

    def close(self) -> None:
        """Answer what waits, then let go of everything."""
        if self._queue is not None:
            self._queue.close()
            self._queue = None
        if self.means.live is not None:
            self.means.live.close()
        self.pool.close()
