"""A gateway with short-lived secrets and two header shapes: what the tax gateway does not do.

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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from sandbox import questions
from sandbox.listening import Faults, Handler, Listener

WINDOW_S = 300.0
#: `revoked`: every secret given out ends before the answer, whatever it was promised.
PAGE_FAULTS = ("500", "slow", "down", "revoked")
FAULTS = (*PAGE_FAULTS, *questions.FAULTS)
REFRESH = "/sysapi/auth/refreshappsecret"


@dataclass(frozen=True, slots=True)
class _Stage:
    """A secret, at which stage it stands, and when it ends."""

    number: int
    secret: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class Service:
    """One resource: its rows, the column that orders rows of one second, and its service id."""

    rows: Sequence[Mapping[str, str | None]]
    key: str
    sid: str


@dataclass(slots=True)
class KeyedGateway:
    """Rows ordered by (update_time, key) and who may ask for them.

    Args:
        shape: "gjgxjhpt", "gjzwfwpt" or "x-tif".
        lifetimes_s: of the secrets, one a stage; empty where the first secret signs data requests.
        ahead_s: how far this gateway's clock is ahead of the machine's.
        services: by path; without any, `rows` are what every path gives, under `sid`.
        keeps_old: whether a secret lives to its own end although a newer one was given out, so that two processes of
            one requester do not end each other's.
        replaced: gives an answer in place of the n-th for data, or None.
    """

    rows: Sequence[Mapping[str, str | None]] = ()
    key: str = "code"
    shape: str = "gjgxjhpt"
    rid: str = "requester"
    sid: str = "service"
    secret: str = "the-first-secret-of-the-requester"  # noqa: S105 -- of nobody
    lifetimes_s: tuple[float, ...] = ()
    ahead_s: float = 0.0
    lower_case: bool = False
    services: Mapping[str, Service] = field(default_factory=dict)
    keeps_old: bool = False
    replaced: Callable[[int], bytes | None] = lambda _: None
    answered: int = 0
    refreshed: int = 0
    posted: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _live: list[_Stage] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """This gateway's own time."""
        return time.time() + self.ahead_s

    def revoke(self) -> None:
        """End every secret that was given out, whatever it was promised."""
        with self._lock:
            self._live.clear()

    def handle(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, fault: str | None = None
    ) -> tuple[int, bytes]:
        """Answer one request; header names in lower case, `fault` is what was ordered of a question."""
        with self._lock:
            if path == REFRESH and method == "POST":
                return 200, self._refresh(headers)
            service = self._service(path.removesuffix(questions.QUERY))
            if service is None:
                return 200, _business("api-404")
            stage = self._signed_with(headers, {service.sid})
            if stage is None or stage.number != len(self.lifetimes_s):
                return 200, _business("api-401")
            if path.endswith(questions.QUERY):
                return 200, self._said(service, query, body, fault)
            if method == "POST":
                self.posted.append((path, json.loads(body)))
                return 200, _business("200", {})
            self.answered += 1
            other = self.replaced(self.answered)
            return 200, other if other is not None else self._page(service, query)

    def _service(self, path: str) -> Service | None:
        if not self.services:
            return Service(self.rows, self.key, self.sid)
        return self.services.get(path.removeprefix("/gateway/"))

    def _said(self, service: Service, query: str, body: bytes, fault: str | None) -> bytes:
        """The rows of one number, asked for in the body or, by GET, in the query."""
        if fault == "ask_refused":
            return _business("api-401")
        if fault == "ask_garbage":
            return questions.GARBAGE
        said = questions.asked(body) if body else {name: texts[-1] for name, texts in parse_qs(query).items()}
        ((column, number),) = said.items()
        rows = questions.about(service.rows, [column], number, fault)
        return _business("200", {"total": len(rows), "rows": rows})

    def _page(self, service: Service, query: str) -> bytes:
        asked = {name: texts[-1] for name, texts in parse_qs(query, keep_blank_values=True).items()}
        page, size = int(asked["page"]), int(asked["size"])
        found = sorted(
            (row for row in service.rows if str(row["update_time"]) >= asked.get("since", "")),
            key=lambda row: (row["update_time"], row[service.key] or ""),
        )
        rows = found[(page - 1) * size : page * size]
        return _business("200", {"total": len(found), "page": page, "size": size, "rows": rows})

    def _refresh(self, headers: Mapping[str, str]) -> bytes:
        held = self._signed_with(headers, {service.sid for service in self.services.values()} or {self.sid})
        if held is None or held.number >= len(self.lifetimes_s):
            return _business("api-401")
        self.refreshed += 1
        given = secrets.token_urlsafe(24)
        lifetime, stage = self.lifetimes_s[held.number], held.number + 1
        # One secret a stage: a new one ends the one before, unless old ones are kept.
        kept = [one for one in self._live if (one.number != stage or self.keeps_old) and one.until > self.now()]
        self._live = [*kept, _Stage(stage, given, self.now() + lifetime)]
        return _business("200", {"secret": _wrapped(given, held.secret), "expires_in": int(lifetime)})

    def _signed_with(self, headers: Mapping[str, str], sids: Collection[str]) -> _Stage | None:
        """The secret that signed the request; None for none, a clock that is off or a nonce seen before."""
        for one in (_Stage(0, self.secret, float("inf")), *self._live):
            if one.until > self.now() and self._right(headers, one.secret, sids):
                return one
        return None

    def _right(self, headers: Mapping[str, str], secret: str, sids: Collection[str]) -> bool:
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
        if said[0] not in sids or said[1] != self.rid or not said[2].isdecimal():
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


class _Desk(Handler):
    gateway: ClassVar[KeyedGateway]

    def do_GET(self) -> None:  # noqa: N802 -- the base class looks for this name
        self._answer()

    def do_POST(self) -> None:  # noqa: N802 -- the base class looks for this name
        self._answer()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header: the gateway's own time."""
        return formatdate(self.gateway.now(), usegmt=True)

    def _answer(self) -> None:
        body, url = self.body(), urlsplit(self.path)
        if url.path.endswith(questions.QUERY):
            fault = questions.ordered(self.faults, PAGE_FAULTS).kind
        else:
            fault = self.faults.take_order(spared=questions.FAULTS).kind
        if self.spoilt("down" if fault == "ask_down" else fault):
            return
        if fault == "revoked":
            self.gateway.revoke()
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.gateway.handle(self.command, url.path, url.query, headers, body, fault)
        self.say(status, answer)


class GatewayServer(Listener):
    """A `KeyedGateway` on a port of 127.0.0.1; as a context manager it serves the gateway it was given."""

    def __init__(self, gateway: KeyedGateway | None = None, port: int = 0) -> None:
        super().__init__(port)
        self._gateway = gateway

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.base_url

    def serve(self, gateway: KeyedGateway) -> None:
        """Answer for `gateway`."""
        self.start(type("_Desk", (_Desk,), {"gateway": gateway}), Faults(FAULTS))

    def __enter__(self) -> GatewayServer:
        self.serve(self._gateway or KeyedGateway())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
