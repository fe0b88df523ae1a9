"""How much one address and one session may send: so many requests a second on average, ten times as many at once.

Public checks of licences have a tighter bucket of their own, and those by number one for a whole day: who guesses gets
nowhere, and who has a licence in his hand never meets it.

Also refuses at the door what no page needs: large bodies, bodies of unknown length, and forms of other sites' pages.
Memory is bounded: of more addresses than fit, those seen longest ago are forgotten, which lets them begin anew.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import HubError
from hub.access_file import Limits
from web.refused import BodyTooLarge, FormStale, TooManyRequests

_MOST: Final = 20_000
_BURST: Final = 10
_LARGEST: Final = 1 << 20
#: These read their bodies themselves, with a bound of their own.
_UPLOADS: Final = frozenset({"/verify", "/api/verify", "/archive/requests"})
#: And pieces of other hubs' files, whose body is read only when its sender is known.
_UPLOADS_BELOW: Final = "/api/transfers/in/"
#: Public checks, beside the pages of QR codes; a form that is only looked at is none.
_CHECKS: Final = frozenset({"/verify", "/verify/number", "/api/verify", "/api/check"})
_CHECKS_BELOW: Final = ("/v/", "/api/check/")
_BY_NUMBER: Final = frozenset({"/verify/number", "/api/check"})
_DAY: Final = 86_400.0
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Asked by a supervisor at any time.
_FREE: Final = "/health/"


class Buckets:
    """One bucket a key: it fills by `rate` a second up to `full`, and each request takes one out."""

    def __init__(self, most: int = _MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, rate: float, full: float | None = None) -> bool:
        """Whether there was one left; without `full` a bucket holds what comes in ten seconds."""
        now = self._clock()
        full = rate * _BURST if full is None else full
        left, at = self._left.get(key, (full, now))
        left = min(full, left + (now - at) * rate)
        good = left >= 1.0
        self._left[key] = (left - 1.0 if good else left, now)
        self._left.move_to_end(key)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return good

    def __len__(self) -> int:
        return len(self._left)


class Doorkeeper:
    """ASGI middleware. `tell` turns a refusal into an answer."""

    def __init__(
        self, app: ASGIApp, *, limits: Callable[[], Limits], tell: Callable[[Request, HubError], Response]
    ) -> None:
        self._app = app
        self._limits = limits
        self._tell = tell
        self._buckets = Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        problem = self._refusal(request)
        if problem is None:
            await self._app(scope, receive, send)
            return
        answer = self._tell(request, problem)
        if isinstance(problem, TooManyRequests):
            answer.headers["Retry-After"] = "1"
        await answer(scope, receive, send)

    def _refusal(self, request: Request) -> HubError | None:
        limits = self._limits()
        address = address_of(request)
        if not self._buckets.take(f"address {address}", limits.per_address):
            return TooManyRequests("an address sent more requests than the limit")
        if _is_check(request):
            if not self._buckets.take(f"checks {address}", limits.checks_per_address):
                return TooManyRequests("an address asked for more checks of licences than the limit")
            if request.url.path in _BY_NUMBER and not self._buckets.take(
                f"numbers {address}", limits.numbers_per_day / _DAY, limits.numbers_per_day
            ):
                return TooManyRequests("an address asked for more checks by number than a day's limit")
        proof = request.headers.get("authorization") or request.headers.get("cookie")
        if proof:
            # Only a hash: a list of good cookies must not lie in memory.
            session = hashlib.sha256(proof.encode()).hexdigest()
            if not self._buckets.take(f"session {session}", limits.per_session):
                return TooManyRequests("a session sent more requests than the limit")
        return None if request.method in _SAFE else _body_refusal(request)


def address_of(request: Request) -> str:
    """Whom the limits count: an address, of IPv6 the /64 network one customer has."""
    host = request.client.host if request.client else ""
    try:
        number = int(IPv6Address(host.partition("%")[0]))
    except AddressValueError:
        return host
    return f"{IPv6Address(number >> 64 << 64)}/64"


def _is_check(request: Request) -> bool:
    path = request.url.path
    return path.startswith(_CHECKS_BELOW) or (path in _CHECKS and request.method not in _SAFE)


def _body_refusal(request: Request) -> HubError | None:
    # Browsers say where a request comes from; programs do not, and have no session that could be misused.
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return FormStale("a form of another site's page was refused")
    if request.url.path in _UPLOADS or request.url.path.startswith(_UPLOADS_BELOW):
        return None
    length = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers or (length and not length.isdecimal()):
        return BodyTooLarge("a request whose body has no stated length was refused")
    if length and int(length) > _LARGEST:
        return BodyTooLarge("a request with a body over 1 MiB was refused")
    return None
