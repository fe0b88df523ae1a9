"""The tax department: a signed REST gateway with pages, a rate limit, and faults to order on a second port.

One `TaxOffice` holds the rows and the rules; two small HTTP servers on 127.0.0.1 stand in front of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

WINDOW_MS = 5 * 60 * 1000
LARGEST_PAGE = 200
REQUESTS_PER_SECOND = 20
SLOW_SECONDS = 30.0
FAULTS = ("500", "html", "half", "dropped", "same_page", "error_inside", "slow", "429", "down")

_HTML = "<!DOCTYPE html><html><head><title>系统维护</title></head><body>系统维护中，请稍后再试。</body></html>"


@dataclass(slots=True)
class Fault:
    """What goes wrong next: `kind` for `times` answers, only on `page` unless that is None."""

    kind: str
    times: int
    page: int | None
    code: str = "api-500"


@dataclass(slots=True)
class Account:
    """What the department gave the bureau: requester id, one service id a resource, and the shared secret."""

    rid: str
    sids: dict[str, str]
    secret: str


@dataclass(slots=True)
class Answer:
    """One HTTP answer; `cut` sends only the first half of the promised bytes, `hang_up` none."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hang_up: bool = False


class TaxOffice:
    """The rows of each resource, ordered by (update_time, key), and how a request is answered."""

    def __init__(self, account: Account, tables: Mapping[str, Iterable[dict[str, str | None]]]) -> None:
        self._account = account
        self._rows = {name: list(rows) for name, rows in tables.items()}
        self._times = {name: [row["update_time"] or "" for row in rows] for name, rows in self._rows.items()}
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._fault: Fault | None = None
        self.stopping = threading.Event()

    def order_fault(self, order: object) -> None:
        """Set or clear (`kind` None) what goes wrong next; the new order replaces the old one.

        Raises:
            ValueError: an unknown kind, or `times` or `page` that is no positive number.
        """
        if not isinstance(order, dict):
            raise ValueError("the order must be an object")  # noqa: TRY004 -- it comes from outside: a bad value
        kind, times, page = order.get("kind"), order.get("times", 1), order.get("page")
        if kind is not None and kind not in FAULTS:
            raise ValueError(f"kind must be null or one of {', '.join(FAULTS)}")
        if not isinstance(times, int) or times < 1 or not (page is None or (isinstance(page, int) and page >= 1)):
            raise ValueError("times must be a number from 1 on, page null or a number from 1 on")
        with self._lock:
            self._fault = None if kind is None else Fault(kind, times, page, str(order.get("code", "api-500")))

    def fault_left(self) -> dict[str, Any]:
        """What is still ordered."""
        with self._lock:
            fault = self._fault
            return {"kind": fault and fault.kind, "times": fault.times if fault else 0, "page": fault and fault.page}

    def answer(self, path: str, query: str, headers: dict[str, str]) -> Answer:
        """Answer one GET below /gateway/."""
        if self._too_fast():
            return _too_many()
        resource = path.removeprefix("/gateway/")
        refusal = self._signature_problem(resource, headers)
        if refusal is not None:
            return refusal
        try:
            since, page, size = _parameters(query)
        except ValueError as problem:
            return _business("api-400", f"参数错误：{problem}")
        fault = self._take_fault(page)
        if fault is not None and fault.kind == "slow":
            self.stopping.wait(SLOW_SECONDS)
        shown = page - 1 if fault is not None and fault.kind == "same_page" else page
        body = self._page(resource, since, page, size, shown)
        return body if fault is None else _spoilt(fault, body)

    def _page(self, resource: str, since: str, page: int, size: int, shown: int) -> Answer:
        start = bisect_left(self._times[resource], since)
        rows = self._rows[resource]
        first = start + (shown - 1) * size
        data = {"total": len(rows) - start, "page": page, "size": size, "rows": rows[first : first + size]}
        return _business("200", "成功", data)

    def _signature_problem(self, resource: str, headers: dict[str, str]) -> Answer | None:
        account = self._account
        if resource not in self._rows:
            return _business("api-404", "资源不存在")
        rid, sid, rtime, sign = (headers.get(f"gjgxjhpt_{name}", "") for name in ("rid", "sid", "rtime", "sign"))
        if rid != account.rid or sid != account.sids[resource]:
            return _business("api-401", "请求者标识或服务标识不符")
        if not rtime.isdecimal() or abs(time.time() * 1000 - int(rtime)) > WINDOW_MS:
            return _business("api-401", "请求时间超出允许范围（5 分钟）")
        digest = hmac.new(account.secret.encode(), f"{sid}{rid}{rtime}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), sign):
            return _business("api-401", "签名校验失败")
        return None

    def _too_fast(self) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._recent and now - self._recent[0] >= 1.0:
                self._recent.popleft()
            if len(self._recent) >= REQUESTS_PER_SECOND:
                return True
            self._recent.append(now)
            return False

    def _take_fault(self, page: int) -> Fault | None:
        with self._lock:
            fault = self._fault
            if fault is None or (fault.page is not None and fault.page != page):
                return None
            if fault.kind == "same_page" and page == 1:  # there is no page before the first
                return None
            fault.times -= 1
            if fault.times == 0:
                self._fault = None
            return fault


def _spoilt(fault: Fault, good: Answer) -> Answer:
    if fault.kind == "500":
        return Answer(500, b'{"error":"Internal Server Error"}')
    if fault.kind == "html":
        return Answer(200, _HTML.encode(), "text/html; charset=utf-8")
    if fault.kind == "half":  # a proxy cut the page and counted its bytes again
        return Answer(200, good.body[: len(good.body) // 2])
    if fault.kind == "dropped":
        return Answer(200, good.body, cut=True)
    if fault.kind == "error_inside":
        return _business(fault.code, "服务内部错误")
    if fault.kind == "429":
        return _too_many()
    if fault.kind == "down":
        return Answer(hang_up=True)
    return good  # slow and same_page have had their effect


def _parameters(query: str) -> tuple[str, int, int]:
    values = {name: texts[-1] for name, texts in parse_qs(query, keep_blank_values=True).items()}
    since = values.get("since", "")
    if since:
        datetime.strptime(since, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- the gateway's times carry no zone
    page, size = int(values.get("page", "1")), int(values.get("size", str(LARGEST_PAGE)))
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise ValueError(f"page 从 1 起，size 为 1 至 {LARGEST_PAGE}")
    return since, page, size


def _business(code: str, message: str, data: dict[str, Any] | None = None) -> Answer:
    return Answer(body=json.dumps({"code": code, "message": message, "data": data}, ensure_ascii=False).encode())


def _too_many() -> Answer:
    return Answer(429, b'{"error":"Too Many Requests"}', headers={"Retry-After": "1"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    office: ClassVar[TaxOffice]
    # an idle kept-alive connection must not hold a thread for ever
    timeout = 60
    # head and body are two writes; waiting for the first one's receipt costs 40 ms a page
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Silent: the requests carry signatures."""

    def send(self, answer: Answer) -> None:
        if answer.hang_up:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.close_connection = self.close_connection or answer.cut


class _Gateway(_Handler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/health":
            self.send(Answer(200, b"ok", "text/plain; charset=utf-8"))
        elif url.path.startswith("/gateway/"):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send(self.office.answer(url.path, url.query, headers))
        else:
            self.send(Answer(404, b'{"error":"Not Found"}'))


class _Admin(_Handler):
    def do_GET(self) -> None:
        self.send(Answer(200, json.dumps(self.office.fault_left()).encode()))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/_fault":
            self.send(Answer(404, b'{"error":"Not Found"}'))
            return
        try:
            self.office.order_fault(json.loads(body))
        except ValueError as problem:
            self.send(Answer(400, json.dumps({"error": str(problem)}).encode()))
            return
        self.send(Answer(200, json.dumps(self.office.fault_left()).encode()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # threads are daemons: waiting for a kept-alive connection would hold up the stop
    block_on_close = False
    request_queue_size = 64

    def server_bind(self) -> None:
        # the base class asks DNS for its own name, which takes seconds where DNS is broken
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])


class TaxServer:
    """Both ports of the tax department. The sockets are bound here; `start` begins to answer.

    Raises:
        OSError: a port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._gateway = _Server(("127.0.0.1", port), _Gateway)
        try:
            self._admin = _Server(("127.0.0.1", 0), _Admin)
        except OSError:
            self._gateway.server_close()
            raise
        self._office: TaxOffice | None = None

    @property
    def base_url(self) -> str:
        """Of the gateway."""
        return f"http://127.0.0.1:{self._gateway.server_port}"

    @property
    def admin_url(self) -> str:
        """Where faults are ordered."""
        return f"http://127.0.0.1:{self._admin.server_port}"

    def start(self, office: TaxOffice) -> None:
        """Answer for `office`, each port in its own thread."""
        self._office = office
        for server, handler in ((self._gateway, _Gateway), (self._admin, _Admin)):
            server.RequestHandlerClass = type(handler.__name__, (handler,), {"office": office})
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering and give the ports back."""
        if self._office is not None:
            self._office.stopping.set()
        for server in (self._gateway, self._admin):
            if self._office is not None:  # shutdown waits for ever for a server that never started
                server.shutdown()
            server.server_close()
