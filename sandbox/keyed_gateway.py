"""A gateway with short-lived secrets and two header shapes, in memory: what the tax gateway does not do.

It checks every signature by its own reading of the rules. The secret a client is given first signs nothing
but the call for the next one; with two stages, a day's secret gives a half-hour's. What that call sends and
answers beyond "POST, AES-decrypted" is a setting of ours, because the real one is not public.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

WINDOW_S = 300.0
REFRESH = "/sysapi/auth/refreshappsecret"


@dataclass(slots=True)
class KeyedGateway:
    """Rows ordered by (update_time, key) and who may ask for them.

    Args:
        shape: "gjgxjhpt", "gjzwfwpt" or "x-tif".
        lifetimes_s: of the secrets, one a stage; empty where the first secret signs data requests.
        ahead_s: how far this gateway's clock is ahead of the machine's.
        replaced: gives an answer in place of the n-th for data, or None.
    """

    rows: list[dict[str, str]] = field(default_factory=list)
    key: str = "code"
    shape: str = "gjgxjhpt"
    rid: str = "requester"
    sid: str = "service"
    secret: str = "the-first-secret-of-the-requester"  # noqa: S105 -- of nobody
    lifetimes_s: tuple[float, ...] = ()
    ahead_s: float = 0.0
    lower_case: bool = False
    replaced: Callable[[int], bytes | None] = lambda _: None
    answered: int = 0
    refreshed: int = 0
    posted: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _live: list[tuple[int, str, float]] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """This gateway's own time."""
        return time.time() + self.ahead_s

    def revoke(self) -> None:
        """End every secret that was given out, whatever it was promised."""
        with self._lock:
            self._live.clear()

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer one request; header names in lower case."""
        with self._lock:
            if path == REFRESH and method == "POST":
                return 200, self._refresh(headers)
            stage = self._signed_with(headers)
            if stage != len(self.lifetimes_s):
                return 200, _business("api-401")
            if method == "POST":
                self.posted.append((path, json.loads(body)))
                return 200, _business("200", {})
            self.answered += 1
            other = self.replaced(self.answered)
            return 200, other if other is not None else self._page(query)

    def _page(self, query: str) -> bytes:
        asked = {name: texts[-1] for name, texts in parse_qs(query, keep_blank_values=True).items()}
        page, size = int(asked["page"]), int(asked["size"])
        found = sorted(
            (row for row in self.rows if row["update_time"] >= asked.get("since", "")),
            key=lambda row: (row["update_time"], row[self.key]),
        )
        rows = found[(page - 1) * size : page * size]
        return _business("200", {"total": len(found), "page": page, "size": size, "rows": rows})

    def _refresh(self, headers: Mapping[str, str]) -> bytes:
        stage = self._signed_with(headers)
        if stage is None or stage >= len(self.lifetimes_s):
            return _business("api-401")
        self.refreshed += 1
        given = secrets.token_urlsafe(24)
        lifetime = self.lifetimes_s[stage]
        held = self.secret if stage == 0 else next(text for at, text, _ in self._live if at == stage)
        # One secret a stage: a new one ends the one before.
        self._live = [entry for entry in self._live if entry[0] != stage + 1]
        self._live.append((stage + 1, given, self.now() + lifetime))
        return _business("200", {"secret": _wrapped(given, held), "expires_in": int(lifetime)})

    def _signed_with(self, headers: Mapping[str, str]) -> int | None:
        """The stage whose secret signed the request; None for none, a clock that is off or a nonce seen before."""
        live = [(0, self.secret, float("inf")), *self._live]
        for stage, secret, until in live:
            if until > self.now() and self._right(headers, secret):
                return stage
        return None

    def _right(self, headers: Mapping[str, str], secret: str) -> bool:
        if self.shape == "x-tif":
            moment, nonce = headers.get("x-tif-timestamp", ""), headers.get("x-tif-nonce", "")
            if not moment.isdecimal() or abs(self.now() - int(moment)) > WINDOW_S or nonce in self._nonces:
                return False
            right = hashlib.sha256(f"{moment}{secret}{nonce}{moment}".encode()).hexdigest()
            right = right if self.lower_case else right.upper()
            if headers.get("x-tif-paasid") != self.rid or headers.get("x-tif-signature") != right:
                return False
            self._nonces.add(nonce)
            return True
        said = [headers.get(f"{self.shape}_{name}", "") for name in ("sid", "rid", "rtime", "sign")]
        if said[:2] != [self.sid, self.rid] or not said[2].isdecimal():
            return False
        if abs(self.now() * 1000 - int(said[2])) > WINDOW_S * 1000:
            return False
        digest = hmac.new(secret.encode(), "".join(said[:3]).encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode() == said[3]


def _business(code: str, data: object = None) -> bytes:
    return json.dumps({"code": code, "message": "", "data": data}, ensure_ascii=False).encode()


def _wrapped(plain: str, held: str) -> str:
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(held.encode()[:16].ljust(16, b"\0")), modes.ECB()).encryptor()  # noqa: S305
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


class GatewayServer:
    """A `KeyedGateway` on a free port of 127.0.0.1, between `with` and its end."""

    def __init__(self, gateway: KeyedGateway) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(gateway.now(), usegmt=True)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
                pass

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = gateway.handle(self.command, url.path, url.query, headers, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self._server = LocalServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> GatewayServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class LocalServer(ThreadingHTTPServer):
    """Threads that end with the process, and no question to DNS for its own name."""

    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking DNS."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])
