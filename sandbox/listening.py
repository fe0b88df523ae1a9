"""What the departments that speak HTTP have in common: a front port, and a second one where faults are ordered.

`POST /_fault {"kind": …, "times": n}`, taken back with `{"kind": null}`; a new order replaces the old one. A service
with pages also takes `"page": p`, and only that page is hit.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, ClassVar

SLOW_SECONDS = 30.0
INNER_FAILURE = "api-500"
_LARGEST_BODY = 64 << 10


@dataclass(frozen=True, slots=True)
class Order:
    """What goes wrong next: `kind` for `times` answers, only on `page` unless that is None; `code` inside an error."""

    kind: str | None = None
    times: int = 0
    page: int | None = None
    code: str = INNER_FAILURE


class Faults:
    """What goes wrong next, ordered from outside."""

    def __init__(self, kinds: tuple[str, ...], *, pages: bool = False) -> None:
        self._kinds, self._pages = kinds, pages
        self._lock = threading.Lock()
        self._order = Order()
        self.stopping = threading.Event()

    def order(self, order: object) -> None:
        """Set or clear what goes wrong.

        Raises:
            ValueError: an unknown kind, or `times` or `page` that is no number from 1 on.
        """
        if not isinstance(order, dict):
            raise ValueError("the order must be an object")  # noqa: TRY004 -- it comes from outside: a bad value
        kind, times, page = order.get("kind"), order.get("times", 1), order.get("page")
        if kind is not None and kind not in self._kinds:
            raise ValueError(f"kind must be null or one of {', '.join(self._kinds)}")
        if not isinstance(times, int) or times < 1:
            raise ValueError("times must be a number from 1 on")
        if page is not None and not (self._pages and isinstance(page, int) and page >= 1):
            raise ValueError(f"page must be null{' or a number from 1 on' if self._pages else ': there are no pages'}")
        code = str(order.get("code", INNER_FAILURE))
        with self._lock:
            self._order = Order() if kind is None else Order(kind, times, page, code)

    def left(self) -> dict[str, Any]:
        """The order that still stands."""
        with self._lock:
            order = self._order
        left: dict[str, Any] = {"kind": order.kind, "times": order.times}
        return left | {"page": order.page} if self._pages else left

    def take(self) -> str | None:
        """The fault of this request."""
        return self.take_order().kind

    def take_order(self, page: int | None = None, *, spared: Collection[str] = ()) -> Order:
        """What hits a request for `page`, an empty order for none; kinds in `spared` wait for another request."""
        with self._lock:
            order = self._order
            if order.kind is None or order.kind in spared or order.page not in (None, page):
                return Order()
            left = order.times - 1
            self._order = replace(order, times=left) if left else Order()
            return order

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

    def say(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json; charset=utf-8",
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        """The whole answer; `cut` hangs up after the first half of the promised bytes."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

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

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self._answering = False

    def server_bind(self) -> None:
        # the base class asks DNS for its own name, which takes seconds where DNS is broken
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: a client that hangs up, or that does not trust the certificate, is part of the play."""

    def begin(self, kind: type[Handler], faults: Faults) -> None:
        """Answer in a thread of its own."""
        self.RequestHandlerClass = type(kind.__name__, (kind,), {"faults": faults})
        self._answering = True
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end(self) -> None:
        """Give the port back."""
        if self._answering:  # shutdown waits for ever for a server that never started
            self.shutdown()
        self.server_close()


class FaultDesk:
    """The port where faults are ordered. The socket is bound here; `start` begins to take orders."""

    def __init__(self) -> None:
        self._server = _Server(0)
        self._faults: Faults | None = None

    @property
    def admin_url(self) -> str:
        """Where faults are ordered."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, faults: Faults) -> None:
        """Take orders."""
        self._faults = faults
        self._server.begin(_Admin, faults)

    def stop(self) -> None:
        """End what waits because of an order, and give the port back."""
        if self._faults is not None:
            self._faults.stopping.set()
        self._server.end()


class Listener:
    """Both ports of a service. The sockets are bound here; `start` begins to answer.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._front = _Server(port)
        try:
            self._desk = FaultDesk()
        except OSError:
            self._front.server_close()
            raise
        self._scheme = "http"

    @property
    def base_url(self) -> str:
        """Of the front port."""
        return f"{self._scheme}://127.0.0.1:{self._front.server_port}"

    @property
    def admin_url(self) -> str:
        """Where faults are ordered."""
        return self._desk.admin_url

    def start(self, handler: type[Handler], faults: Faults, tls: ssl.SSLContext | None = None) -> None:
        """Answer, each port in its own thread."""
        if tls is not None:
            # the handshake is the connection's own thread's, or one silent client would hold up all others
            self._front.socket = tls.wrap_socket(self._front.socket, server_side=True, do_handshake_on_connect=False)
            self._scheme = "https"
        self._front.begin(handler, faults)
        self._desk.start(faults)

    def stop(self) -> None:
        """Stop answering and give the ports back."""
        self._desk.stop()
        self._front.end()
