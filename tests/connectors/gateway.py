"""A gateway small enough to change its rows between two requests, which the sandbox's does not do.

It checks the signature itself, written here a second time from the header rule, not through the adapter.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.endpoints import Endpoints

RID, SID, SECRET = "requester", "service", "not-a-secret"


class Gateway:
    """Rows in memory; `before_answer(n)` runs before the n-th answer and may change them or replace the answer."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.asked: list[tuple[str, int, int]] = []
        self.at: list[float] = []
        self.before_answer: Callable[[int], bytes | None] = lambda _: None
        self.url = ""

    def add(self, key: str, moment: str, **fields: str) -> None:
        self.rows.append({"nsrsbh": key, "update_time": moment, **fields})

    def endpoints(self, **changes: str) -> Endpoints:
        section = {"base_url": self.url, "rid": RID, "secret": SECRET, "sid_registration": SID, "sid_clearance": SID}
        return Endpoints({"tax": section | changes}, origin="the test", folder=Path())

    def answer(self, query: dict[str, list[str]], headers: Any) -> bytes:
        said = "".join(headers[f"gjgxjhpt_{part}"] for part in ("sid", "rid", "rtime"))
        right = base64.b64encode(hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).digest()).decode()
        if headers["gjgxjhpt_sign"] != right or abs(time.time() * 1000 - int(headers["gjgxjhpt_rtime"])) > 300_000:
            return json.dumps({"code": "api-401", "message": "", "data": None}).encode()
        since = query.get("since", [""])[0]
        page, size = int(query["page"][0]), int(query["size"][0])
        self.asked.append((since, page, size))
        self.at.append(time.monotonic())
        replaced = self.before_answer(len(self.asked))
        if replaced is not None:
            return replaced
        found = sorted(
            (row for row in self.rows if row["update_time"] >= since),
            key=lambda row: (row["update_time"], row["nsrsbh"]),
        )
        rows = found[(page - 1) * size : page * size]
        data = {"total": len(found), "page": page, "size": size, "rows": rows}
        return json.dumps({"code": "200", "message": "ok", "data": data}, ensure_ascii=False).encode()


@contextmanager
def running(gateway: Gateway, certificate: Path | None = None) -> Iterator[Gateway]:
    """Answer on a free port; over TLS with `certificate`, a PEM file that holds the private key too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = gateway.answer(parse_qs(urlsplit(self.path).query, keep_blank_values=True), self.headers)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    gateway.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
