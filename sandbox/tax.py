"""The tax department: a signed REST gateway with pages, a rate limit, and faults to order on a second port.

One `TaxOffice` holds the rows and the rules; `listening` has the two HTTP servers that stand in front of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from sandbox import gateway_faults, questions
from sandbox.gateway_faults import Answer, business, too_many
from sandbox.listening import Faults, Handler, Listener, Order

WINDOW_MS = 5 * 60 * 1000
LARGEST_PAGE = 200
REQUESTS_PER_SECOND = 20


@dataclass(slots=True)
class Account:
    """What the department gave the bureau: requester id, one service id a resource, and the shared secret."""

    rid: str
    sids: dict[str, str]
    secret: str


class TaxOffice:
    """The rows of each resource, ordered by (update_time, key), and how a request is answered."""

    def __init__(self, account: Account, tables: Mapping[str, Iterable[dict[str, str | None]]]) -> None:
        self._account = account
        self._rows = {name: list(rows) for name, rows in tables.items()}
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self.faults = Faults((*gateway_faults.FAULTS, *questions.FAULTS), pages=True)

    def answer(self, path: str, query: str, headers: dict[str, str]) -> Answer:
        """Answer one GET below /gateway/."""
        if self._too_fast():
            return too_many()
        resource = path.removeprefix("/gateway/")
        refusal = self._signature_problem(resource, headers)
        if refusal is not None:
            return refusal
        try:
            since, page, size = _parameters(query)
        except ValueError as problem:
            return business("api-400", f"参数错误：{problem}")
        # there is no page before the first
        spared = (*questions.FAULTS, "same_page") if page == 1 else questions.FAULTS
        order = self.faults.take_order(page, spared=spared)
        if order.kind == "slow":
            self.faults.wait()
        if order.kind == "hang":
            self.faults.stopping.wait()
        return gateway_faults.spoilt(order, self._page(resource, since, page, size, order))

    def question(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Answer one POST below /gateway/ that asks for the rows of one number."""
        if self._too_fast():
            return too_many()
        resource = path.removeprefix("/gateway/").removesuffix(questions.QUERY)
        refusal = self._signature_problem(resource, headers)
        if refusal is not None:
            return refusal
        try:
            ((column, number),) = questions.asked(body).items()
        except ValueError as problem:
            return business("api-400", f"参数错误：{problem}")
        order = questions.ordered(self.faults, gateway_faults.FAULTS)
        match order.kind:
            case "ask_down":
                return Answer(hang_up=True)
            case "ask_refused":
                return business("api-401", "未授权单户查询")
            case "ask_garbage":
                return Answer(body=questions.GARBAGE)
        rows = questions.about(self._rows[resource], [column], number, order.kind)
        return business("200", "成功", {"total": len(rows), "rows": rows})

    def _page(self, resource: str, since: str, page: int, size: int, order: Order) -> Answer:
        rows = gateway_faults.table(order.kind, self._rows[resource])
        start = bisect_left(rows, since, key=lambda row: row["update_time"] or "")
        first = start + (page - 1 - (order.kind == "same_page")) * size
        shown = gateway_faults.page(order.kind, rows[first : first + size])
        return business("200", "成功", {"total": len(rows) - start, "page": page, "size": size, "rows": shown})

    def _signature_problem(self, resource: str, headers: dict[str, str]) -> Answer | None:
        account = self._account
        if resource not in self._rows:
            return business("api-404", "资源不存在")
        rid, sid, rtime, sign = (headers.get(f"gjgxjhpt_{name}", "") for name in ("rid", "sid", "rtime", "sign"))
        if rid != account.rid or sid != account.sids[resource]:
            return business("api-401", "请求者标识或服务标识不符")
        if not rtime.isdecimal() or abs(time.time() * 1000 - int(rtime)) > WINDOW_MS:
            return business("api-401", "请求时间超出允许范围（5 分钟）")
        digest = hmac.new(account.secret.encode(), f"{sid}{rid}{rtime}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), sign):
            return business("api-401", "签名校验失败")
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


def _parameters(query: str) -> tuple[str, int, int]:
    values = {name: texts[-1] for name, texts in parse_qs(query, keep_blank_values=True).items()}
    since = values.get("since", "")
    if since:
        datetime.strptime(since, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- the gateway's times carry no zone
    page, size = int(values.get("page", "1")), int(values.get("size", str(LARGEST_PAGE)))
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise ValueError(f"page 从 1 起，size 为 1 至 {LARGEST_PAGE}")
    return since, page, size


class _Desk(Handler):
    office: ClassVar[TaxOffice]

    def do_GET(self) -> None:  # noqa: N802 -- the base class looks for this name
        url = urlsplit(self.path)
        if url.path == "/health":
            self.say(200, b"ok", "text/plain; charset=utf-8")
        elif url.path.startswith("/gateway/"):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(self.office.answer(url.path, url.query, headers))
        else:
            self.tell(404, {"error": "Not Found"})

    def do_POST(self) -> None:  # noqa: N802 -- the base class looks for this name
        body, url = self.body(), urlsplit(self.path)
        if url.path.startswith("/gateway/") and url.path.endswith(questions.QUERY):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(self.office.question(url.path, body, headers))
        else:
            self.tell(404, {"error": "Not Found"})

    def _send(self, answer: Answer) -> None:
        if answer.hang_up:
            self.close_connection = True
            return
        self.say(answer.status, answer.body, answer.content_type, answer.headers, cut=answer.cut)


class TaxServer(Listener):
    """Both ports of the tax department."""

    def serve(self, office: TaxOffice) -> None:
        """Answer for `office`."""
        self.start(type("_Desk", (_Desk,), {"office": office}), office.faults)
