"""Signed calls to a gateway: spaced, with a secret that is changed in time and a clock that follows theirs.

A refusal may only mean that the secret has ended or that one of the two clocks is off; each of them is
put right once and the call made again before anybody is told.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import requests

from connectors.access import HeaderShape
from connectors.asking import NoRoomToAsk, left
from connectors.endpoints import GatewayEndpoint, SecretRefresh
from connectors.gateway_secrets import Issued, SecretChain, shared_chain, unwrapped
from connectors.gateway_signing import signed_headers
from connectors.http_bytes import KeptSessions, Reply, exchange, private_session
from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable
from core.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")

_CODE = re.compile(r"[a-z0-9-]{1,16}")
#: Clocks further apart than this may be why a signature is refused; gateways in the wild allow five minutes.
_SKEW_S = 60.0


class GatewayClient:
    """What one resource says to its gateway. `refusing` and `transient` are codes inside an HTTP 200."""

    def __init__(
        self,
        endpoint: GatewayEndpoint,
        *,
        sid: str,
        shape: HeaderShape,
        refusing: tuple[str, ...],
        transient: tuple[str, ...],
        requests_per_second: float,
        timeout_s: float,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._sid = sid
        self._shape = shape
        self._refusing = refusing
        self._transient = transient
        self._space_s = 1 / requests_per_second
        self._timeout_s = timeout_s
        self._clock = clock
        self._not_before = 0.0
        self._lock = threading.Lock()
        self._ahead_s = 0.0
        self._seen_skew_s: float | None = None
        self._chain: SecretChain | None = None
        if endpoint.refresh is not None:
            refresh = endpoint.refresh
            held = endpoint.secret.get_secret_value()
            self._chain = shared_chain(
                endpoint.base_url, endpoint.rid, held, refresh.lifetimes_s, refresh.margin_s, clock
            )

    def session(self) -> requests.Session:
        """One for a run of calls; close it."""
        return private_session(self._endpoint.ca_file)

    def kept_sessions(self) -> KeptSessions:
        """Sessions for single calls that follow each other; close them."""
        return KeptSessions(self._endpoint.ca_file)

    def call(
        self,
        session: requests.Session,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        deadline: float | None = None,
    ) -> T:
        """Call `path` below the gateway's prefix and give what `read` makes of the body.

        Args:
            deadline: of `time.monotonic`; a hard limit for everything, renewing a secret included. Without one each
                request has the time its declaration gives.

        Raises:
            SourceUnavailable, SourceGarbled, SourceRefused: with a short reason.
            NoRoomToAsk: the declared rate leaves no room before the deadline; nothing was sent.
        """
        url = f"{self._endpoint.base_url.rstrip('/')}{self._endpoint.path_prefix}/{path.lstrip('/')}"
        secret = self._secret(session, deadline)
        clock_put_right = secret_renewed = False
        while True:
            try:
                reply = self._send(session, method, url, secret, params=params, data=data, deadline=deadline)
                return read(reply.body)
            except SourceRefused as refusal:
                if not clock_put_right and self._follow_their_clock():
                    clock_put_right = True
                elif not secret_renewed and self._chain is not None:
                    secret_renewed = True
                    secret = self._chain.refused(secret, self._issue(session, deadline))
                else:
                    raise SourceRefused(f"{refusal.message}{self._clock_note()}") from None

    def document(self, body: bytes) -> dict[str, Any]:
        """The JSON object of an answer whose code is "200".

        Raises:
            SourceRefused, SourceUnavailable: the code is one that means "no" or "again".
            SourceGarbled: another code, or no such document.
        """
        found = json_object(body)
        code = found.get("code")
        if code == "200":
            return found
        shown = code if isinstance(code, str) and _CODE.fullmatch(code) else "(unreadable)"
        if code in self._refusing:
            raise SourceRefused(
                f"the gateway refuses with code {shown} inside HTTP 200. Nothing was read; check rid, sid, secret "
                "and our clock, then the authorisation with the department."
            )
        if code in self._transient:
            raise SourceUnavailable(f"the gateway reports a passing inner failure, code {shown}")
        raise SourceGarbled(f"an error inside HTTP 200, code {shown}", body)

    def _send(
        self,
        session: requests.Session,
        method: str,
        url: str,
        secret: str,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        deadline: float | None = None,
    ) -> Reply:
        self._wait_for_turn(deadline)
        headers = signed_headers(
            self._shape,
            rid=self._endpoint.rid,
            sid=self._sid,
            secret=secret,
            now=self._clock.now() + timedelta(seconds=self._ahead_s),
            case=self._endpoint.signature_case,
        )
        headers["Accept"] = "application/json"
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        reply = exchange(
            session,
            method,
            url,
            whom="the gateway",
            timeout_s=self._timeout_s if deadline is None else left(deadline),
            headers=headers,
            params=params,
            data=data,
            hard=deadline is not None,
        )
        if reply.skew_s is not None:
            # Their Date beside the clock we sign with, which may itself be another than the machine's.
            self._seen_skew_s = reply.skew_s - (self._clock.now().timestamp() - time.time())
        return reply

    def _wait_for_turn(self, deadline: float | None) -> None:
        """Requests are spaced as declared, whichever thread makes them."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._not_before)
            if deadline is not None and turn >= deadline:
                raise NoRoomToAsk("the agreed rate of requests leaves no room within the time")
            self._not_before = turn + self._space_s
        time.sleep(turn - now)
        with self._lock:  # whoever slept too long must not be followed at once
            self._not_before = max(self._not_before, time.monotonic() + self._space_s)

    def _secret(self, session: requests.Session, deadline: float | None) -> str:
        if self._chain is None:
            return self._endpoint.secret.get_secret_value()
        return self._chain.current(self._issue(session, deadline))

    def _issue(self, session: requests.Session, deadline: float | None) -> Callable[[str], Issued]:
        refresh = self._endpoint.refresh
        if refresh is None:  # pragma: no cover - only asked for where there is a chain
            raise AssertionError("no refresh is configured")

        def issue(held: str) -> Issued:
            try:
                return self._asked_for_secret(session, refresh, held, deadline)
            except SourceRefused:
                if not self._follow_their_clock():
                    raise
                return self._asked_for_secret(session, refresh, held, deadline)

        return issue

    def _asked_for_secret(
        self, session: requests.Session, refresh: SecretRefresh, held: str, deadline: float | None
    ) -> Issued:
        url = f"{self._endpoint.base_url.rstrip('/')}/{refresh.path.lstrip('/')}"
        reply = self._send(session, "POST", url, held, data=b"{}", deadline=deadline)
        data = self.document(reply.body).get("data")
        wrapped = data.get(refresh.secret_field) if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(wrapped, str) or not wrapped:
            raise SourceGarbled(f"the gateway's answer holds no new secret under `{refresh.secret_field}`")
        lifetime = data.get(refresh.lifetime_field) if refresh.lifetime_field is not None else None
        if refresh.lifetime_field is not None and (
            not isinstance(lifetime, int) or isinstance(lifetime, bool) or lifetime <= 0
        ):
            raise SourceGarbled(f"the gateway's answer holds no lifetime under `{refresh.lifetime_field}`")
        return Issued(unwrapped(wrapped, held, refresh.cipher, refresh.key_form), lifetime)

    def _follow_their_clock(self) -> bool:
        """Sign by the gateway's clock from now on, where it is far from ours; False where that changes nothing."""
        seen = self._seen_skew_s
        if seen is None or abs(seen - self._ahead_s) < _SKEW_S:
            return False
        log.warning("the gateway's clock is %+.0f s from ours; requests are signed by theirs. Check our clock.", seen)
        self._ahead_s = seen
        return True

    def _clock_note(self) -> str:
        seen = self._seen_skew_s
        if seen is None or abs(seen) < _SKEW_S:
            return ""
        return f" Its clock is {seen:+.0f} s from ours; signing by its clock did not help."


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; a fraction stays the text it was, since a float would change an amount.

    Raises:
        SourceGarbled: HTML, half a document, or no object.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise SourceGarbled("an HTML or XML page instead of JSON", body)
    try:
        document = json.loads(body, parse_float=str)
    except (ValueError, RecursionError):
        raise SourceGarbled(f"half a page or not JSON ({len(body)} bytes)", body) from None
    if not isinstance(document, dict):
        raise SourceGarbled("JSON that is not an object", body)
    return document
