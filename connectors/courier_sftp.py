"""Carries files by SFTP, to a server of the peer or to one between both.

A file is written as NAME.part and renamed to NAME when all of it is there: who sees NAME sees it whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import paramiko

from connectors.courier import (
    NAME,
    Carried,
    CourierDiffers,
    CourierInterrupted,
    CourierNoRoom,
    CourierNotConfigured,
    CourierRefused,
    Have,
    Progress,
    check_name,
    tell,
)
from connectors.courier_trying import Tally, persistently
from connectors.endpoints import SftpEndpoint
from connectors.retrying import Patience
from connectors.sftp_session import connected, pinned_key

#: What is compared, written or read before the next is looked at; also what is in memory.
_WINDOW: Final = 4 << 20
#: Enough of an envelope to tell it from every other one.
_HEAD: Final = 16 << 10


class SftpCourier:
    """To one folder of one server; the server's host key is pinned."""

    def __init__(self, endpoint: SftpEndpoint, *, timeout_s: float = 30, patience: Patience | None = None) -> None:
        """Raises CourierNotConfigured when the host key is none or our private key is not there."""
        try:
            self._host_key = pinned_key(endpoint.host_key)
        except ValueError:
            raise CourierNotConfigured(
                f"the pinned host_key of {endpoint.host} is not a public key line such as `ssh-ed25519 AAAA…`. Copy it "
                "from what the peer gave you."
            ) from None
        if endpoint.key_file is not None and not endpoint.key_file.is_file():
            raise CourierNotConfigured(
                f"the key_file for {endpoint.host} is not there. Put it there or correct the path."
            )
        self._endpoint = endpoint
        self._folder = endpoint.folder.rstrip("/")
        self._timeout_s = timeout_s
        self._patience = patience or Patience()

    def have(self, name: str) -> Have:
        """See `Courier.have`."""
        final = self._place(name)
        with self._session() as sftp:
            size = _size(sftp, final)
            return Have(_size(sftp, f"{final}.part") or 0, whole=False) if size is None else Have(size, whole=True)

    def send(self, path: Path, name: str, on_progress: Progress | None = None) -> Carried:
        """See `Courier.send`. What is there of the file is read back and compared before it is added to."""
        final = self._place(name)
        return persistently(lambda tally: self._send(path, final, tally, on_progress), name, self._patience)

    def fetch(self, name: str, path: Path, on_progress: Progress | None = None) -> Carried:
        """See `Mailbox.fetch`. What is here of the file lies in `.NAME.part` beside `path`."""
        final = self._place(name)
        return persistently(lambda tally: self._fetch(final, path, tally, on_progress), name, self._patience)

    def names(self) -> list[str]:
        """See `Mailbox.names`."""
        with self._session() as sftp:
            found = sftp.listdir_attr(self._folder)
        return sorted(one.filename for one in found if stat.S_ISREG(one.st_mode or 0) and NAME.fullmatch(one.filename))

    def remove(self, name: str) -> None:
        """See `Mailbox.remove`."""
        final = self._place(name)
        with self._session() as sftp:
            for place in (final, f"{final}.part"):
                with suppress(FileNotFoundError):
                    sftp.remove(place)

    def _place(self, name: str) -> str:
        return f"{self._folder}/{check_name(name)}"

    def _send(self, path: Path, final: str, tally: Tally, on_progress: Progress | None) -> Carried:
        part = f"{final}.part"
        with path.open("rb") as file, self._session() as sftp:
            size = os.fstat(file.fileno()).st_size
            if (there := _size(sftp, final)) is not None:
                return self._same(sftp, file, final, size, there, tally)
            there = _size(sftp, part)
            begun = 0 if there is None or there > size else _agrees(sftp, part, file, there)
            tally.there = max(tally.there, begun)
            tell(on_progress, begun, size)
            with sftp.open(part, "wb" if there is None or there > size else "r+b") as out:
                out.seek(begun)
                file.seek(begun)
                while piece := file.read(_WINDOW):
                    self._write(sftp, out, piece)
                    tally.sent += len(piece)
                    tally.there = max(tally.there, file.tell())
                    tell(on_progress, file.tell(), size)
            if (there := _size(sftp, part)) != size:
                # Somebody else may have put it in its place meanwhile.
                if (whole := _size(sftp, final)) is not None:
                    return self._same(sftp, file, final, size, whole, tally)
                raise CourierInterrupted(f"{there or 0} of {size} bytes arrived")
            try:
                sftp.rename(part, final)
            except OSError:
                if (there := _size(sftp, final)) is None:
                    raise
                return self._same(sftp, file, final, size, there, tally)
            return Carried(Path(final).name, size, begun, tally.sent)

    def _write(self, sftp: paramiko.SFTPClient, out: paramiko.SFTPFile, piece: bytes) -> None:
        try:
            # The packets of a window are sent without waiting for one another, and all are answered at its end.
            out.set_pipelined(True)
            out.write(piece[:-1])
            out.set_pipelined(False)
            out.write(piece[-1:])
        except OSError as error:
            if error.errno is not None or not _open(sftp):
                raise
            # SFTP's version 3 has no word for a full disk; servers say "Failure".
            raise CourierNoRoom(
                f"{self._endpoint.host} takes no more bytes ({error}): most often its disk or our quota there is full. "
                "What arrived is kept; have room made, the next try goes on."
            ) from None

    def _same(
        self, sftp: paramiko.SFTPClient, file: BinaryIO, final: str, size: int, there: int, tally: Tally
    ) -> Carried:
        if there != size or _agrees(sftp, final, file, there) != size:
            raise CourierDiffers(
                f"{Path(final).name} is on {self._endpoint.host} already and is another file; nothing was written over "
                "it. Find out which of the two is right."
            )
        with suppress(FileNotFoundError):
            # Begun by a second sender just as the first was done.
            sftp.remove(f"{final}.part")
        return Carried(Path(final).name, size, size, tally.sent)

    def _fetch(self, final: str, path: Path, tally: Tally, on_progress: Progress | None) -> Carried:
        part = path.with_name(f".{path.name}.part")
        with _local(part) as out, self._session() as sftp:
            size = _size(sftp, final)
            if size is None:
                raise CourierRefused(f"{Path(final).name} is not on {self._endpoint.host}; nothing was fetched.")
            begun = out.seek(0, 2)
            out.seek(0)
            with sftp.open(final, "rb") as file:
                # What is here may be of an earlier envelope under the same name.
                if begun > size or _window(file, 0, min(begun, _HEAD)) != out.read(min(begun, _HEAD)):
                    begun = out.truncate(0)
                out.seek(begun)
                tally.there = max(tally.there, begun)
                for at in range(begun, size, _WINDOW):
                    piece = _window(file, at, min(_WINDOW, size - at))
                    _keep(out, piece, part)
                    tally.there = at + len(piece)
                    tally.sent += len(piece)
                    tell(on_progress, tally.there, size)
            os.fsync(out.fileno())
            part.replace(path)
            return Carried(Path(final).name, size, begun, tally.sent)

    def _folder_is_there(self, sftp: paramiko.SFTPClient) -> bool:
        try:
            sftp.stat(self._folder)
        except FileNotFoundError:
            return False
        except (paramiko.SSHException, OSError, EOFError):
            return True  # nobody can tell now, so it is worth another try
        return True

    @contextmanager
    def _session(self) -> Iterator[paramiko.SFTPClient]:
        client, sftp = paramiko.SSHClient(), None
        whom = self._endpoint.host
        try:
            sftp = connected(client, self._endpoint, self._host_key, self._timeout_s)
            yield sftp
        except paramiko.BadHostKeyException:
            raise CourierRefused(
                f"{whom} shows another host key than the pinned one. Nothing was sent; it may be an impostor. Ask the "
                "peer by telephone before changing host_key."
            ) from None
        except paramiko.AuthenticationException:
            raise CourierRefused(
                f"{whom} refuses our user or its proof; nothing was sent. Check the account."
            ) from None
        except (FileNotFoundError, PermissionError) as error:
            if isinstance(error, FileNotFoundError) and sftp is not None and self._folder_is_there(sftp):
                # Another sender put it in its place, or the receiver took it, between two looks at it.
                raise CourierInterrupted(f"a file on {whom} went away meanwhile") from None
            raise CourierRefused(
                f"the folder {self._folder} on {whom} is not there or not ours; nothing was sent. Check `folder`."
            ) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise CourierInterrupted(f"no connection to {whom}, or it was dropped ({type(error).__name__})") from None
        finally:
            client.close()


def _local(part: Path) -> BinaryIO:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "r+b", buffering=0)
    except OSError as error:
        raise _no_room_here(part, error) from None


def _keep(out: BinaryIO, piece: bytes, part: Path) -> None:
    try:
        rest = memoryview(piece)
        while rest:
            rest = rest[out.write(rest) :]
    except OSError as error:
        raise _no_room_here(part, error) from None


def _no_room_here(part: Path, error: OSError) -> CourierNoRoom:
    return CourierNoRoom(
        f"{part} cannot be written ({error.strerror}). Make room or give the right; what is there is kept."
    )


def _size(sftp: paramiko.SFTPClient, path: str) -> int | None:
    try:
        return sftp.stat(path).st_size
    except FileNotFoundError:
        return None


def _agrees(sftp: paramiko.SFTPClient, remote: str, file: BinaryIO, there: int) -> int:
    """How many of the first `there` bytes are those of the file, counted in whole windows."""
    file.seek(0)
    with sftp.open(remote, "rb") as far:
        for at in range(0, there, _WINDOW):
            length = min(_WINDOW, there - at)
            if _window(far, at, length) != file.read(length):
                return at
    return there


def _window(far: paramiko.SFTPFile, at: int, length: int) -> bytes:
    """Bytes at a place, asked for at once and not one packet after the other."""
    if not length:
        return b""
    found = b"".join(far.readv([(at, length)]))
    if len(found) != length:
        raise CourierInterrupted("a file became shorter while it was read")
    return found


def _open(sftp: paramiko.SFTPClient) -> bool:
    channel = sftp.get_channel()
    transport = channel.get_transport() if channel is not None else None
    return channel is not None and not channel.closed and transport is not None and transport.is_active()
