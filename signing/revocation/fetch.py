"""Fetching what an issuer publishes about revocation: OCSP answers and lists at the addresses in certificates.

Called for certificates only whose chain to an anchor was found good, so the addresses are an authority's that
this house trusts; `signing.revocation.web` bounds what even such an address may make the hub do.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import Clock, SystemClock
from core.digest import sm3_hex
from signing import oids
from signing.certificates import Certificate
from signing.errors import (
    AddressRefused,
    FetchFailed,
    RevocationListRefused,
    RevocationUnknown,
    StatusAnswerRefused,
)
from signing.revocation.answers import CertId, StatusAnswer, write_request
from signing.revocation.lists import RevocationList
from signing.revocation.web import Web, shown

Evidence = RevocationList | StatusAnswer

_LARGEST_LIST = 32 << 20
_LARGEST_ANSWER = 64 << 10
_NONCE_BYTES = 16
#: Addresses of one kind that are tried for one certificate.
_MOST_ADDRESSES = 3
_MOST_REMEMBERED = 256
_MOST_BYTES_REMEMBERED = 64 << 20
#: How far an authority's clock may be ahead of ours.
_TOLERANCE = timedelta(minutes=5)
#: A failure is not repeated, and what is out of date not fetched again, for so long.
_REST = timedelta(minutes=1)
#: A list may be good for months, and a newer one be there tomorrow.
_LONGEST = timedelta(days=1)
_FAULTS = (AddressRefused, FetchFailed, RevocationListRefused, StatusAnswerRefused)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What was fetched or why not, and until when it is used."""

    result: Evidence | str
    until: datetime

    @property
    def size(self) -> int:
        return 0 if isinstance(self.result, str) else len(self.result.raw)


class Fetcher:
    """Usable as the `fetch` of a `Trust`, from any thread; one for the process, for it remembers what it fetched."""

    def __init__(
        self,
        web: Web | None = None,
        *,
        folder: Path | None = None,
        nonce: bool = False,
        digest: str = oids.SHA1,
        clock: Clock | None = None,
    ) -> None:
        """Nothing is fetched yet.

        Args:
            web: how addresses are called; by default public ones only.
            folder: where what was fetched outlives the process; it is checked again when it is read.
            nonce: have OCSP answers repeat a random number; responders that make answers in advance cannot.
            digest: how certificates are named to responders, `oids.SHA1` (every responder knows it), SHA256 or SM3.
        """
        self._web = web or Web()
        self._folder = folder
        self._nonce = nonce
        self._digest = digest
        self._clock = clock or SystemClock()
        self._memory: OrderedDict[str, _Remembered] = OrderedDict()
        self._guard = threading.Lock()
        # Several who need one list wait for one fetch.
        self._stripes = tuple(threading.Lock() for _ in range(16))

    def __call__(self, certificate: Certificate, issuer: Certificate) -> Iterator[Evidence]:
        """What is published about `certificate`, answers before lists; each is authentic.

        Raises:
            RevocationUnknown: at the end, when some address gave nothing; its message names them.
        """
        failed: list[str] = []
        for address in certificate.ocsp_urls[:_MOST_ADDRESSES]:
            answer = self._once(
                f"ocsp {address} {issuer.point.hex()} {certificate.serial:x}",
                lambda where=address: self._ask(where, certificate, issuer),  # type: ignore[misc]
                lambda raw: _answer(raw, certificate, issuer),
            )
            if isinstance(answer, str):
                failed.append(answer)
            else:
                yield answer
        for address in certificate.crl_urls[:_MOST_ADDRESSES]:
            found = self._once(
                f"list {address} {issuer.point.hex()}",
                lambda where=address: self._web.get(where, _LARGEST_LIST),  # type: ignore[misc]
                lambda raw: _list(raw, issuer),
            )
            if isinstance(found, str):
                failed.append(found)
            else:
                yield found
        if failed:
            raise RevocationUnknown(
                f"whether certificate {certificate.serial:x} was revoked cannot be told: {' '.join(failed)} "
                "Try again later, or configure the issuer's list as a file."
            )

    def _once(self, key: str, fetch: Callable[[], bytes], read: Callable[[bytes], Evidence]) -> Evidence | str:
        """What was remembered under `key`, or is fetched now; text tells why there is nothing."""
        now = self._clock.now()
        known = self._memory.get(key)
        if known is not None and now < known.until:
            return known.result
        with self._stripes[hash(key) % len(self._stripes)]:
            known = self._memory.get(key)
            if known is not None and now < known.until:
                return known.result
            result: Evidence | str
            try:
                result = self._kept(key, read, now) or self._fetched(key, fetch, read, now)
            except _FAULTS as error:
                result = f"{error.message}"
            self._remember(key, _Remembered(result, _until(result, now)))
            return result

    def _fetched(
        self, key: str, fetch: Callable[[], bytes], read: Callable[[bytes], Evidence], now: datetime
    ) -> Evidence:
        address = shown(key.split(" ")[1])
        raw = fetch()
        try:
            found = read(raw)
        except (RevocationListRefused, StatusAnswerRefused) as error:
            raise FetchFailed(f"{address} gives nothing that can be used: {error.message}") from None
        if _made(found) > now + _TOLERANCE:
            raise FetchFailed(f"{address} gives something made in the future; check this machine's clock.")
        self._keep(key, raw)
        return found

    def _ask(self, address: str, certificate: Certificate, issuer: Certificate) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES) if self._nonce else None
        request = write_request(CertId.of(certificate, issuer, self._digest), nonce)
        raw = self._web.post(address, request, "application/ocsp-request", _LARGEST_ANSWER)
        if nonce is not None and StatusAnswer.read(raw).nonce != nonce:
            raise FetchFailed(f"{shown(address)} does not repeat the number that was sent; the answer may be old.")
        return raw

    def _remember(self, key: str, one: _Remembered) -> None:
        with self._guard:
            self._memory[key] = one
            self._memory.move_to_end(key)
            size = sum(each.size for each in self._memory.values())
            while len(self._memory) > 1 and (len(self._memory) > _MOST_REMEMBERED or size > _MOST_BYTES_REMEMBERED):
                size -= self._memory.popitem(last=False)[1].size

    def _kept(self, key: str, read: Callable[[bytes], Evidence], now: datetime) -> Evidence | None:
        """What an earlier process put into the folder, as long as it is current and good."""
        if self._folder is None or self._nonce:
            return None
        path = self._folder / f"{sm3_hex(key.encode())}.der"
        try:
            if now.timestamp() - path.stat().st_mtime > _LONGEST.total_seconds():
                return None
            found = read(path.read_bytes())
        except (OSError, RevocationListRefused, StatusAnswerRefused):
            return None
        ends = _ends(found)
        return found if ends is not None and now < ends else None

    def _keep(self, key: str, raw: bytes) -> None:
        if self._folder is None or self._nonce:
            return
        # Only to save a fetch: a full disk must not keep a licence from being judged.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".fetched-", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(raw)
                Path(name).replace(self._folder / f"{sm3_hex(key.encode())}.der")
            finally:
                Path(name).unlink(missing_ok=True)


def _answer(raw: bytes, certificate: Certificate, issuer: Certificate) -> StatusAnswer:
    found = StatusAnswer.read(raw)
    if found.single_on(certificate, issuer) is None:
        raise StatusAnswerRefused("the answer is about another certificate.")
    found.signer(issuer)
    return found


def _list(raw: bytes, issuer: Certificate) -> RevocationList:
    found = RevocationList.read(raw)
    found.check_signed(issuer)
    return found


def _made(found: Evidence) -> datetime:
    return found.this_update if isinstance(found, RevocationList) else found.produced_at


def _ends(found: Evidence) -> datetime | None:
    if isinstance(found, RevocationList):
        return found.next_update
    # A responder answers for one certificate; where it says more, the first end counts.
    return min((one.next_update for one in found.singles if one.next_update is not None), default=None)


def _until(result: Evidence | str, now: datetime) -> datetime:
    ends = None if isinstance(result, str) else _ends(result)
    return now + _REST if ends is None else min(max(ends, now + _REST), now + _LONGEST)
