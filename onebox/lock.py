"""One world a folder: a lock the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from onebox.errors import WorldBusy


class WorldLock:
    """A context manager that holds the lock file of a world."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._held: IO[str] | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            WorldBusy: another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise WorldBusy(
                f"another demo or serve is running in {self._path.parent.parent} (process {holder}). "
                "Wait until it ends, or stop it with Ctrl-C there; nothing was started."
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._held = lock

    def release(self) -> None:
        """Let go; harmless when not held."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def __enter__(self) -> WorldLock:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
