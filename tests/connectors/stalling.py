"""A wire that can fall silent (it takes everything, gives nothing back, and does not hang up), be cut, or be slow."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """`port` leads to the server; `silent` is set by the test, `drop()` ends every connection there is.

    `carried` counts the bytes to the server; when they are `cut_at`, all connections end, once. `pause_s` is waited
    after each packet.
    """

    port: int
    silent: threading.Event = field(default_factory=threading.Event)
    opened: int = 0
    carried: int = 0
    cut_at: int | None = None
    pause_s: float = 0.0
    ends: list[socket.socket] = field(default_factory=list)

    def drop(self) -> None:
        # Taken first: who was cut may be back at once, on a connection that is not meant.
        ends, self.ends = self.ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


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
            wire.ends.extend((client, server))
            threading.Thread(target=_forward, args=(client, server, wire, True), daemon=True).start()
            threading.Thread(target=_forward, args=(server, client, wire, False), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()
        wire.drop()


def _forward(source: socket.socket, target: socket.socket, wire: Wire, there: bool) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if there:
                wire.carried += len(data)
                if wire.cut_at is not None and wire.carried >= wire.cut_at:
                    wire.cut_at = None
                    wire.drop()
                    return
            if there or not wire.silent.is_set():
                target.sendall(data)
            time.sleep(wire.pause_s)
        target.shutdown(socket.SHUT_RDWR)
