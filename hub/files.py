"""Files that must survive: written whole or not at all, read back only if they are what was written."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
    write_all_durably({path: data})


def write_all_durably(files: Mapping[Path, bytes]) -> None:
    """As `write_durably`, for many at once: all are on disk when this returns.

    All are written before the first is waited for, so that the disk takes them together; each folder is flushed once.

    Raises:
        DiskRefuses: no room or no right; every file that was there before is whole, the old one or the new one.
    """
    parts: list[tuple[Path, Path, int]] = []
    # named in the message should one of the steps for all fail
    path = next(iter(files), Path())
    try:
        try:
            for path, data in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                beside = path.with_name(f".{path.name}.part")
                file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
                parts.append((beside, path, file))
                _write(file, data)
            for _, path, file in parts:  # noqa: B007 - the message names it
                os.fsync(file)
        finally:
            for _, _, file in parts:
                os.close(file)
        for beside, path, _ in parts:
            beside.replace(path)
        for folder in {path.parent for path in files}:
            _flush_folder(folder)
    except OSError as error:
        raise DiskRefuses(
            f"{path} was not written: {error.strerror}. Nothing was recorded. Make room or give the hub the right to "
            "write there; the next try goes on here."
        ) from None


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


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
