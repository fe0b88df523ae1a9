"""How a department's daily file goes wrong where it lies: helpers that spoil it for the length of a `with` block.

What cannot be shown on disk, a file that changes while it is read, is ordered from the SFTP server: see `hr.FAULTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox import daily_csv


@contextmanager
def truncated(path: Path) -> Iterator[None]:
    """The upload broke off half-way, yet the control file is there and tells of the whole file."""
    with _restored(path):
        body = path.read_bytes()
        _put(path, body[: len(body) // 2])
        yield


@contextmanager
def recoded(path: Path, encoding: str = "GB18030") -> Iterator[None]:
    """The file comes in `encoding`; bytes and digest of its control file fit, its encoding is still the old one."""
    said = dict(line.split("=", 1) for line in path.with_suffix(".ctl").read_text(encoding="ascii").splitlines())
    with _restored(path):
        body = path.read_bytes().decode(said["encoding"]).encode(encoding)
        _put(path, body)
        daily_csv.control(path, body, int(said["rows"]), said["encoding"])
        yield


def half_replaced(body: bytes) -> bytes:
    """What a reader gets when the file is written over in place while it reads.

    The first half is of an earlier upload, which held the same rows in another order; the second half is the file
    as it lies there from then on. Of most rows in the one half there is a second in the other, or none at all.
    """
    header, *rows = body.splitlines(keepends=True)
    earlier = b"".join([header, *reversed(rows)])
    middle = len(body) // 2
    return earlier[:middle] + body[middle:]


@contextmanager
def _restored(path: Path) -> Iterator[None]:
    kept = {file: file.read_bytes() for file in (path, path.with_suffix(".ctl"))}
    try:
        yield
    finally:
        for file, body in kept.items():
            _put(file, body)


def _put(path: Path, body: bytes) -> None:
    # a reader in the midst of the file keeps the one it has open
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(body)
    draft.replace(path)
