"""The HR department: an SFTP server over one folder, read-only, with its own host key and password.

A second port takes orders for what goes wrong, as the other departments' do.
"""

from __future__ import annotations

import contextlib
import hmac
import io
import logging
import os
import socket
import stat
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import paramiko
import paramiko.sftp as sftp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED

from sandbox.daily_faults import half_replaced
from sandbox.listening import FaultDesk, Faults

FOLDER = "/out"
FAULTS = ("replaced",)


def host_key(path: Path) -> paramiko.Ed25519Key:
    """The server's key, made on first use and kept at `path` (0600)."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
    return paramiko.Ed25519Key.from_private_key_file(str(path))


class _Door(paramiko.ServerInterface):
    """Lets in one user with one password, to SFTP and nothing else."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        right = hmac.compare_digest(username.encode(), self._username.encode())
        right &= hmac.compare_digest(password.encode(), self._password.encode())
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class _OpenFile(paramiko.SFTPHandle):
    """A file open for reading. Without `writefile` the base class refuses to write."""

    def __init__(self, real: Path, flags: int, *, replaced: bool) -> None:
        super().__init__(flags)
        self._stat = real.stat()
        self.readfile = io.BytesIO(half_replaced(real.read_bytes())) if replaced else real.open("rb")

    def stat(self) -> paramiko.SFTPAttributes | int:
        return paramiko.SFTPAttributes.from_stat(self._stat)


class _Jail(paramiko.SFTPServerInterface):
    """`/out` is the real folder; nothing else exists, and nothing can be changed."""

    def __init__(
        self, server: paramiko.ServerInterface, *args: object, root: Path, faults: Faults, **kwargs: object
    ) -> None:
        super().__init__(server, *args, **kwargs)
        self._root = root.resolve()
        self._faults = faults

    def _real(self, path: str) -> Path | None:
        """The file behind a path as the client names it; None when there is none inside the jail."""
        parts = PurePosixPath(self.canonicalize(path)).parts[1:]
        if not parts or parts[0] != FOLDER.strip("/"):
            return None
        found = self._root.joinpath(*parts[1:]).resolve()
        # a link that leads out is no file of ours
        return found if found == self._root or self._root in found.parents else None

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        if self.canonicalize(path) == "/":
            return [paramiko.SFTPAttributes.from_stat(self._root.stat(), FOLDER.strip("/"))]
        folder = self._real(path)
        if folder is None or not folder.is_dir():
            return sftp.SFTP_NO_SUCH_FILE
        entries = sorted(entry for entry in folder.iterdir() if not entry.is_symlink())
        return [paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in entries]

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        real = self._root if self.canonicalize(path) == "/" else self._real(path)
        if real is None or not real.exists():
            return sftp.SFTP_NO_SUCH_FILE
        return paramiko.SFTPAttributes.from_stat(real.stat())

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self.stat(path)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            return sftp.SFTP_PERMISSION_DENIED
        real = self._real(path)
        if real is None or not real.exists():
            return sftp.SFTP_NO_SUCH_FILE
        if not stat.S_ISREG(real.stat().st_mode):
            return sftp.SFTP_FAILURE
        return _OpenFile(real, flags, replaced=real.suffix == ".csv" and self._faults.take() == "replaced")

    # what changes something (remove, rename, mkdir, rmdir, chattr, symlink) is refused by the base class:
    # it answers "operation unsupported" unless a server says otherwise


class HrServer:
    """The listening socket is bound here; `start` begins to answer.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, root: Path, key: paramiko.PKey, username: str, password: str, port: int = 0) -> None:
        self._root, self._key = root, key
        self._username, self._password = username, password
        self._socket = socket.create_server(("127.0.0.1", port), backlog=32)
        try:
            self._desk = FaultDesk()
        except OSError:
            self._socket.close()
            raise
        self._faults = Faults(FAULTS)
        self._transports: list[paramiko.Transport] = []
        self._lock = threading.Lock()
        self._stopping = False
        # broken handshakes are the client's affair; paramiko prints a traceback for each
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self._socket.getsockname()[1])

    @property
    def admin_url(self) -> str:
        """Where faults are ordered."""
        return self._desk.admin_url

    @property
    def public_key(self) -> str:
        """As it stands in a known_hosts file: `ssh-ed25519 AAAA…`."""
        return f"{self._key.get_name()} {self._key.get_base64()}"

    def start(self) -> None:
        """Answer, each connection in its own threads."""
        threading.Thread(target=self._serve, daemon=True).start()
        self._desk.start(self._faults)

    def stop(self) -> None:
        """Stop answering, hang up, give the port back."""
        self._stopping = True
        self._desk.stop()
        # close alone does not wake a thread that waits in accept
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            open_now: Sequence[paramiko.Transport] = tuple(self._transports)
        for transport in open_now:
            transport.close()

    def _serve(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            # the handshake may take as long as the client likes: not in this thread
            threading.Thread(target=self._greet, args=(client,), daemon=True).start()

    def _greet(self, client: socket.socket) -> None:
        transport = paramiko.Transport(client)
        transport.daemon = True
        transport.add_server_key(self._key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Jail, root=self._root, faults=self._faults)
        with self._lock:
            self._transports = [*(known for known in self._transports if known.is_active()), transport]
        try:
            transport.start_server(event=None, server=_Door(self._username, self._password))
        except (paramiko.SSHException, EOFError, OSError):
            transport.close()
