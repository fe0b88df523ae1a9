"""REST behind the signed national data-sharing gateway (headers gjgxjhpt_*).

The gateway offers rows with `update_time ≥ since`, ordered by time and key, in numbered pages. Rows
that change while we page move to the end and would shift the rest under a fixed `since`, so `since`
advances with every page and page numbers grow only inside one and the same second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from connectors.canonical import canonical_json
from connectors.declaration import Declaration, RestAccess
from connectors.endpoints import GatewayEndpoint, SourceNotConfigured
from connectors.port import Cursor, CursorRefused, RawPage, RawRecord, SourceGarbled, SourceRefused, SourceUnavailable
from connectors.retrying import Patience, patiently
from core.clock import Clock, SystemClock

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_CODE = re.compile(r"[a-z0-9-]{1,16}")
_LARGEST_BODY = 64 * 1024 * 1024


def signature(sid: str, rid: str, rtime: str, secret: str) -> str:
    """base64(HMAC-SHA256(sid + rid + rtime, secret)), as the gateway's clients in the wild compute it."""
    digest = hmac.new(secret.encode(), f"{sid}{rid}{rtime}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading stands: rows of `page` already had are known by keyed marks, not by what they say.

    `before` marks the row just in front of `page`; when it is no longer there, rows have shifted.
    """

    since: str = ""
    page: int = 1
    seen: tuple[str, ...] = ()
    before: str | None = None
    pages: int = 0

    @classmethod
    def read(cls, cursor: Cursor, resource: str) -> _Place:
        if not cursor:
            return cls()
        try:
            place = cls(
                str(cursor["since"]), int(cursor["page"]), tuple(cursor["seen"]), cursor["before"], int(cursor["pages"])
            )
        except (KeyError, TypeError, ValueError):
            place = cls(since="?")
        if place.page < 1 or not (place.since == "" or _TIME.fullmatch(place.since)):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of the REST gateway's. Nothing was read; "
                "set it to {} to read the resource again from the beginning (rows already held change nothing)."
            )
        return place

    def cursor(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "page": self.page,
            "seen": list(self.seen),
            "before": self.before,
            "pages": self.pages,
        }


@dataclass(slots=True)
class _Run:
    """What one run remembers from page to page and a later one need not know."""

    promised: int = 0
    previous: list[str] = field(default_factory=list)
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    rows: list[Any]
    total: int
    echo: tuple[Any, Any]


class RestGateway:
    """One resource behind the signed gateway, at most 200 rows a page.

    Publisher:  the department of the declaration, through the national data-sharing gateway
    Access:     HTTPS; gjgxjhpt_rid/_sid/_rtime/_sign, our clock within 5 minutes of theirs; requests spaced as declared
    Freshness:  rows appear with their `update_time`, to the second; deletions are not announced
    Caveats:    a failure comes as HTTP 200 with a `code` other than "200"; a row committed late with an
                older `update_time`, or moved while its own second is being paged, is found only by reading
                again from the empty cursor
    """

    def __init__(
        self,
        declaration: Declaration,
        endpoint: GatewayEndpoint,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
        timeout_s: float | None = None,
    ) -> None:
        access = declaration.access
        if not isinstance(access, RestAccess):
            raise TypeError(f"{declaration.name} is not declared as rest_gateway")
        sid = endpoint.sid(access.sid)
        if sid is None:
            raise SourceNotConfigured(
                f"{declaration.name}: `{access.sid}` is not in section [{declaration.department.id}] of the sources "
                "file. Add the service id the gateway gave for this resource."
            )
        self._name = declaration.name
        self._access = access
        self._endpoint = endpoint
        self._sid = sid
        self._clock = clock or SystemClock()
        self._patience = patience or Patience()
        self._timeout_s = timeout_s or access.timeout_s
        self._not_before = 0.0

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of the gateway's own JSON; rows already had are counted out through `context["had"]`."""
        place = _Place.read(cursor, self._name)
        run = _Run()
        with self._session() as session:
            while True:
                place, answer = self._read(session, place, run)
                marks = [self._mark(row) for row in answer.rows]
                had = _already(marks, place.seen)
                offset = (place.page - 1) * self._access.page_size
                onward, behind = self._onward(place, answer, marks)
                if len(had) < len(marks):
                    yield RawPage(
                        number=onward.pages,
                        body=answer.body,
                        next_cursor=onward.cursor(),
                        context={"resource": self._name, "encoding": "UTF-8", "had": ",".join(map(str, had))},
                        declared_rows=len(marks) - len(had),
                    )
                if offset + len(marks) >= answer.total:
                    return
                if (onward.since, onward.page, onward.seen) == (place.since, place.page, place.seen):
                    raise SourceGarbled(f"{self._name}: page {onward.pages} leads back to itself.", answer.body)
                run.previous, run.promised = marks, behind
                place = onward

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the page that an earlier page did not already hold."""
        try:
            answer = _parse(page.body)
        except SourceGarbled as error:
            raise SourceGarbled(f"{self._name}: page {page.number}: {error.message}.", page.body) from None
        had = {int(i) for i in page.context.get("had", "").split(",") if i}
        for position, row in enumerate(answer.rows):
            if position in had:
                continue
            raw = canonical_json(row)
            if isinstance(row, dict):
                yield RawRecord(position, row, raw)
            else:
                yield RawRecord(position, {}, raw, problem="a row that is not an object of names and values")

    def count(self, cursor: Cursor) -> int:
        """Rows behind `cursor` by the gateway's own `total`; costs one request."""
        place = _Place.read(cursor, self._name)
        with self._session() as session:
            place, answer = self._read(session, place, _Run())
        had = _already([self._mark(row) for row in answer.rows], place.seen)
        return max(0, answer.total - (place.page - 1) * self._access.page_size - len(had))

    def _session(self) -> requests.Session:
        session = requests.Session()
        # Neither a proxy nor a .netrc of the machine may see or change what we sign.
        session.trust_env = False
        if self._endpoint.ca_file is not None:
            session.verify = str(self._endpoint.ca_file)
        return session

    def _mark(self, row: Any) -> str:
        """Recognises a row without saying what is in it: keyed, since the cursor lies in the database in clear."""
        secret = self._endpoint.secret.get_secret_value().encode()
        return hmac.new(secret, b"row" + canonical_json(row), hashlib.sha256).hexdigest()[:24]

    def _read(self, session: requests.Session, place: _Place, run: _Run) -> tuple[_Place, _Answer]:
        """The page at `place`, or the first of its second when rows have shifted; checked and retried."""

        def once() -> tuple[_Place, _Answer]:
            answer = self._get(session, place.since, place.page, self._access.page_size)
            if answer.total < run.promised:
                raise SourceGarbled(
                    f"the total changed: {run.promised} rows were promised, now {answer.total}", answer.body
                )
            if place.page == 1:
                return place, answer
            if [self._mark(row) for row in answer.rows] == run.previous:
                raise SourceGarbled("the same page twice", answer.body)
            edge = self._get(session, place.since, (place.page - 1) * self._access.page_size, 1)
            if [self._mark(row) for row in edge.rows] == [place.before]:
                return place, answer
            if run.restarted:
                raise SourceGarbled("rows of one second keep moving while they are read", answer.body)
            first = _Place(place.since, pages=place.pages)
            answer = self._get(session, first.since, first.page, self._access.page_size)
            run.restarted = True
            return first, answer

        number = place.pages + 1
        kept = f"{place.pages} pages are kept; page {number} is next"
        return patiently(once, resource=self._name, kept=kept, patience=self._patience)

    def _onward(self, place: _Place, answer: _Answer, marks: list[str]) -> tuple[_Place, int]:
        """The place behind this page, and how many rows the gateway owes from there at least."""
        times = [_time_of(row) for row in answer.rows]
        size = self._access.page_size
        offset = (place.page - 1) * size
        last = next((moment for moment in reversed(times) if moment), place.since)
        if last == place.since:
            at_last = offset + len(times)
        else:
            first = next(i for i, moment in enumerate(times) if moment == last)
            at_last = len(times) - first
        whole, rest = divmod(at_last, size)
        seen = tuple(marks[len(marks) - rest :]) if rest else ()
        before = None if whole == 0 else place.before
        if whole and len(marks) > rest:
            before = marks[len(marks) - rest - 1]
        onward = _Place(last, whole + 1, seen, before, place.pages + 1)
        return onward, answer.total - (offset + len(times) - at_last)

    def _get(self, session: requests.Session, since: str, page: int, size: int) -> _Answer:
        answer = _parse(self._fetch(session, since, page, size), self._access)
        if answer.echo != (page, size):
            raise SourceGarbled(f"asked for page {page} of size {size}, got another", answer.body)
        expected = max(0, min(size, answer.total - (page - 1) * size))
        if len(answer.rows) != expected:
            raise SourceGarbled(f"page has {len(answer.rows)} rows where {expected} are declared", answer.body)
        times = [moment for row in answer.rows if (moment := _time_of(row))]
        if answer.rows and not times:
            raise SourceGarbled("no row of the page has a readable update_time", answer.body)
        if times and times[0] < since:
            raise SourceGarbled("an earlier page again: its rows are older than what was asked for", answer.body)
        if times != sorted(times):
            raise SourceGarbled("the rows are not in the order of update_time", answer.body)
        return answer

    def _fetch(self, session: requests.Session, since: str, page: int, size: int) -> bytes:
        """One signed request; the body in full or an error that says again or stop."""
        time.sleep(max(0.0, self._not_before - time.monotonic()))
        self._not_before = time.monotonic() + 1 / self._access.requests_per_second
        rtime = str(int(self._clock.now().timestamp() * 1000))
        rid, secret = self._endpoint.rid, self._endpoint.secret.get_secret_value()
        headers = {
            "gjgxjhpt_rid": rid,
            "gjgxjhpt_sid": self._sid,
            "gjgxjhpt_rtime": rtime,
            "gjgxjhpt_sign": signature(self._sid, rid, rtime, secret),
            "Accept": "application/json",
            # Uncompressed, so that Content-Length tells whether the page is whole.
            "Accept-Encoding": "identity",
        }
        deadline = time.monotonic() + self._timeout_s
        body = bytearray()
        try:
            with session.get(
                f"{self._endpoint.base_url.rstrip('/')}/gateway/{self._access.path}",
                params={"since": since, "page": str(page), "size": str(size)},
                headers=headers,
                timeout=(min(10.0, self._timeout_s), self._timeout_s),
                stream=True,
                allow_redirects=False,
            ) as response:
                _judge_status(response)
                for chunk in response.iter_content(65536):
                    body += chunk
                    if time.monotonic() > deadline:
                        raise SourceUnavailable(f"the answer was not complete within {self._timeout_s:g} s")
                    if len(body) > _LARGEST_BODY:
                        raise SourceGarbled(f"an answer of more than {_LARGEST_BODY} bytes")
        except requests.exceptions.ChunkedEncodingError:
            raise SourceGarbled(f"half a page: the answer breaks off after {len(body)} bytes", bytes(body)) from None
        except requests.exceptions.SSLError:
            raise SourceRefused(
                "the gateway's certificate is not one we trust. Nothing was sent; check ca_file and "
                "the address with the department before anything else."
            ) from None
        except requests.exceptions.Timeout:
            raise SourceUnavailable(f"no answer from the gateway in {self._timeout_s:g} s") from None
        except requests.exceptions.ConnectionError:
            raise SourceUnavailable("no connection to the gateway, or it was dropped") from None
        except OSError as error:  # what else requests raises, and a ca_file that is not there
            raise SourceRefused(
                f"the request cannot be made ({type(error).__name__}). Check base_url, rid, sid and ca_file in the "
                "sources file."
            ) from None
        return bytes(body)


def _already(marks: list[str], seen: tuple[str, ...]) -> list[int]:
    """Positions of the rows an earlier page held; a row the source holds twice is had once for each time seen."""
    left = Counter(seen)
    had = []
    for position, mark in enumerate(marks):
        if left[mark] > 0:
            left[mark] -= 1
            had.append(position)
    return had


def _judge_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429 or status >= 500:
        reason = "too many requests (HTTP 429)" if status == 429 else f"the gateway answers HTTP {status}"
        raise SourceUnavailable(reason, _retry_after(response.headers))
    raise SourceRefused(
        f"the gateway answers HTTP {status}. Nothing was read; check base_url, the resource's path and our "
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


def _document(body: bytes) -> dict[str, Any]:
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise SourceGarbled("an HTML or XML page instead of JSON", body)
    try:
        # A fraction stays the text it was: a float would change an amount.
        document = json.loads(body, parse_float=str)
    except (ValueError, RecursionError):
        raise SourceGarbled(f"half a page or not JSON ({len(body)} bytes)", body) from None
    if not isinstance(document, dict):
        raise SourceGarbled("JSON that is not an object", body)
    return document


def _parse(body: bytes, access: RestAccess | None = None) -> _Answer:
    """The rows and total of an answer; codes are judged by `access` when given (a kept page has been judged)."""
    document = _document(body)
    code = document.get("code")
    if code != "200":
        shown = code if isinstance(code, str) and _CODE.fullmatch(code) else "(unreadable)"
        if access is not None and code in access.refusing:
            raise SourceRefused(
                f"the gateway refuses with code {shown} inside HTTP 200. Nothing was read; check rid, sid, secret "
                "and our clock, then the authorisation with the department."
            )
        if access is not None and code in access.transient:
            raise SourceUnavailable(f"the gateway reports a passing inner failure, code {shown}")
        raise SourceGarbled(f"an error inside HTTP 200, code {shown}", body)
    data = document.get("data")
    if not isinstance(data, dict):
        raise SourceGarbled("an answer without data", body)
    rows, total = data.get("rows"), data.get("total")
    if not isinstance(rows, list) or not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise SourceGarbled("an answer without rows and total", body)
    return _Answer(body, rows, total, (data.get("page"), data.get("size")))


def _time_of(row: Any) -> str | None:
    value = row.get("update_time") if isinstance(row, dict) else None
    return value if isinstance(value, str) and _TIME.fullmatch(value) else None
