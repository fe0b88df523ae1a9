"""Lookups that come at the same time share a transaction: one wait for the disk, whatever their number.

Each is tried and logged as alone; the answers leave when the transaction they stand in is committed. A lookup that is
refused stands in it with its entry; one that breaks it spoils nobody: the others are then tried each by itself. Where
a department has to be asked, the lookup goes on in a thread of its own, so that nobody waits for it.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from core.clock import Clock
from core.settings import Settings
from hub.answer import Answer
from hub.context import Hub, open_hub
from hub.lookup import Ask, Questions, Refused, attempt, go_on, read_ahead, understand
from hub.means import Means
from hub.pool import HubBusy, HubPool
from hub.quota import settle
from store.audit import Pending
from store.connection import transaction

_LOG = logging.getLogger(__name__)

#: Lookups in one transaction, and those that may wait before further ones are sent away.
_TOGETHER: Final = 32
_WAITING: Final = 2_000
#: Transactions at one time in a process. Two were slower than one, measured: they wait for each other's Python.
_THREADS: Final = 1
#: Lookups that wait for a department at one time.
_ASKING: Final = 8

_Job = tuple[Ask, "Future[Answer]"]


class LookupQueue:
    """To be shared between threads; its own hold one hub each."""

    def __init__(self, settings: Settings, means: Means, pool: HubPool, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._means = means
        self._pool = pool
        self._clock = clock
        self._jobs: Queue[_Job | None] = Queue(_WAITING)
        self._asking = ThreadPoolExecutor(_ASKING, thread_name_prefix="live-lookup")
        self._threads = [Thread(target=self._work, name=f"lookup-{n}", daemon=True) for n in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def ask(self, ask: Ask) -> Future[Answer]:
        """The answer to come; what `lookup` raises is raised from it.

        Raises:
            HubBusy: too many wait already.
        """
        future: Future[Answer] = Future()
        try:
            self._jobs.put_nowait((ask, future))
        except Full:
            raise HubBusy("too many lookups wait already; nothing was looked up. Try again in a moment.") from None
        return future

    def close(self) -> None:
        """Answer what waits, then end."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._asking.shutdown()

    def _work(self) -> None:
        with ExitStack() as stack:
            hub: Hub | None = None
            while (jobs := self._next()) is not None:
                try:
                    if hub is None or hub.connection.closed:
                        stack.close()
                        hub = stack.enter_context(open_hub(self._settings, self._clock))
                    self._together(hub, jobs)
                except BaseException as error:  # noqa: BLE001 - it belongs to those who asked
                    for _, future in jobs:
                        if not future.done():
                            future.set_exception(error)

    def _next(self) -> list[_Job] | None:
        """The jobs that wait, at least one; None at the end."""
        first = self._jobs.get()
        if first is None:
            return None
        jobs = [first]
        while len(jobs) < _TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                self._jobs.put(None)  # the end is for the next round
                break
            jobs.append(job)
        return [job for job in jobs if job[1].set_running_or_notify_cancel()]

    def _together(self, hub: Hub, jobs: list[_Job]) -> None:
        try:
            with transaction(hub.connection) as cursor:
                log = Pending()
                known = [understand(ask, self._means) for ask, _ in jobs]
                read_ahead(cursor, hub, known)
                came = [attempt(cursor, log, hub, one, self._means, {}, may_ask=True) for one in known]
                settle(cursor)
                log.write(cursor)
        except Exception:
            if len(jobs) == 1:
                raise
            _LOG.warning("a transaction of %d lookups was undone; each is tried by itself", len(jobs))
            for job in jobs:
                self._alone(hub, job)
            return
        for (ask, future), one in zip(jobs, came, strict=True):
            if isinstance(one, Answer):
                future.set_result(one)
            elif isinstance(one, Refused):
                future.set_exception(one.error)
            else:
                self._asking.submit(self._go_on, ask, one, future)

    def _alone(self, hub: Hub, job: _Job) -> None:
        try:
            self._together(hub, [job])
        except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
            job[1].set_exception(error)

    def _go_on(self, ask: Ask, questions: Questions, future: Future[Answer]) -> None:
        try:
            with self._pool.hub() as hub:
                future.set_result(go_on(hub, ask, self._means, questions))
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who asked
            future.set_exception(error)
