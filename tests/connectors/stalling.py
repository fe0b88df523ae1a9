"""A wire that can fall silent: it takes everything, gives nothing back, and does not hang up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """`port` leads to the server; `silent` is set by the test, `drop()` ends every connection there is."""

    port: int
    silent: threading.Event = field(default_factory=threading.Event)
    opened: int = 0
    ends: list[socket.socket] = field(default_factory=list)

    def drop(self) -> None:
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()


@contextmanager
def stalling(port: int) -> Iterator[Wire]:
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", port))
            wire.opened += 1
            wire.ends += [client, server]
            threading.Thread(target=_forward, args=(client, server, None), daemon=True).start()
            threading.Thread(target=_forward, args=(server, client, wire.silent), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()
        wire.drop()


def _forward(source: socket.socket, target: socket.socket, silent: threading.Event | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if silent is None or not silent.is_set():
                target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
