"""A file of any size, written beside its place and put there whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.flushing import flush_folder


@contextmanager
def written_beside(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A stream to `.NAME.part`; on disk and at `path` when the block ends well, gone when it does not.

    What a process that was killed left there is written over.

    Args:
        mode: who may read the file, e.g. 0o600.

    Raises:
        OSError: no room, no right, or another process is writing the same file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with _taken(part, mode) as out:
        try:
            out.truncate(0)
            os.fchmod(out.fileno(), mode)
            yield out
            out.flush()
            os.fsync(out.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    flush_folder(path.parent)


def _taken(part: Path, mode: int) -> BinaryIO:
    """The file at `part`, opened for us alone and not truncated yet."""
    while True:
        out = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode), "wb")
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held it before may have put it in its place meanwhile: then it is no longer ours to write.
            if os.path.samestat(os.fstat(out.fileno()), part.stat()):
                return out
        except FileNotFoundError:
            pass
        except OSError:
            out.close()
            raise
        out.close()
