"""The audit over many files: on every core, in order, with a bound on time a file may take; a file that kills its
reader costs nobody else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from types import FrameType
from typing import Final

from hub.seals_audit import Asked, AuditRow, Ground, Judge, safely, unread
from hub.spawning import end_with_parent, no_main_module

#: Told how many files are done.
OnFile = Callable[[int], None]
#: From so many files on other processes are worth their start, which takes about a second.
_POOLED_FROM: Final = 200
_MOST_PROCESSES: Final = 8
_CHUNK: Final = 16
#: Chunks under way for each process: enough that none waits, few enough that memory stays flat.
_AHEAD: Final = 3
_SECONDS_A_FILE: Final = 60.0


def run(ground: Ground, files: Iterable[Asked], number: int, on_file: OnFile) -> Iterator[AuditRow]:
    """A row for each file, in their order. Memory does not grow with their number.

    Args:
        number: how many there are, as far as is known; decides whether other processes are started.

    Raises:
        CertificateRefused, PressMalformed: what is trusted cannot be read.
    """
    rows = _pooled(ground, files) if _worth(number) else _here(ground, files)
    for done, row in enumerate(rows, start=1):
        on_file(done)
        yield row


def _worth(number: int) -> bool:
    return number >= _POOLED_FROM and len(os.sched_getaffinity(0)) > 1 and not multiprocessing.current_process().daemon


def _here(ground: Ground, files: Iterable[Asked]) -> Iterator[AuditRow]:
    judge = Judge(ground)
    for asked in files:
        yield _timed(judge, asked)


def _pooled(ground: Ground, files: Iterable[Asked]) -> Iterator[AuditRow]:
    Judge(ground)  # what is wrong with the trust is told here, not by a process that dies of it
    workers = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    under_way: deque[tuple[list[Asked], Future[list[AuditRow]]]] = deque()
    waiting = iter(files)
    pool = _open(ground, workers)
    try:
        if not _answers(pool):
            # Where no process can be had (no memory, no right), this one reads them all.
            yield from _here(ground, waiting)
            return
        while True:
            while len(under_way) < workers * _AHEAD and (chunk := list(islice(waiting, _CHUNK))):
                under_way.append((chunk, _submit(pool, chunk)))
            if not under_way:
                return
            chunk, future = under_way.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:
                # One file killed its process, and all that was under way is lost: read that again, one by one.
                lost = [*chunk, *(asked for other, _ in under_way for asked in other)]
                under_way.clear()
                pool.shutdown(wait=False, cancel_futures=True)
                yield from _one_by_one(ground, lost)
                pool = _open(ground, workers)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _answers(pool: ProcessPoolExecutor) -> bool:
    try:
        return _submit(pool, []).result() == []
    except (BrokenProcessPool, OSError):
        return False


def _submit(pool: ProcessPoolExecutor, chunk: list[Asked]) -> Future[list[AuditRow]]:
    try:
        with no_main_module():  # a process that is missing is started here
            return pool.submit(_look_at, chunk)
    except BrokenProcessPool as broken:
        failed = Future[list[AuditRow]]()
        failed.set_exception(broken)
        return failed


def _one_by_one(ground: Ground, lost: list[Asked]) -> Iterator[AuditRow]:
    pool = _open(ground, 1)
    try:
        for asked in lost:
            try:
                yield _submit(pool, [asked]).result()[0]
            except BrokenProcessPool:
                yield unread(
                    asked, "file.deadly", "读取时进程终止，已跳过", "the process that read it was ended; it was left"
                )
                pool.shutdown(wait=False, cancel_futures=True)
                pool = _open(ground, 1)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _open(ground: Ground, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers,
        # not forked: the caller may have threads and connections that no other process may use
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(ground,),
    )


# --- in the process that reads -------------------------------------------------------------------------------------

_judge: Judge | None = None


def _begin(ground: Ground) -> None:
    global _judge
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who was asked ends the audit
    _judge = Judge(ground)


def _look_at(chunk: list[Asked]) -> list[AuditRow]:
    assert _judge is not None, "the process was not begun"  # noqa: S101
    return [_timed(_judge, asked) for asked in chunk]


def _timed(judge: Judge, asked: Asked) -> AuditRow:
    with _at_most(_SECONDS_A_FILE):
        return safely(judge, asked)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after a while; where signals cannot be had (not the main thread), never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
