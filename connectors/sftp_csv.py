"""Daily CSV files with control files on a department's SFTP server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import paramiko

from connectors.access import SftpAccess
from connectors.daily_files import Control, DailyFiles, OpenShelf, Shelf
from connectors.declaration import Declaration
from connectors.endpoints import SftpEndpoint, SourceNotConfigured
from connectors.port import SourceRefused, SourceUnavailable
from connectors.retrying import Patience
from connectors.sftp_session import connected, pinned_key

__all__ = ["Control", "SftpCsv", "sftp_shelf"]


class SftpCsv(DailyFiles):
    """Daily CSV files, each believed only as far as its control file says.

    Publisher:  the department of the declaration, on its SFTP server
    Access:     SFTP; the server's host key is pinned, password or key proves who we are
    Freshness:  one file a day in folder YYYYMMDD; complete once its .ctl is there, which is written last
    Caveats:    a CSV without .ctl is not ready and holds back the days behind it; a file whose rows, bytes,
                SM3 or encoding differ from its .ctl is refused whole; only the day read last is looked at
                again for a file sent anew, an older one has to be given by path; a receipt .rcp is written
                beside the file only where the declaration asks for it, in a form of our own
    """

    def __init__(self, declaration: Declaration, endpoint: SftpEndpoint, *, patience: Patience | None = None) -> None:
        access = declaration.access
        if not isinstance(access, SftpAccess):
            raise TypeError(f"{declaration.name} is not declared as sftp_csv")
        shelf = sftp_shelf(declaration, endpoint, endpoint.folder, access.timeout_s)
        super().__init__(declaration, access, shelf, patience or Patience())


def sftp_shelf(declaration: Declaration, endpoint: SftpEndpoint, folder: str, timeout_s: float) -> OpenShelf:
    """Opens `folder` of the server.

    Raises:
        SourceNotConfigured: the pinned host key or our private key is not one.
    """
    if endpoint.key_file is not None and not endpoint.key_file.is_file():
        raise SourceNotConfigured(
            f"{declaration.name}: `key_file` of section [{declaration.section}] names no file. Put the "
            "private key there or correct the path."
        )
    host_key = _host_key(endpoint.host_key, declaration)

    @contextmanager
    def opened() -> Iterator[Shelf]:
        client = paramiko.SSHClient()
        try:
            yield _SftpShelf(connected(client, endpoint, host_key, timeout_s), folder.rstrip("/"))
        except paramiko.BadHostKeyException:
            raise SourceRefused(_IMPOSTOR) from None
        except paramiko.AuthenticationException:
            raise SourceRefused("the SFTP server refuses our user or its proof; check section and account") from None
        except (FileNotFoundError, PermissionError):
            raise SourceRefused(
                "a folder or file on the SFTP server is not there or not ours to use; check `folder`"
            ) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise SourceUnavailable(
                f"no connection to the SFTP server, or it was dropped ({type(error).__name__})"
            ) from None
        finally:
            client.close()

    return opened


class _SftpShelf:
    def __init__(self, sftp: paramiko.SFTPClient, folder: str) -> None:
        self._sftp = sftp
        self._folder = folder

    def names(self) -> list[str]:
        return self._sftp.listdir(self._folder)

    def sizes(self, day: str) -> dict[str, int]:
        return {entry.filename: entry.st_size or 0 for entry in self._sftp.listdir_attr(f"{self._folder}/{day}")}

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            with self._sftp.open(f"{self._folder}/{path}", "rb") as stream:
                return stream.read(limit)
        except FileNotFoundError:
            return None

    def fetch(self, path: str, stream: BinaryIO) -> None:
        self._sftp.getfo(f"{self._folder}/{path}", stream)

    def put(self, path: str, body: bytes) -> None:
        whole = f"{self._folder}/{path}"
        with self._sftp.open(f"{whole}.part", "wb") as stream:
            stream.write(body)
        try:
            self._sftp.posix_rename(f"{whole}.part", whole)
        except (OSError, paramiko.SFTPError):
            # A server without the extension renames only onto a name that is free.
            with contextlib.suppress(FileNotFoundError):
                self._sftp.remove(whole)
            self._sftp.rename(f"{whole}.part", whole)


_IMPOSTOR = (
    "the SFTP server shows another host key than the pinned one. No password was sent; it may be an impostor. "
    "Ask the department by telephone before changing host_key"
)


def _host_key(line: str, declaration: Declaration) -> paramiko.PKey:
    try:
        return pinned_key(line)
    except ValueError:
        raise SourceNotConfigured(
            f"{declaration.name}: `host_key` of section [{declaration.section}] is not a public key line such "
            "as `ssh-ed25519 AAAA…`. Copy it from what the department gave you."
        ) from None
