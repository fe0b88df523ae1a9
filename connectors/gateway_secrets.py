"""Short-lived secrets of a gateway: fetched once for all who ask, changed before they end.

Each stage's secret is had for the one before it: the secret of the sources file gives the day's, the
day's gives the half-hour's, and only the last one signs requests for data.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.port import SourceGarbled, SourceRefused
from core.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """A secret the gateway gave, and how long it said it lives; None where it did not say."""

    secret: str = field(repr=False)
    lifetime_s: float | None = None


#: Asks the gateway, signing with the given secret; raises the port's errors.
Issue = Callable[[str], Issued]


@dataclass(frozen=True, slots=True)
class _Held:
    secret: str = field(repr=False)
    until: datetime


class SecretChain:
    """The secrets of one requester at one gateway. Safe to share between threads: one asks, the others wait for it."""

    def __init__(self, root: str, lifetimes_s: Sequence[float], margin_s: float, clock: Clock) -> None:
        self._root = root
        self._lifetimes = tuple(lifetimes_s)
        self._margin = timedelta(seconds=margin_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._held: list[_Held | None] = [None] * len(self._lifetimes)
        self.asked = 0

    def current(self, issue: Issue) -> str:
        """The secret to sign with now; asked for when there is none or its end is near.

        Raises:
            SourceUnavailable, SourceRefused, SourceGarbled: as `issue` does.
        """
        with self._lock:
            return self._valid(len(self._lifetimes) - 1, issue)

    def refused(self, used: str, issue: Issue) -> str:
        """Another secret than `used`, which the gateway no longer takes: someone else's newer one, or a fresh one."""
        with self._lock:
            held = self._held[-1]
            if held is not None and held.secret == used:
                self._held[-1] = None
            return self._valid(len(self._lifetimes) - 1, issue)

    def _valid(self, stage: int, issue: Issue) -> str:
        if stage < 0:
            return self._root
        held = self._held[stage]
        now = self._clock.now()
        lifetime = timedelta(seconds=self._lifetimes[stage])
        # A margin longer than half a life would ask for ever.
        if held is not None and now < held.until - min(self._margin, lifetime / 2):
            return held.secret
        parent = self._valid(stage - 1, issue)
        try:
            issued = self._issued(parent, issue)
        except SourceRefused:
            if stage == 0:
                raise
            self._held[stage - 1] = None
            issued = self._issued(self._valid(stage - 1, issue), issue)
        lives = timedelta(seconds=issued.lifetime_s) if issued.lifetime_s is not None else lifetime
        self._held[stage] = _Held(issued.secret, now + lives)
        return issued.secret

    def _issued(self, parent: str, issue: Issue) -> Issued:
        self.asked += 1
        issued = issue(parent)
        log.info("the gateway gave a new secret (%d so far)", self.asked)
        return issued


def unwrapped(
    wrapped: str, held: str, cipher: Literal["aes-ecb", "aes-cbc", "none"], key_form: Literal["first16", "md5"]
) -> str:
    """The secret inside what the gateway sent, AES-decrypted under the one we hold.

    With aes-cbc the first 16 bytes are the initial vector. Neither mode is authenticated: what comes out
    is believed only once the gateway takes a signature made with it.

    Raises:
        SourceGarbled: not base64, or not padded as it should be.
    """
    if cipher == "none":
        return wrapped
    # MD5 and ECB are the gateway's choice, not ours: the secret lives for minutes and travels inside TLS.
    key = held.encode()[:16].ljust(16, b"\0") if key_form == "first16" else hashlib.md5(held.encode()).digest()  # noqa: S324
    try:
        data = base64.b64decode(wrapped, validate=True)
        if cipher == "aes-cbc":
            mode: modes.CBC | modes.ECB = modes.CBC(data[:16])
            data = data[16:]
        else:
            mode = modes.ECB()  # noqa: S305
        decryptor = Cipher(algorithms.AES(key), mode).decryptor()
        unpadder = PKCS7(128).unpadder()
        plain = unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
        return plain.decode("ascii")
    except (binascii.Error, ValueError):
        raise SourceGarbled("the gateway's new secret cannot be decrypted with the one we hold") from None


_chains: dict[tuple[str, str, str], SecretChain] = {}
_chains_lock = threading.Lock()


def shared_chain(
    address: str, rid: str, root: str, lifetimes_s: Sequence[float], margin_s: float, clock: Clock
) -> SecretChain:
    """The one chain of this process for a requester at a gateway, so that two resources do not ask twice."""
    key = (address, rid, hashlib.sha256(root.encode()).hexdigest())
    with _chains_lock:
        if key not in _chains:
            _chains[key] = SecretChain(root, lifetimes_s, margin_s, clock)
        return _chains[key]
