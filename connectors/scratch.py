"""A temporary file for what a department sends, whose troubles are the hub's own and are told as such."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, cast

from core.errors import Retryable


class ScratchRefused(Retryable):
    """The hub's folder for temporary files is full or cannot be written; the department is not at fault."""

    code: ClassVar[str] = "HUB-741"


@contextmanager
def scratch(resource: str) -> Iterator[BinaryIO]:
    """A file that is gone at the end. Write into it through `writing` where another's OSError may mean something else.

    Raises:
        ScratchRefused: it cannot be made, written or read.
    """
    try:
        with tempfile.TemporaryFile() as stream:
            yield cast(BinaryIO, stream)
    except OSError as error:
        raise _refused(resource, error) from None


def writing(resource: str, stream: BinaryIO) -> BinaryIO:
    """The writing end of a scratch file, for code that takes an OSError for the department's; it has `write` only."""
    return cast(BinaryIO, _Writing(resource, stream))


class _Writing:
    def __init__(self, resource: str, stream: BinaryIO) -> None:
        self._resource = resource
        self._stream = stream

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except OSError as error:
            raise _refused(self._resource, error) from None


def _refused(resource: str, error: OSError) -> ScratchRefused:
    try:
        folder = tempfile.gettempdir()
    except OSError:
        folder = "TMPDIR"
    return ScratchRefused(
        f"{resource}: what the department sends cannot be written to {folder} ({error.strerror}). Nothing of the file "
        "landed, what landed before stays; the department is not at fault. Make room there or set TMPDIR to a folder "
        f"that has some (runbook: disk-full), then run `hub collect {resource}`."
    )
