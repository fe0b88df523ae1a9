"""Timestamps from an authority over HTTP (RFC 3161, 3.4), and what to do while it does not answer."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

import requests

from core.clock import Clock, SystemClock
from core.digest import sm3
from core.errors import HubError
from signing import oids
from signing.answer_body import AnswerTooMuch, read_body
from signing.errors import TimestampUnavailable
from signing.timestamp_checking import Stamped, check_token
from signing.timestamp_messages import TimestampRequest, token_of

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
#: A token with a chain of certificates has some 8 KB.
_LARGEST_ANSWER = 64 << 10
_NONCE_BITS = 64


class WhenDown(Enum):
    """What a timestamp is worth waiting for."""

    #: Raise; the scheduler tries again later, and nothing is sealed meanwhile.
    WAIT = "wait"
    #: Go on without, and let the caller mark what was sealed so.
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Outage:
    """How long the authority has given no usable answer, how often it was missed, and why the last time."""

    since: datetime
    missed: int
    reason: str


class TimestampClient:
    """Asks one authority; usable wherever a `Timestamp` is asked for, from any thread.

    Every answer is checked before it is handed on: status, imprint, nonce, signature, purpose of the certificate,
    time, and, where certificates are given, that one of them signed.
    """

    def __init__(
        self,
        url: str,
        *,
        when_down: WhenDown = WhenDown.WAIT,
        certificates: Sequence[bytes] = (),
        ca_file: str | None = None,
        connect_seconds: float = 2.0,
        read_seconds: float = 5.0,
        rest_seconds: float = 10.0,
        tolerance: timedelta = timedelta(minutes=5),
        clock: Clock | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            certificates: the authority's own (DER); any signer is taken where there are none.
            ca_file: PEM of who may vouch for an https server; None takes the ones `requests` brings.
            connect_seconds: to reach it; `read_seconds`: for the whole answer after that.
            rest_seconds: with MARK, how long after a failure it is not asked again.
            tolerance: how far its clock may be from ours.

        Raises:
            ValueError: the address is not one of http or https, or holds a user name or password.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ValueError("a timestamp authority has an http or https address without a user name in it")
        self._url = url
        self._host = parts.netloc
        self._when_down = when_down
        self._pinned = frozenset(certificates)
        self._timeout = (connect_seconds, read_seconds)
        self._rest = rest_seconds
        self._tolerance = tolerance
        self._clock = clock or SystemClock()
        self._session = requests.Session()
        # neither a proxy nor a password from the environment: the address asked is the one configured
        self._session.trust_env = False
        if ca_file is not None:
            self._session.verify = ca_file
        self._lock = threading.Lock()
        self._outage: Outage | None = None
        self._ask_again_at = 0.0

    def __repr__(self) -> str:
        return f"TimestampClient({self._host}, {self._when_down.value})"

    def __call__(self, stamped: bytes) -> bytes | None:
        """A token over SM3 of `stamped`: what an SES_Signature takes. See `token`."""
        return self.token(sm3(stamped), oids.SM3)

    def token_sha256(self, digest: bytes) -> bytes | None:
        """A token over a SHA-256 digest: what a PDF takes. See `token`."""
        return self.token(digest, oids.SHA256)

    def token(self, imprint: bytes, hash_oid: str) -> bytes | None:
        """The bare token (ContentInfo, DER) over a digest made by `hash_oid`; None with MARK and no usable answer.

        Raises:
            TimestampUnavailable: with WAIT, no usable answer.
            ValueError: the imprint is no digest of that algorithm.
        """
        request = TimestampRequest(imprint, hash_oid, nonce=secrets.randbits(_NONCE_BITS) | 1)
        asked = request.to_der()
        if self._when_down is WhenDown.MARK and self._resting():
            return None
        try:
            token = token_of(self._ask(asked))
            self._check(check_token(token), request)
        except AnswerTooMuch as error:
            self._missed(f"gave no usable answer: {error}")
            return None
        except requests.RequestException as error:
            self._missed(f"does not answer ({type(error).__name__})")
            return None
        except HubError as error:
            self._missed(f"gave no usable answer: {error.message.rstrip('.')}")
            return None
        with self._lock:
            self._outage = None
        return token

    @property
    def outage(self) -> Outage | None:
        """Since when there is no usable answer; None while all is well."""
        with self._lock:
            return self._outage

    def _ask(self, body: bytes) -> bytes:
        until = time.monotonic() + sum(self._timeout)
        with self._session.post(
            self._url,
            data=body,
            headers={"Content-Type": _QUERY, "Accept": _REPLY, "Accept-Encoding": "identity"},
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as answer:
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if answer.status_code != requests.codes.ok or kind != _REPLY:
                raise TimestampUnavailable(f"HTTP {answer.status_code}, content of another kind than {_REPLY}.")
            return read_body(answer, _LARGEST_ANSWER, until)

    def _check(self, stamped: Stamped, request: TimestampRequest) -> None:
        if (stamped.hash_oid, stamped.imprint) != (request.hash_oid, request.imprint):
            raise TimestampUnavailable("the token stamps something else than was asked.")
        if stamped.nonce != request.nonce:
            raise TimestampUnavailable("the token answers another request (nonce).")
        if self._pinned and stamped.certificate not in self._pinned:
            raise TimestampUnavailable("the token is signed by a certificate that is not the configured authority's.")
        if abs(stamped.time - self._clock.now()) > self._tolerance:
            raise TimestampUnavailable(
                f"the token's time {stamped.time:%Y-%m-%dT%H:%M:%SZ} is more than "
                f"{self._tolerance.total_seconds():.0f} s from this machine's; set the clock that is wrong."
            )

    def _resting(self) -> bool:
        with self._lock:
            if self._outage is None:
                return False
            if time.monotonic() >= self._ask_again_at:
                # one caller finds out; the others do not wait beside it
                self._ask_again_at = time.monotonic() + self._rest
                return False
            self._outage = Outage(self._outage.since, self._outage.missed + 1, self._outage.reason)
            return True

    def _missed(self, reason: str) -> None:
        with self._lock:
            before = self._outage
            self._outage = Outage(
                self._clock.now() if before is None else before.since,
                1 if before is None else before.missed + 1,
                reason,
            )
            self._ask_again_at = time.monotonic() + self._rest
        if self._when_down is WhenDown.WAIT:
            raise TimestampUnavailable(
                f"the timestamp authority {self._host} {reason}. Nothing was stamped; try again later, "
                "or configure to seal without a timestamp and mark it."
            )
