"""An SFTP server over a local folder, so that a test can put there what no department would own up to."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.endpoints import Endpoints
from core.digest import sm3_hex

USER, PASSWORD = "hub", "not-a-secret"


class Server:
    """`root` is what clients see as `/`; `fail_next(n)` drops the next n connections as they come in.

    `room` is how long a file may get before the disk is full.
    """

    def __init__(self, root: Path, key: Path) -> None:
        self.root = root
        self.key: paramiko.PKey = paramiko.Ed25519Key.from_private_key_file(str(key))
        self.port = 1
        self.dropped = 0
        self.room: int | None = None
        self.connections = 0

    def fail_next(self, times: int) -> None:
        self.dropped = times

    def endpoints(self, **changes: object) -> Endpoints:
        section: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "username": USER,
            "password": PASSWORD,
            "host_key": f"{self.key.get_name()} {self.key.get_base64()}",
            "folder": "/out",
        }
        return Endpoints({"hr": section | changes}, origin="the test", folder=self.root)

    def put(self, day: str, prefix: str, text: str, *, written: str = "utf-8", **promises: object) -> Path:
        """A CSV with its control file; `promises` overrides what the latter says, None leaves the line out."""
        folder = self.root / "out" / day
        folder.mkdir(parents=True, exist_ok=True)
        body = text.encode(written)
        path = folder / f"{prefix}_{day}.csv"
        path.write_bytes(body)
        says: dict[str, object] = {
            "file": path.name,
            "rows": max(0, text.count("\r\n") - 1),
            "bytes": len(body),
            "sm3": sm3_hex(body),
            "encoding": written.upper(),
        }
        lines = [f"{key}={value}" for key, value in (says | promises).items() if value is not None]
        path.with_suffix(".ctl").write_text("\n".join(lines) + "\n", encoding="ascii")
        return path


def host_key(path: Path) -> Path:
    """A new private key in OpenSSH form at `path`."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return path


@contextmanager
def running(server: Server) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            if server.dropped:
                server.dropped -= 1
                client.close()
                continue
            transport = paramiko.Transport(client)
            transport.add_server_key(server.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, server)
            transports.append(transport)
            transport.start_server(server=_Login(), event=threading.Event())

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server
    finally:
        listener.close()
        for transport in transports:
            transport.close()


class _Login(paramiko.ServerInterface):
    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == (USER, PASSWORD) else paramiko.AUTH_FAILED


class _Open(paramiko.SFTPHandle):
    left: int | None = None

    def write(self, offset: int, data: bytes) -> int:
        if self.left is not None and offset + len(data) > self.left:
            return paramiko.SFTP_FAILURE  # what servers say for ENOSPC
        return super().write(offset, data)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, known: Server) -> None:
        super().__init__(server)
        self._root = known.root
        self.room = known.room

    def _local(self, path: str) -> Path:
        return self._root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in os.scandir(self._local(path))
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        try:
            writing = bool(flags & (os.O_WRONLY | os.O_RDWR))
            stream = os.fdopen(os.open(self._local(path), flags, 0o666), "r+b" if flags & os.O_RDWR else
                               "wb" if writing else "rb")  # fmt: skip
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = _Open(flags)
        handle.left = self.room
        handle.filename = str(self._local(path))
        if writing:
            handle.writefile = stream
        if flags & os.O_RDWR or not writing:
            handle.readfile = stream
        return handle

    def remove(self, path: str) -> int:
        return self._done(lambda: self._local(path).unlink())

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._local(newpath).exists():
            return paramiko.SFTP_FAILURE
        return self._done(lambda: self._local(oldpath).rename(self._local(newpath)))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._local(oldpath).replace(self._local(newpath)))

    def _done(self, act: Callable[[], object]) -> int:
        try:
            act()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK
