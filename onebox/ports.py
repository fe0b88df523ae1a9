"""Free TCP ports on this machine, the same ones as last time where possible."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

from onebox.errors import NoFreePort

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as servers do: without it a port in TIME_WAIT looks taken and moves at every start
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def pick(preferred: int | None = None, *, avoid: frozenset[int] = frozenset()) -> int:
    """`preferred` when it is free, or else any free port.

    Raises:
        NoFreePort: the machine has none left.
    """
    if preferred and preferred not in avoid and is_free(preferred):
        return preferred
    for _ in range(64):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((HOST, 0))
            except OSError as error:
                raise NoFreePort(
                    f"no TCP port is free on {HOST} ({error.strerror}). Close some programs, then start again."
                ) from None
            port = int(probe.getsockname()[1])
        if port not in avoid:
            return port
    raise NoFreePort(f"no TCP port is free on {HOST}. Close some programs, then start again.")


class PortBook:
    """Remembers in a JSON file which component had which port, so that addresses stay the same."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ports: dict[str, int] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stored = json.loads(file.read_text(encoding="utf-8"))
            self._ports = {str(k): v for k, v in stored.items() if isinstance(v, int) and 0 < v < 65_536}
        self._given: set[int] = set()

    def take(self, name: str, preferred: int) -> int:
        """A free port for `name`: last time's, else `preferred`, else any."""
        avoid = frozenset(self._given)
        port = pick(self._ports.get(name, preferred), avoid=avoid)
        self._given.add(port)
        self._ports[name] = port
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._ports, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self._file)
        return port
