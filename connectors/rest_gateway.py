"""REST behind a signed data-sharing gateway: the national header shapes or x-tif."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import requests

from connectors.access import RestAccess
from connectors.asking import asked, question_of
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import GatewayEndpoint, SourceNotConfigured
from connectors.gateway_client import GatewayClient, json_object
from connectors.gateway_signing import signature
from connectors.live import Kind
from connectors.port import Cursor, RawPage, RawRecord, SourceGarbled, rows_between
from connectors.retrying import Patience, patiently
from connectors.timed_pages import ByPageTime, TimedAnswer, TimedPages, already_had
from core.clock import Clock, SystemClock

__all__ = ["RestGateway", "signature"]


class RestGateway(ByPageTime):
    """One resource behind the signed gateway, at most 200 rows a page.

    Publisher:  the department of the declaration, through a data-sharing gateway
    Access:     HTTPS; rid, sid, time and signature in headers; the secret is changed before it ends where the
                sources file says how; a clock that is off is followed once; requests spaced as declared
    Freshness:  rows appear with their `update_time`, to the second; deletions are not announced
    Caveats:    a failure comes as HTTP 200 with a `code` other than "200"; a row committed late with an
                older `update_time`, or moved while its own second is being paged, is found only by reading
                again from the empty cursor; what the secret call sends is known in outline only; a live question
                is a POST with the number in its body, or where declared a GET with it in the query, which the
                gateway's own logs may then show (ours do not)
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
        self._name = declaration.name
        self._declaration = declaration
        self._access = access
        self._patience = patience or Patience()
        self._client = GatewayClient(
            endpoint,
            sid=service_id(declaration, endpoint),
            shape=access.header_shape,
            refusing=access.refusing,
            transient=access.transient,
            requests_per_second=access.requests_per_second,
            timeout_s=timeout_s or access.timeout_s,
            clock=clock or SystemClock(),
        )
        self._kept = self._client.kept_sessions()
        self._paging = TimedPages(
            declaration.name,
            "the REST gateway",
            access.page_size,
            endpoint.secret.get_secret_value().encode(),
            self._patience,
        )

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of the gateway's own JSON; rows already had are counted out through `context["had"]`."""
        with self._client.session() as session:
            yield from self._paging.pages(cursor, partial(self._ask, session))

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the page that an earlier page did not already hold."""
        try:
            answer = _answer(page.body, json_object(page.body))
        except SourceGarbled as error:
            raise SourceGarbled(f"{self._name}: page {page.number}: {error.message}.", page.body) from None
        had = already_had(page)
        for position, row in enumerate(answer.rows):
            if position in had:
                continue
            yield _raw(position, row, self._paging.edition(row) if isinstance(row, dict) else None)

    def count(self, cursor: Cursor) -> int:
        """Rows behind `cursor` by the gateway's own `total`; costs one request."""
        with self._client.session() as session:
            return self._paging.count(cursor, partial(self._ask, session))

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def acknowledge(self, cursor: Cursor) -> None:
        """POST how far we are to `acknowledge_path`; nothing where none is declared or nothing was read."""
        path = self._access.acknowledge_path
        if path is None or not cursor:
            return
        place = self._paging.place(cursor)
        said = json.dumps({"update_time": place.since, "pages": place.pages}, sort_keys=True).encode()

        def once() -> None:
            with self._client.session() as session:
                self._client.call(session, "POST", path, self._client.document, data=said)

        kept = f"{place.pages} pages are kept; the receipt for them is sent again before the next reading"
        patiently(once, resource=self._name, kept=kept, patience=self._patience)

    def ask(self, kind: Kind, number: str, *, seconds: float) -> list[RawRecord]:
        """The rows the gateway gives for this number; see `connectors.port.Askable`."""
        deadline = time.monotonic() + seconds
        question = question_of(self._declaration, kind)
        said = {question.names(kind)[0]: number}

        def once() -> list[RawRecord]:
            with self._kept.session() as session:
                path = question.path or self._access.path
                if question.method == "GET":
                    rows = self._client.call(session, "GET", path, self._rows_said, params=said, deadline=deadline)
                else:
                    data = json.dumps(said).encode()
                    rows = self._client.call(session, "POST", path, self._rows_said, data=data, deadline=deadline)
            return [_raw(position, row) for position, row in enumerate(rows)]

        return asked(self._name, once)

    def close(self) -> None:
        """Close the sessions kept for questions."""
        self._kept.close()

    def _rows_said(self, body: bytes) -> list[Any]:
        answer = _answer(body, self._client.document(body))
        if answer.total != len(answer.rows):
            raise SourceGarbled(f"{len(answer.rows)} rows of an answer that says it has {answer.total}")
        return list(answer.rows)

    def _ask(self, session: requests.Session, since: str, page: int, size: int) -> TimedAnswer:
        def read(body: bytes) -> TimedAnswer:
            return _answer(body, self._client.document(body))

        params = {"since": since, "page": str(page), "size": str(size)}
        return self._client.call(session, "GET", self._access.path, read, params=params)


def service_id(declaration: Declaration, endpoint: GatewayEndpoint) -> str:
    """The service id the sources file has for a resource.

    Raises:
        SourceNotConfigured: it has none.
    """
    access = declaration.access
    key = access.sid if isinstance(access, RestAccess) else ""
    sid = endpoint.sid(key)
    if sid is None:
        raise SourceNotConfigured(
            f"{declaration.name}: `{key}` is not in section [{declaration.section}] of the sources "
            "file. Add the service id the gateway gave for this resource."
        )
    return sid


def _raw(position: int, row: object, edition: str | None = None) -> RawRecord:
    if isinstance(row, dict):
        return RawRecord(position, row, canonical_json(row), edition=edition)
    return RawRecord(position, {}, canonical_json(row), problem="a row that is not an object of names and values")


def _answer(body: bytes, document: dict[str, Any]) -> TimedAnswer:
    data = document.get("data")
    if not isinstance(data, dict):
        raise SourceGarbled("an answer without data", body)
    rows, total = data.get("rows"), data.get("total")
    if not isinstance(rows, list) or not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise SourceGarbled("an answer without rows and total", body)
    return TimedAnswer(body, rows, total, (data.get("page"), data.get("size")))
