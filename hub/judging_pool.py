"""Pages judged by other processes: Python judges on one core a process, and a first load is nearly all judging."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.port import RawPage, Source
from connectors.registry import open_source
from core.clock import Clock
from core.settings import Settings
from hub.context import Hub
from hub.judging import PageJudge, Seen
from hub.spawning import end_with_parent, no_main_module
from store.hashes import Hashes
from store.keyring import Keyring
from store.landing import JudgedPage

#: From so many rows on the processes are worth their start, which takes about a second.
POOLED_FROM: Final = 50_000
_MOST: Final = 4
#: Every so many-th row of a page is shown to whoever watches the columns.
_SHOWN: Final = 50
#: So many objects are made before a judging process looks for circles of them.
_OBJECTS_BETWEEN: Final = 100_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a page: its rows, some of their fields, and the columns nobody knows."""

    page: JudgedPage
    shown: list[Mapping[str, Any]]
    unknown: frozenset[str]


def processes(rows: int | None) -> int:
    """How many processes are worth it for so many rows; 0 where they are not, or may not be started."""
    cores = len(os.sched_getaffinity(0))
    if rows is None or rows < POOLED_FROM or cores < 2 or multiprocessing.current_process().daemon:
        return 0
    return min(cores, _MOST)


class JudgePool:
    """Judges pages elsewhere, for a store that holds nothing of the resource yet, so that no row can be known.

    The processes end with this object, and by themselves when this process is killed.
    """

    def __init__(self, hub: Hub, declaration: Declaration, workers: int) -> None:
        self.workers = workers
        self._pool = ProcessPoolExecutor(
            workers,
            # not forked: this process has threads and connections that no other may use
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(hub.settings, hub.clock, declaration),
        )

    def submit(self, page: RawPage, digest: bytes) -> Future[Judged]:
        """Have a page judged; where a process was killed, BrokenProcessPool is the result from then on."""
        try:
            with no_main_module():  # a process that is missing is started here
                return self._pool.submit(_judge, page, digest)
        except BrokenProcessPool as broken:
            failed = Future[Judged]()
            failed.set_exception(broken)
            return failed

    def __enter__(self) -> JudgePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)


# --- in the other process ---

_bench: tuple[Source, PageJudge] | None = None


def _begin(settings: Settings, clock: Clock, declaration: Declaration) -> None:
    global _bench
    end_with_parent()
    # A page is tens of thousands of objects, none of them in a circle: looking for circles took a tenth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN, 50, 100)
    # A file's name does not matter for reading a kept page; nothing is contacted.
    source = open_source(declaration, Endpoints.load(settings.sources_file), file=_any_file(declaration))
    _bench = source, PageJudge(Hashes(Keyring(settings.keys).index_key), clock, declaration)


def _judge(page: RawPage, digest: bytes) -> Judged:
    assert _bench is not None, "the process was not begun"  # noqa: S101
    source, judge = _bench
    judge.unknown.clear()
    prepared = judge.prepare(source, page, digest)
    judged = judge.judged(prepared)
    return Judged(judged, list(Seen(prepared.rows)[::_SHOWN]), frozenset(judge.unknown))


def _any_file(declaration: Declaration) -> Path | None:
    return Path(os.devnull) if declaration.access.protocol in ("csv_file", "sftp_csv", "folder_csv") else None
