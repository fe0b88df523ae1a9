"""Run something in a process that dies by SIGKILL: its own after a chosen step, or ours at a chosen moment."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Collection
from multiprocessing.connection import Connection as Pipe

from hub.context import OnStep, no_step

#: Forked, so that each of many short lives does not import everything anew.
_FORK = multiprocessing.get_context("fork")

#: What is run: opens its own connections, reports its steps.
Work = Callable[[OnStep], object]


def steps_of(work: Work) -> list[str]:
    """The steps an undisturbed run takes, in order; the run itself has its effect."""
    reader, writer = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_tell, args=(work, writer))
    process.start()
    writer.close()
    steps = []
    while True:
        try:
            steps.append(reader.recv())
        except EOFError:
            break
    process.join(60)
    assert process.exitcode == 0
    return steps


def run_and_die(work: Work, after: int) -> bool:
    """Run and die right after the `after`-th step (from 1); False when it ended before it got there."""
    process = _FORK.Process(target=_die, args=(work, after))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def run_and_die_anew(work: Work, known: Collection[str]) -> str | None:
    """Run and die right after the first step that is none of these; which it was, or None: the run came to its end."""
    reader, writer = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_die_anew, args=(work, known, writer))
    process.start()
    writer.close()
    try:
        step: str | None = reader.recv()
    except EOFError:
        step = None
    process.join(60)
    assert process.exitcode == (0 if step is None else -signal.SIGKILL), process.exitcode
    return step


def run_and_be_killed(work: Work, after_s: float, *, group: bool = False) -> bool:
    """Run and be killed from outside after so many seconds; False when it ended well before.

    With `group` the work runs in a child of a process that leads a group of its own, and the whole group is killed.
    """
    process = _FORK.Process(target=_lead_a_group if group else work, args=(work,) if group else (no_step,))
    process.start()
    pid = process.pid
    assert pid is not None
    while group and process.is_alive() and os.getpgid(pid) != pid:
        time.sleep(0.001)
    process.join(after_s)
    if process.exitcode is None:
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _lead_a_group(work: Work) -> None:
    os.setsid()
    inner = _FORK.Process(target=work, args=(no_step,))
    inner.start()
    inner.join()
    os._exit(inner.exitcode or 0)


def _tell(work: Work, writer: Pipe) -> None:
    work(writer.send)
    writer.close()


def _die_anew(work: Work, known: Collection[str], writer: Pipe) -> None:
    def on_step(step: str) -> None:
        if step not in known:
            writer.send(step)
            os.kill(os.getpid(), signal.SIGKILL)

    work(on_step)


def _die(work: Work, after: int) -> None:
    taken = 0

    def on_step(_: str) -> None:
        nonlocal taken
        taken += 1
        if taken == after:
            os.kill(os.getpid(), signal.SIGKILL)

    work(on_step)
