"""A hard limit for whoever waits on a socket: at the end of the time the connection is cut, whatever the other does.

Timeouts of a driver count one reading at a time, and those of a database are its server's: a server that stands still
or sends a byte a second keeps neither.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off(descriptor: int, seconds: float) -> Iterator[threading.Event]:
    """Shut the connection of `descriptor` down after so many seconds; the event says that it was."""
    twin = socket.socket(fileno=os.dup(descriptor))
    fired = threading.Event()

    def cut() -> None:
        fired.set()
        with suppress(OSError):  # closed already, by either side
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, seconds), cut)
    timer.daemon = True
    timer.start()
    try:
        yield fired
    finally:
        timer.cancel()
        timer.join()
        twin.close()
