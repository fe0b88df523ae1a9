"""One HTTP request whose answer is bounded in time and size, and whose failure says again or stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable

LARGEST_BODY = 64 * 1024 * 1024


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
) -> Reply:
    """Send one request and read the whole answer; redirects are not followed, since what we sign is for one address.

    Args:
        whom: the partner in messages, e.g. "the gateway".
        faults_inside: HTTP 500 carries a readable answer (a SOAP fault) and is handed back.

    Raises:
        SourceUnavailable, SourceGarbled, SourceRefused: with a short reason.
    """
    deadline = time.monotonic() + timeout_s
    body = bytearray()
    try:
        with session.request(
            method,
            url,
            params=params,
            data=data,
            # Uncompressed, so that Content-Length tells whether the answer is whole.
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=(min(10.0, timeout_s), timeout_s),
            stream=True,
            allow_redirects=False,
        ) as response:
            if not (faults_inside and response.status_code == 500):
                _judge_status(response, whom)
            for chunk in response.iter_content(65536):
                body += chunk
                if time.monotonic() > deadline:
                    raise SourceUnavailable(f"the answer was not complete within {timeout_s:g} s")
                if len(body) > LARGEST_BODY:
                    raise SourceGarbled(f"an answer of more than {LARGEST_BODY} bytes")
            return Reply(bytes(body), response.status_code, _skew(response.headers))
    except requests.exceptions.ChunkedEncodingError:
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
