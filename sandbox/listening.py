"""What the signing services have in common: a front port, and a second one where faults are ordered.

`POST /_fault {"kind": …, "times": n}`, taken back with `{"kind": null}`; a new order replaces the old one. The tax
gateway, which has faults by page, keeps its own.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, ClassVar

SLOW_SECONDS = 30.0
_LARGEST_BODY = 64 << 10


class Faults:
    """What goes wrong next."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._lock = threading.Lock()
        self._kind: str | None = None
        self._times = 0
        self.stopping = threading.Event()

    def order(self, order: object) -> None:
        """Set or clear what goes wrong. Raises ValueError for an unknown kind or a number of times below 1."""
        if not isinstance(order, dict):
            raise ValueError("the order must be an object")  # noqa: TRY004 -- it comes from outside: a bad value
        kind, times = order.get("kind"), order.get("times", 1)
        if kind is not None and kind not in self._kinds:
            raise ValueError(f"kind must be null or one of {', '.join(self._kinds)}")
        if not isinstance(times, int) or times < 1:
            raise ValueError("times must be a number from 1 on")
        with self._lock:
            self._kind, self._times = kind, times if kind else 0

    def left(self) -> dict[str, Any]:
        """The order that still stands."""
        with self._lock:
            return {"kind": self._kind, "times": self._times}

    def take(self) -> str | None:
        """The fault of this request."""
        with self._lock:
            kind = self._kind
            if kind is not None:
                self._times -= 1
                if self._times == 0:
                    self._kind = None
            return kind

    def wait(self) -> None:
        """As long as `slow` takes, or until the server stops."""
        self.stopping.wait(SLOW_SECONDS)


class Handler(BaseHTTPRequestHandler):
    """One connection; answers with what `say` is given."""

    protocol_version = "HTTP/1.1"
    faults: ClassVar[Faults]
    # an idle kept-alive connection must not hold a thread for ever
    timeout = 60
    # head and body are two writes; waiting for the first one's receipt costs 40 ms
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Silent: requests carry signatures."""

    def body(self) -> bytes:
        """What the client sent."""
        return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY))

    def say(self, status: int, body: bytes, kind: str = "application/json; charset=utf-8") -> None:
        """The whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def tell(self, status: int, answer: dict[str, Any]) -> None:
        """The whole answer, as JSON."""
        self.say(status, json.dumps(answer, ensure_ascii=False).encode())

    def spoilt(self, fault: str | None) -> bool:
        """Whether the fault was one every service knows, and has been answered with."""
        if fault == "slow":
            self.faults.wait()
        elif fault == "down":
            self.close_connection = True
            return True
        elif fault == "500":
            self.tell(500, {"error": "Internal Server Error"})
            return True
        return False


class _Admin(Handler):
    def do_GET(self) -> None:
        self.tell(200, self.faults.left())

    def do_POST(self) -> None:
        body = self.body()
        if self.path != "/_fault":
            self.tell(404, {"error": "Not Found"})
            return
        try:
            self.faults.order(json.loads(body))
        except ValueError as problem:
            self.tell(400, {"error": str(problem)})
            return
        self.tell(200, self.faults.left())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # threads are daemons: waiting for a kept-alive connection would hold up the stop
    block_on_close = False
    request_queue_size = 64

    def server_bind(self) -> None:
        # the base class asks DNS for its own name, which takes seconds where DNS is broken
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: a client that hangs up, or that does not trust the certificate, is part of the play."""


class Listener:
    """Both ports of a service. The sockets are bound here; `start` begins to answer.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._front = _Server(("127.0.0.1", port), Handler)
        try:
            self._admin = _Server(("127.0.0.1", 0), _Admin)
        except OSError:
            self._front.server_close()
            raise
        self._faults: Faults | None = None
        self._scheme = "http"

    @property
    def base_url(self) -> str:
        """Of the front port."""
        return f"{self._scheme}://127.0.0.1:{self._front.server_port}"

    @property
    def admin_url(self) -> str:
        """Where faults are ordered."""
        return f"http://127.0.0.1:{self._admin.server_port}"

    def start(self, handler: type[Handler], faults: Faults, tls: ssl.SSLContext | None = None) -> None:
        """Answer, each port in its own thread."""
        if tls is not None:
            # the handshake is the connection's own thread's, or one silent client would hold up all others
            self._front.socket = tls.wrap_socket(self._front.socket, server_side=True, do_handshake_on_connect=False)
            self._scheme = "https"
        self._faults = faults
        for server, kind in ((self._front, handler), (self._admin, _Admin)):
            server.RequestHandlerClass = type(kind.__name__, (kind,), {"faults": faults})
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering and give the ports back."""
        if self._faults is not None:
            self._faults.stopping.set()
        for server in (self._front, self._admin):
            if self._faults is not None:  # shutdown waits for ever for a server that never started
                server.shutdown()
            server.server_close()
