"""Where files of other hubs arrive: announced ones only, piece by piece, and never over a finished one.

    HUB_HOME/transfers/in/PEER/.NAME.part    what is there of an unfinished file
    HUB_HOME/transfers/in/PEER/NAME          a file that is there whole
    HUB_HOME/transfers/in/PEER/.NAME.done    size and SHA-256 of one that was whole and was taken out

The length of the unfinished file is all the state there is: an upload goes on after any restart of either side.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from connectors.courier import NAME
from core.digest import sha256, sha256_of_start
from core.errors import Rejected, Retryable
from core.flushing import flush_folder
from core.settings import Settings
from hub.files import write_durably

#: Of the announcement of a file by a peer: how many bytes it has; None where nothing was announced, or no more.
Announced = Callable[[str, str], int | None]
#: Bytes that stay free for the hub itself.
_RESERVE: Final = 1 << 30


class NotAnnounced(Rejected):
    """A peer sends a file that nobody announced, or that is not expected any more."""

    code: ClassVar[str] = "HUB-814"


class InboxFull(Retryable):
    """There is no room for a peer's file: the disk is full or the quota of the inbox is used up."""

    code: ClassVar[str] = "HUB-815"


class OffsetWrong(Rejected):
    """A piece of a file does not begin where what is there ends, or goes beyond what was announced."""

    code: ClassVar[str] = "HUB-816"


class InboxBusy(Retryable):
    """Another request is writing to the same file."""

    code: ClassVar[str] = "HUB-817"


class FileFinished(Rejected):
    """A file that is there whole can neither be added to nor thrown away by its sender."""

    code: ClassVar[str] = "HUB-818"


@dataclass(frozen=True, slots=True)
class There:
    """What is there of a file, and the bytes announced."""

    size: int
    length: int


class Inbox:
    """The folder of all peers' files; safe from any thread and process."""

    def __init__(
        self, folder: Path, announced: Announced, *, quota: int, largest: int, reserve: int = _RESERVE
    ) -> None:
        """`quota` bounds all bytes in the folder, `largest` one file, `reserve` is left free on the disk; bytes."""
        self._folder = folder
        self._announced = announced
        self._quota = quota
        self._largest = largest
        self._reserve = reserve

    @classmethod
    def of(cls, settings: Settings, announced: Announced) -> Inbox:
        """The inbox of an installation."""
        folder = settings.home / "transfers" / "in"
        return cls(folder, announced, quota=settings.transfer_quota, largest=settings.transfer_quota)

    def there(self, peer: str, name: str) -> There:
        """How much is there of a file. Raises NotAnnounced."""
        length = self._length(peer, name)
        final, part = self._places(peer, name)
        finished = _finished(final)
        return There((_size(part) or 0) if finished is None else finished, length)

    def digest(self, peer: str, name: str, size: int) -> bytes:
        """SHA-256 of the first `size` bytes there, read from the disk. Asks nobody whether it was announced."""
        final, part = self._places(peer, name)
        noted = _noted(final)
        return noted[1] if noted is not None else _digest(final if final.exists() else part, size)

    def add(self, peer: str, name: str, at: int, piece: bytes) -> There:
        """Add a piece that begins at byte `at`; on disk when this returns, and the file in its place when it is whole.

        A piece of no bytes at the end settles a file whose last piece arrived just before this hub was killed; where
        the file is settled, nothing happens.

        Raises:
            NotAnnounced, OffsetWrong, FileFinished: nothing was written.
            InboxFull, InboxBusy: nothing was written; the same call may succeed later.
        """
        length = self._length(peer, name)
        final, _ = self._places(peer, name)
        if not piece and at == length == _finished(final):
            return There(at, length)
        with self._taken(peer, name) as file:
            here = file.seek(0, os.SEEK_END)
            if at != here or at + len(piece) > length:
                raise OffsetWrong(f"a piece of {name} begins at {at}, and {here} of {length} bytes are there.")
            if piece:
                self._check_room(length if at == 0 else len(piece))
            try:
                _write(file, piece)
            except OSError as error:
                # What arrived half is not what was signed.
                file.truncate(here)
                raise InboxFull(
                    f"{final} was not added to ({error.strerror}). Make room; the sender goes on."
                ) from None
            if at + len(piece) == length:
                _put(file, final)
        return There(at + len(piece), length)

    def drop(self, peer: str, name: str) -> None:
        """Throw away what is there of an unfinished file. Raises NotAnnounced, FileFinished, InboxBusy."""
        self._length(peer, name)
        with self._taken(peer, name):
            self._places(peer, name)[1].unlink()

    def whole(self, peer: str, name: str) -> Path | None:
        """Where a finished file lies; None while it is not there whole. Asks nobody whether it was announced."""
        final, _ = self._places(peer, name)
        return final if final.is_file() else None

    def names(self, peer: str) -> list[str]:
        """Names of a peer's files that are there whole, sorted."""
        try:
            found = list((self._folder / peer).iterdir())
        except FileNotFoundError:
            return []
        return sorted(path.name for path in found if NAME.fullmatch(path.name) and path.is_file())

    def done(self, peer: str, name: str) -> None:
        """Take a finished file out and remember it: a sender that did not hear of its end does not send it again.

        Raises:
            DiskRefuses: it is still there.
        """
        final, _ = self._places(peer, name)
        if (size := _size(final)) is not None:
            write_durably(_note(final), f"{size} {_digest(final, size).hex()}\n".encode())
            final.unlink()

    def clear(self, peer: str, name: str) -> None:
        """Remove and forget a file, finished or not, for the hub itself: the transfer was given up."""
        final, part = self._places(peer, name)
        for path in (final, part, _note(final)):
            path.unlink(missing_ok=True)

    def _length(self, peer: str, name: str) -> int:
        sound = NAME.fullmatch(peer) and NAME.fullmatch(name)
        length = self._announced(peer, name) if sound else None
        if length is None or length <= 0:
            raise NotAnnounced(f"{peer} sends a file that was not announced; nothing was taken.")
        if length > self._largest:
            raise NotAnnounced(f"{peer} sends a file of {length} bytes, more than the {self._largest} taken here.")
        return length

    def _places(self, peer: str, name: str) -> tuple[Path, Path]:
        if not (NAME.fullmatch(peer) and NAME.fullmatch(name)):
            raise ValueError("a peer or a file's name is no plain name")
        final = self._folder / peer / name
        return final, final.with_name(f".{name}.part")

    @contextmanager
    def _taken(self, peer: str, name: str) -> Iterator[BinaryIO]:
        """The unfinished file, made where there is none, for us alone."""
        final, part = self._places(peer, name)
        try:
            part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InboxFull(f"{part} cannot be written ({error.strerror}). Make room or give the right.") from None
        with os.fdopen(handle, "r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InboxBusy(f"another request is writing to {name}; nothing was written.") from None
            if _finished(final) is not None:
                if _is(file, part) and not file.seek(0, os.SEEK_END):
                    part.unlink()  # made just now, by asking
                raise FileFinished(f"{name} is there whole; nothing was changed.")
            if not _is(file, part):
                raise InboxBusy(f"{name} was thrown away meanwhile; nothing was written.")
            yield file

    def _check_room(self, wanted: int) -> None:
        used = sum(size for path in self._folder.rglob("*") if (size := _size(path)))
        free = shutil.disk_usage(self._folder).free - self._reserve
        if used + wanted > self._quota or wanted > free:
            raise InboxFull(
                f"a file of another hub needs {wanted} bytes; the inbox has {used} of {self._quota} bytes in it, and "
                f"the disk {max(0, free)} to spare. Nothing was written. Make room or raise HUB_TRANSFER_QUOTA; the "
                "sender goes on by itself."
            )


def _write(file: BinaryIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]
    os.fdatasync(file.fileno())


def _put(file: BinaryIO, final: Path) -> None:
    """Give the finished file its name; a link and not a rename, which would write over another."""
    part = final.with_name(f".{final.name}.part")
    final.hardlink_to(part)
    part.unlink()
    flush_folder(final.parent)


def _note(final: Path) -> Path:
    return final.with_name(f".{final.name}.done")


def _noted(final: Path) -> tuple[int, bytes] | None:
    """Size and SHA-256 of a file that was taken out; None where none was."""
    try:
        size, digest = _note(final).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return None
    return int(size), bytes.fromhex(digest)


def _finished(final: Path) -> int | None:
    """Size of a file that is there whole or was; None where it is not whole yet."""
    size = _size(final)
    noted = _noted(final) if size is None else None
    return noted[0] if noted is not None else size


def _digest(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return sha256_of_start(file, length)
    except FileNotFoundError:
        return sha256(b"")


def _is(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except FileNotFoundError:
        return None
