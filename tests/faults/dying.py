"""Run something in a process that kills itself with SIGKILL after a chosen step."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe

from hub.context import OnStep

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


def _tell(work: Work, writer: Pipe) -> None:
    work(writer.send)
    writer.close()


def _die(work: Work, after: int) -> None:
    taken = 0

    def on_step(_: str) -> None:
        nonlocal taken
        taken += 1
        if taken == after:
            os.kill(os.getpid(), signal.SIGKILL)

    work(on_step)
