"""Files of the demo keys: made whole or not at all, never over old ones."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a key and its certificate lie."""
    return folder / f"{name}-key.pem", folder / f"{name}-cert.pem"


def in_one_step(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside its place and move it there whole: a process that dies leaves none or all of it.

    One that somebody else made meanwhile stays, and what was made here goes.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(fresh)
        try:
            fresh.rename(folder)
        except OSError as error:
            # Somebody else made it meanwhile, or it was there without a passphrase: open_keys tells which.
            if not folder.is_dir() or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """A new file, on disk before this returns; never over an old one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def add_beside(path: Path, data: bytes) -> None:
    """A file that everybody may read, put whole into a folder that is in use; one that is there stays."""
    if path.exists():
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh = Path(name)
        fresh.chmod(0o644)
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            # Somebody else was quicker, with the same content.
            return
    finally:
        Path(name).unlink(missing_ok=True)
