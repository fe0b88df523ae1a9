"""How a gateway's answers go wrong: what is done to its rows, and what to the answer made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.listening import Order

FAULTS = (
    "500", "html", "half", "dropped", "same_page", "error_inside", "slow", "429", "down", "reordered", "truncated",
    "hang", "gb18030", "gb18030_unsaid", "clock_ahead", "clock_back", "duplicated",
)  # fmt: skip
#: What a server that loses its time zone is off by: China is 8 hours ahead of UTC.
CLOCK_OFF = timedelta(hours=8)

_HTML = "<!DOCTYPE html><html><head><title>系统维护</title></head><body>系统维护中，请稍后再试。</body></html>"
_STAMP = "%Y-%m-%d %H:%M:%S"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `cut` sends only the first half of the promised bytes, `hang_up` none."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hang_up: bool = False


def business(code: str, message: str, data: dict[str, Any] | None = None) -> Answer:
    """An answer of the gateway's own, always under HTTP 200."""
    return Answer(body=json.dumps({"code": code, "message": message, "data": data}, ensure_ascii=False).encode())


def too_many() -> Answer:
    """The rate limit's answer."""
    return Answer(429, b'{"error":"Too Many Requests"}', headers={"Retry-After": "1"})


def table(kind: str | None, rows: Sequence[Row]) -> Sequence[Row]:
    """All rows of a resource, in the order of `update_time`, as the gateway sees them under a fault.

    `duplicated`: the view behind the gateway joins twice, so pages and total agree on twice as many rows.
    `clock_ahead`, `clock_back`: the department's clock jumped before it wrote the second half of the rows. Their
    stamps are off by CLOCK_OFF, and order and `since` go by the stamps, as they do in a real database: rows of a
    clock set back lie among older ones, where a reader who is past them never looks again.
    """
    if kind == "duplicated":
        return [row for row in rows for _ in range(2)]
    if kind in ("clock_ahead", "clock_back"):
        off = CLOCK_OFF if kind == "clock_ahead" else -CLOCK_OFF
        middle = len(rows) // 2
        stamped = [*rows[:middle], *(_moved(row, off) for row in rows[middle:])]
        return sorted(stamped, key=lambda row: str(row["update_time"]))
    return rows


def page(kind: str | None, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of one page under a fault; the total beside them stays as it was."""
    if kind == "reordered":
        return rows[::-1]
    if kind == "truncated":
        return rows[: len(rows) // 2]
    return rows


def spoilt(order: Order, good: Answer) -> Answer:
    """What is sent in place of a good answer."""
    match order.kind:
        case "500":
            return Answer(500, b'{"error":"Internal Server Error"}')
        case "html":
            return Answer(200, _HTML.encode(), "text/html; charset=utf-8")
        case "half":  # a proxy cut the page and counted its bytes again
            return replace(good, body=good.body[: len(good.body) // 2])
        case "dropped":
            return replace(good, cut=True)
        case "error_inside":
            return business(order.code, "服务内部错误")
        case "429":
            return too_many()
        case "down" | "hang":  # who hangs has waited already, for the server to stop
            return Answer(hang_up=True)
        case "gb18030" | "gb18030_unsaid":
            said = "; charset=GB18030" if order.kind == "gb18030" else ""
            return replace(good, body=good.body.decode().encode("gb18030"), content_type=f"application/json{said}")
    return good  # the others have had their effect on the rows or the clock


def _moved(row: Row, off: timedelta) -> Row:
    stamp = datetime.strptime(row["update_time"], _STAMP)  # noqa: DTZ007 -- the gateway's times carry no zone
    return {**row, "update_time": f"{stamp + off:{_STAMP}}"}
