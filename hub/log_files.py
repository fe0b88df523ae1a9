"""What lies outside the database: each signed head, and the entries and leaf hashes it adds to the one before.

Two files a head, written once and never again: `00000012.leaves`, 48 bytes an entry (its number as a UUID, its leaf
hash), and after it `00000012.head.json`. Whoever rewrites the database does not rewrite these; copy the folder to
where he cannot.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

from core.errors import Permanent
from core.flushing import flush_folder
from hub.log_heads import Head, HeadRefused, from_dict, to_dict
from store.merkle_log import Leaf

_RECORD: Final = 48
_HEAD_FILE = re.compile(r"(\d{8,})\.head\.json")
_READ_AT_ONCE = 4096


class LogFilesRefused(Permanent):
    """The files of a log outside the database cannot be written, or do not fit what it holds."""

    code: ClassVar[str] = "HUB-788"


class LogFiles:
    """The folder of one log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self) -> list[int]:
        """Of the heads that are there, ascending.

        Raises:
            LogFilesRefused: the folder cannot be read.
        """
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LogFilesRefused(
                f"{self.folder} cannot be read ({error.strerror}); nothing was sealed or verified. Give the hub's user "
                "the right to it, or correct HUB_HOME."
            ) from None
        return sorted(int(found[1]) for name in names if (found := _HEAD_FILE.fullmatch(name)))

    def head(self, number: int) -> Head:
        """One head.

        Raises:
            HeadRefused: its file is missing or no head.
        """
        path = self._head(number)
        try:
            read = from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            raise HeadRefused(f"{path} cannot be read as a signed head; restore it from a copy.") from None
        if read.number != number:
            raise HeadRefused(f"{path} holds head {read.number}; it was put there in the place of another.")
        return read

    def leaves(self, number: int, first: int) -> Iterator[Leaf]:
        """What the head adds; `first` is the place of its first entry.

        Raises:
            HeadRefused: the file is missing or was cut.
        """
        path = self._leaves(number)
        try:
            with path.open("rb") as file:
                while data := file.read(_RECORD * _READ_AT_ONCE):
                    if len(data) % _RECORD:
                        raise HeadRefused(f"{path} is not whole; restore it from a copy.")
                    for at in range(0, len(data), _RECORD):
                        yield Leaf(first, str(UUID(bytes=data[at : at + 16])), data[at + 16 : at + _RECORD])
                        first += 1
        except OSError:
            raise HeadRefused(f"{path} cannot be read; restore it from a copy.") from None

    def write(self, head: Head, leaves: Iterable[Leaf]) -> None:
        """Both files, on disk before this returns, the head last; a process that dies before leaves no head file.

        Raises:
            LogFilesRefused: the folder cannot be written, or another head of that number is there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            put_once(self._leaves(head.number), (UUID(one.entry).bytes + one.leaf for one in leaves))
            put_once(self._head(head.number), [json_text(to_dict(head))])
        except OSError as error:
            raise LogFilesRefused(
                f"head {head.number} is signed and stored, but its files in {self.folder} cannot be written "
                f"({error.strerror}). Make room or give the hub's user the right, then: hub {self.folder.name} seal."
            ) from None

    def _head(self, number: int) -> Path:
        return self.folder / f"{number:08d}.head.json"

    def _leaves(self, number: int) -> Path:
        return self.folder / f"{number:08d}.leaves"


def json_text(value: Any) -> bytes:
    """As the files hold it."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def put_once(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that never changes, on disk before this returns; the same file that is there already is left.

    Raises:
        LogFilesRefused: another one of that name is there.
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o444)
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            if not _same(path, fresh):
                raise LogFilesRefused(
                    f"{path} is there already and says something else. Two hubs with one home folder, a database "
                    "restored from a backup, or a forgery: nothing was written over it. Find out which."
                ) from None
    finally:
        fresh.unlink(missing_ok=True)
    flush_folder(path.parent)


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while data := first.read(1 << 20):
            if data != second.read(1 << 20):
                return False
    return True
