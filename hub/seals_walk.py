"""Which files below some folders are looked at as licences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.seals_audit import Asked

#: What is read as a licence; everything else in a folder is counted and left alone.
SUFFIXES: Final = frozenset((".ofd", ".pdf"))


@dataclass(slots=True)
class Walk:
    """The licences below some folders, in the order of their names; links to folders are not followed.

    Attributes:
        other: how many files were left alone because they are no OFD and no PDF by name; known at the end.
        closed: folders that may not be read.
    """

    folders: Sequence[Path]
    other: int = 0
    closed: int = 0

    def __iter__(self) -> Iterator[Asked]:
        self.other = self.closed = 0
        for folder in self.folders:
            if folder.is_dir():
                yield from self._below(str(folder))
            else:
                yield _asked(str(folder))

    def _below(self, folder: str) -> Iterator[Asked]:
        # By hand and not by recursion: folders may lie deeper than Python's stack.
        open_ = [iter(self._entries(folder))]
        while open_:
            entry = next(open_[-1], None)
            if entry is None:
                open_.pop()
            elif entry.is_dir(follow_symlinks=False):
                open_.append(iter(self._entries(entry.path)))
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122 - a name, of a million
                yield _asked(entry.path)
            else:
                self.other += 1

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda one: one.name)
        except OSError:
            self.closed += 1
            return []


def _asked(path: str) -> Asked:
    """A path is shown whole; of a name that is no text, what can be printed."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return Asked(path, "".join(one if one.isprintable() else "\ufffd" for one in text))


def count(files: Iterable[Asked]) -> int:
    """How many there are; walks once without reading any."""
    return sum(1 for _ in files)
