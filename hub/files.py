"""Files that must survive: written whole or not at all, read back only if they are what was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from core.digest import sm3
from core.errors import Permanent, Retryable


class DiskRefuses(Retryable):
    """The disk is full or the folder cannot be written."""

    code: ClassVar[str] = "HUB-707"


class FileAltered(Permanent):
    """A file of the register is gone, or is not the one that was recorded."""

    code: ClassVar[str] = "HUB-708"


def write_durably(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename into place: nobody ever sees half a file.

    Raises:
        DiskRefuses: no room or no right; what was at `path` before is still there.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DiskRefuses(
            f"{path} was not written: {error.strerror}. Nothing was recorded. Make room or give the hub the right to "
            "write there; the next try goes on here."
        ) from None


def read_checked(path: Path, expected_sm3: bytes) -> bytes:
    """The file's bytes.

    Raises:
        FileAltered: it is gone, or its SM3 is not the recorded one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileAltered(f"{path} cannot be read ({error.strerror}); restore it from the backup") from None
    if sm3(data) != expected_sm3:
        raise FileAltered(f"{path} is not the file that was recorded (its SM3 differs); restore it from the backup")
    return data
