"""Starting other processes that read nothing of this one, and that end with it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def no_main_module() -> Iterator[None]:
    """Let a process be spawned that does not read this program's main file again.

    It has no use for it; the command `hub` would run once more, and Airflow's cannot be read in a task, from which
    Airflow hides its own database.
    """
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = kept


def end_with_parent() -> None:
    """In a spawned process: end it when the one that started it is gone, killed ones included."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
