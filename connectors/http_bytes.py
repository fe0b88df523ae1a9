"""One HTTP request whose answer is bounded in time and size, and whose failure says again or stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
from urllib3.util import Timeout

from connectors.cut_off import cut_off
from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable

LARGEST_BODY = 64 * 1024 * 1024


class _NoQueries(logging.Filter):
    """Takes the query out of every address the HTTP library logs: a gateway may want a number there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                one.partition("?")[0] if isinstance(one, str) and "?" in one else one for one in record.args
            )
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_NoQueries())


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end; `skew_s` is how far the server's clock is ahead of the machine's, by its Date."""

    body: bytes = field(repr=False)
    status: int = 200
    skew_s: float | None = None


def private_session(ca_file: Path | None) -> requests.Session:
    """A session that neither a proxy nor a .netrc of the machine can see into or change."""
    session = requests.Session()
    session.trust_env = False
    if ca_file is not None:
        session.verify = str(ca_file)
    return session


class KeptSessions:
    """Sessions kept open between calls, so that who waits does not wait for a handshake. One for a thread at a time."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        self._idle: list[requests.Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[requests.Session]:
        """One that nobody else uses meanwhile; after a failure it is not used again."""
        with self._lock:
            taken = self._idle.pop() if self._idle else None
        taken = taken or private_session(self._ca_file)
        try:
            yield taken
        except BaseException:
            taken.close()
            raise
        with self._lock:
            self._idle.append(taken)

    def close(self) -> None:
        """Close those nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    whom: str,
    timeout_s: float,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
    faults_inside: bool = False,
    hard: bool = False,
) -> Reply:
    """Send one request and read the whole answer; redirects are not followed, since what we sign is for one address.

    Args:
        whom: the partner in messages, e.g. "the gateway".
        faults_inside: HTTP 500 carries a readable answer (a SOAP fault) and is handed back.
        hard: somebody waits: `timeout_s` is for all together, and the connection is cut at its end.

    Raises:
        SourceUnavailable, SourceGarbled, SourceRefused: with a short reason.
    """
    deadline = time.monotonic() + timeout_s
    # requests takes urllib3's own, which counts connecting and reading together; its type stubs do not know that
    limit: Any = Timeout(total=timeout_s) if hard else (min(10.0, timeout_s), timeout_s)
    body = bytearray()
    try:
        with session.request(
            method,
            url,
            params=params,
            data=data,
            # Uncompressed, so that Content-Length tells whether the answer is whole.
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=limit,
            stream=True,
            allow_redirects=False,
        ) as response:
            if not (faults_inside and response.status_code == 500):
                _judge_status(response, whom)
            # without a descriptor the whole answer has been read with its head
            waits = hard and not response.raw.closed
            with cut_off(response.raw.fileno(), deadline - time.monotonic()) if waits else nullcontext():
                for chunk in response.iter_content(65536):
                    body += chunk
                    if time.monotonic() > deadline:
                        raise SourceUnavailable(f"the answer was not complete within {timeout_s:g} s")
                    if len(body) > LARGEST_BODY:
                        raise SourceGarbled(f"an answer of more than {LARGEST_BODY} bytes")
            return Reply(bytes(body), response.status_code, _skew(response.headers))
    except requests.exceptions.ChunkedEncodingError:
        if hard and time.monotonic() > deadline:
            raise SourceUnavailable(f"the answer was not complete within {timeout_s:g} s") from None
        raise SourceGarbled(f"half a page: the answer breaks off after {len(body)} bytes", bytes(body)) from None
    except requests.exceptions.SSLError:
        raise SourceRefused(
            f"{whom}'s certificate is not one we trust. Nothing was sent; check ca_file and "
            "the address with the department before anything else."
        ) from None
    except requests.exceptions.Timeout:
        raise SourceUnavailable(f"no answer from {whom} in {timeout_s:g} s") from None
    except requests.exceptions.ConnectionError:
        raise SourceUnavailable(f"no connection to {whom}, or it was dropped") from None
    except OSError as error:  # what else requests raises, and a ca_file that is not there
        raise SourceRefused(
            f"the request cannot be made ({type(error).__name__}). Check the address, the credentials and ca_file in "
            "the sources file."
        ) from None


def _judge_status(response: requests.Response, whom: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429 or status >= 500:
        reason = "too many requests (HTTP 429)" if status == 429 else f"{whom} answers HTTP {status}"
        raise SourceUnavailable(reason, _retry_after(response.headers))
    raise SourceRefused(
        f"{whom} answers HTTP {status}. Nothing was read; check the address, the resource's path and our "
        "authorisation with the department."
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _skew(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
