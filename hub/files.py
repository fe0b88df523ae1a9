"""Files that must survive: written whole or not at all, read back only if they are what was written."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from core.digest import sm3
from core.errors import Permanent, Retryable
from core.flushing import flush_folder

#: From so many files on their file system is flushed as a whole.
_TOGETHER: Final = 8
#: Release of Linux from which syncfs(2) returns an error when data written before could not reach the disk.
_TELLS_OF_FAILURE: Final = (5, 8)


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

    All are written before the first is waited for, so that the disk takes them together. From some files on their
    file system is flushed as a whole, once: a third of the time of flushing each. Each folder is flushed once.

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
            if len(parts) < _TOGETHER or not _flush_file_systems([file for _, _, file in parts]):
                for _, path, file in parts:  # noqa: B007 - the message names it
                    os.fsync(file)
        finally:
            for _, _, file in parts:
                os.close(file)
        for beside, path, _ in parts:
            beside.replace(path)
        for folder in {path.parent for path in files}:
            flush_folder(folder)
    except OSError as error:
        raise DiskRefuses(
            f"{path} was not written: {error.strerror}. Nothing was recorded. Make room or give the hub the right to "
            "write there; the next try goes on here."
        ) from None


@contextmanager
def writing_durably(path: Path) -> Iterator[BinaryIO]:
    """As `write_durably`, for a file too large to be held in memory; what is raised within leaves nothing.

    Raises:
        DiskRefuses: no room or no right; what was at `path` before is still there.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise DiskRefuses(
            f"{path} was not written: {error.strerror}. Make room or give the hub the right to write there, then try "
            "again."
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _flush_file_systems(files: Sequence[int]) -> bool:
    """Flush the file systems the open files lie on; whether that was possible.

    syncfs(2) tells of data that could not be written since Linux 5.8; before that nobody would hear of it.
    """
    syncfs = _syncfs()
    if syncfs is None:
        return False
    for file in {os.fstat(file).st_dev: file for file in files}.values():
        if syncfs(file) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    return True


@cache
def _syncfs() -> Callable[[int], int] | None:
    release = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    if sys.platform != "linux" or release < _TELLS_OF_FAILURE:
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return found


def read_table(path: Path, unfit: type[Permanent], left: str) -> str:
    """The text of a table that the bureau keeps itself.

    Args:
        unfit: raised where it cannot be read.
        left: what was not done and what to do, for its message.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise unfit(f"{path} cannot be read ({error.strerror}). {left}") from None
    except UnicodeDecodeError:
        raise unfit(f"{path} cannot be read (it is not UTF-8). {left}") from None


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
