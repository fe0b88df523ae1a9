"""The wire between the hub and PostgreSQL, which breaks at a chosen message of the protocol."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit, urlunsplit


class Lost(Enum):
    """What the wire swallows as it breaks: the message on its way, or the server's answer to it."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(slots=True)
class Wire:
    """Forwards what a client sends, message by message, and counts; breaks at message `at` (from 1, 0: never).

    `sent` are the letters of the protocol: Q query, d COPY data, c COPY end, p password; a good-bye is not counted.
    """

    url: str
    at: int = 0
    lost: Lost = Lost.REQUEST
    sent: list[str] = field(default_factory=list)


@contextmanager
def wired(server_url: str) -> Iterator[Wire]:
    """A wire to the server; `url` leads over it, unencrypted, so that messages can be told apart."""
    parts = urlsplit(server_url)
    listener = socket.create_server(("127.0.0.1", 0))
    credentials = parts.netloc.rpartition("@")[0]
    there = f"{credentials}@127.0.0.1:{listener.getsockname()[1]}"
    wire = Wire(urlunsplit((parts.scheme, there, parts.path, "sslmode=disable&gssencmode=disable", "")))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((parts.hostname or "", parts.port or 0))
            threading.Thread(target=_forward, args=(wire, client, server), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()


def _forward(wire: Wire, client: socket.socket, server: socket.socket) -> None:
    """Messages to the server in this thread, answers back in another."""
    swallow, swallowed = threading.Event(), threading.Event()
    threading.Thread(target=_answer, args=(client, server, swallow, swallowed), daemon=True).start()
    began = False
    with contextlib.suppress(OSError, EOFError):
        while True:
            # Only the first message has no letter before its length.
            letter = _exactly(client, 1) if began else b""
            length = _exactly(client, 4)
            message = letter + length + _exactly(client, int.from_bytes(length) - 4)
            began = True
            if letter != b"X":  # at a good-bye nobody waits for anything
                wire.sent.append(letter.decode() or "startup")
            if len(wire.sent) == wire.at and letter != b"X":
                if wire.lost is Lost.ANSWER:
                    swallow.set()
                    server.sendall(message)
                    # It has done what it was asked once it answers. Some messages have no answer.
                    swallowed.wait(0.5)
                break
            server.sendall(message)
    for end in (client, server):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def _answer(client: socket.socket, server: socket.socket, swallow: threading.Event, swallowed: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            if swallow.is_set():
                swallowed.set()
                return
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)


def _exactly(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = end.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
