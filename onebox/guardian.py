"""The process that outlives a killed world for a moment and ends what it left.

The kernel's parent-death signal reaches a world's children, not what they started themselves, and
a scheduler asked to end may take long. The guardian waits at a pipe whose other end only the world
holds: when the world dies, however it dies, the pipe closes and the guardian ends every process
that carries the world's mark.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from onebox.errors import LeftRunning
from onebox.layout import REPOSITORY
from onebox.process import end_marked


class Guardian:
    """Held by the world while it lives."""

    def __init__(self, world: Path, environment: Mapping[str, str]) -> None:
        self._world = world
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; from now on the world may be killed."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "onebox.guardian", str(self._world)],
            env=self._environment,
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """End it; the world has stopped in order."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _watch(world: Path) -> int:
    sys.stdin.buffer.read()  # until the world's end of the pipe is closed
    try:
        end_marked(world)
    except LeftRunning:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_watch(Path(sys.argv[1])))
