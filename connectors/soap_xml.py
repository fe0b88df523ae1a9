"""SOAP services whose answer is one string, in which lies an XML document with rows and a code.

zeep reads the WSDL and writes the request; the answer is read here, the same way live and from a kept page.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests
import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport

from connectors.access import SoapAccess
from connectors.asking import NoRoomToAsk, asked, left, question_of
from connectors.canonical import canonical_json
from connectors.declaration import Declaration
from connectors.endpoints import SoapEndpoint, SourceNotConfigured
from connectors.http_bytes import KeptSessions, exchange, private_session
from connectors.live import Kind
from connectors.port import Cursor, RawPage, RawRecord, SourceGarbled, SourceRefused, SourceUnavailable, rows_between
from connectors.retrying import Patience
from connectors.timed_pages import ByPageTime, TimedAnswer, TimedPages, already_had
from connectors.xml_rows import XmlUnfit, decoded, fields_of, name_of, parse, rows_of, text_of

_ENVELOPES = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})
_SHOWN_CODE = 16
_PLACEHOLDER = re.compile(r"\{(since|page|size|username|password)\}")


class SoapXml(ByPageTime):
    """One operation of a SOAP service, asked page by page.

    Publisher:  the department of the declaration, through its web service
    Access:     SOAP 1.1 or 1.2 over HTTP(S) to the address of the sources file; user and password as parameters
    Freshness:  rows appear with their time element, to the second; deletions are not announced
    Caveats:    a failure comes as HTTP 200 with a code other than the declared one inside the string; the string
                names an encoding it no longer has and may be escaped twice or hold bare `&`: those are put right
                and noted in the page's context, everything else is garbled; paging by since, page and size is how
                we ask, no department has confirmed it
    """

    def __init__(self, declaration: Declaration, endpoint: SoapEndpoint, *, patience: Patience | None = None) -> None:
        access = declaration.access
        if not isinstance(access, SoapAccess):
            raise TypeError(f"{declaration.name} is not declared as soap_xml")
        live = declaration.live.parameters if declaration.live is not None else {}
        said = " ".join([*access.parameters.values(), *live.values()])
        for word, given in (("username", endpoint.username), ("password", endpoint.password)):
            if f"{{{word}}}" in said and given is None:
                raise SourceNotConfigured(
                    f"{declaration.name}: `{word}` is not in section [{declaration.section}] of the sources "
                    "file, but the operation is given it. Add what the department gave you."
                )
        self._name = declaration.name
        self._declaration = declaration
        self._access = access
        self._endpoint = endpoint
        self._kept = KeptSessions(endpoint.ca_file)
        self._asked_with: zeep.Client | None = None
        self._asking = threading.Lock()
        secret = endpoint.password.get_secret_value() if endpoint.password else declaration.name
        self._paging = TimedPages(
            declaration.name,
            "the SOAP service",
            access.page_size,
            secret.encode(),
            patience or Patience(),
            access.time_element,
        )
        self._lock = threading.Lock()
        self._not_before = 0.0

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Pages of whole SOAP answers as they came over the wire."""
        with private_session(self._endpoint.ca_file) as session:
            yield from self._paging.pages(cursor, partial(self._ask, session, self._service(session)))

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of the document inside the string that an earlier page did not already hold."""
        try:
            answer = self._answer(page.body)
        except (SourceGarbled, SourceRefused, SourceUnavailable) as error:
            raise SourceGarbled(f"{self._name}: page {page.number}: {error.message}", page.body) from None
        had = already_had(page)
        for position, row in enumerate(answer.rows):
            if position not in had:
                yield RawRecord(position, row, canonical_json(row), edition=self._paging.edition(row))

    def count(self, cursor: Cursor) -> int:
        """Rows behind `cursor` by the document's own total; costs one request."""
        with private_session(self._endpoint.ca_file) as session:
            return self._paging.count(cursor, partial(self._ask, session, self._service(session)))

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def acknowledge(self, cursor: Cursor) -> None:
        """Nothing: the service has no operation for it."""

    def ask(self, kind: Kind, number: str, *, seconds: float) -> list[RawRecord]:
        """The rows the declared operation gives for this number; see `connectors.port.Askable`.

        The service's description is read with the first question, in the time of that one, and kept.
        """
        deadline = time.monotonic() + seconds
        question = question_of(self._declaration, kind)
        operation = question.operation or self._access.operation

        def once() -> list[RawRecord]:
            values = {name: _filled(value, self._credentials()) for name, value in question.parameters.items()}
            values[question.names(kind)[0]] = number
            with self._kept.session() as session:
                envelope, headers = self._asked_envelope(session, operation, values, deadline)
                answer = self._answer(self._posted(session, envelope, headers, deadline))
            if answer.total != len(answer.rows):
                raise SourceGarbled(f"{len(answer.rows)} rows of an answer that says it has {answer.total}")
            return [RawRecord(position, row, canonical_json(row)) for position, row in enumerate(answer.rows)]

        return asked(self._name, once)

    def close(self) -> None:
        """Close the sessions kept for questions."""
        self._kept.close()

    def _asked_envelope(
        self, session: requests.Session, operation: str, values: Mapping[str, str], deadline: float
    ) -> tuple[bytes, dict[str, str]]:
        """The message of a question. zeep's clients are not made for several threads, so one writes at a time."""
        if not self._asking.acquire(timeout=left(deadline)):
            raise SourceUnavailable("no answer in the time given")
        try:
            if self._asked_with is None:
                self._asked_with = self._described(session, operation, deadline)
            return self._message(self._asked_with, operation, values)
        finally:
            self._asking.release()

    def _credentials(self) -> dict[str, str]:
        return {
            "username": self._endpoint.username or "",
            "password": self._endpoint.password.get_secret_value() if self._endpoint.password else "",
        }

    def _service(self, session: requests.Session) -> _Lazily:
        return _Lazily(partial(self._described, session, self._access.operation))

    def _described(self, session: requests.Session, operation: str, deadline: float | None = None) -> zeep.Client:
        settings = zeep.Settings(
            strict=True, raw_response=True, forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
        transport = _OwnTransport(session, self._endpoint, self._access.timeout_s, deadline)
        try:
            client = zeep.Client(  # type: ignore[no-untyped-call]
                self._endpoint.wsdl, transport=transport, settings=settings
            )
            names = [name for found in client.wsdl.bindings.values() for name in found.all()]  # type: ignore[no-untyped-call]
        except (ZeepError, etree.XMLSyntaxError, OSError, ValueError, TypeError) as error:
            raise SourceRefused(
                f"the WSDL cannot be read ({type(error).__name__}). Check `wsdl` in the sources file; a copy beside it "
                "is best."
            ) from None
        if operation not in names:
            raise SourceRefused(f"the WSDL knows no operation `{operation}`. Check the declaration against the WSDL.")
        return client

    def _ask(self, session: requests.Session, service: _Lazily, since: str, page: int, size: int) -> TimedAnswer:
        client = service.get()
        words = {"since": since, "page": str(page), "size": str(size), **self._credentials()}
        values = {name: _filled(value, words) for name, value in self._access.parameters.items()}
        envelope, headers = self._message(client, self._access.operation, values)
        return self._answer(self._posted(session, envelope, headers))

    def _message(self, client: zeep.Client, operation: str, values: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """The envelope of a call and the headers that go with it."""
        binding = next(
            name
            for name, found in client.wsdl.bindings.items()
            if operation in found.all()  # type: ignore[no-untyped-call]
        )
        try:
            # Credentials go to the configured address alone, whatever address the WSDL names.
            proxy = client.create_service(binding, self._endpoint.address)  # type: ignore[no-untyped-call]
            envelope, headers = proxy._binding._create(  # zeep has no public way to get the message with its headers
                operation, (), dict(values), client=client, options=proxy._binding_options
            )
        except (ZeepError, TypeError, ValueError) as error:
            raise SourceRefused(
                f"the operation `{operation}` does not take the declared parameters "
                f"({type(error).__name__}). Check `parameters` of the declaration against the WSDL."
            ) from None
        body: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return body, {str(name): str(value) for name, value in headers.items()}

    def _posted(
        self, session: requests.Session, envelope: bytes, headers: Mapping[str, str], deadline: float | None = None
    ) -> bytes:
        """The answer to a message, sent when the declared rate lets it go."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._not_before)
            if deadline is not None and turn >= deadline:
                raise NoRoomToAsk("the agreed rate of requests leaves no room within the time")
            self._not_before = turn + 1 / self._access.requests_per_second
        time.sleep(turn - now)
        reply = exchange(
            session,
            "POST",
            self._endpoint.address,
            whom="the SOAP service",
            timeout_s=self._access.timeout_s if deadline is None else left(deadline),
            headers=headers,
            data=envelope,
            faults_inside=True,
            hard=deadline is not None,
        )
        return reply.body

    def _answer(self, body: bytes) -> TimedAnswer:
        """The rows of one answer; `body` is the whole envelope.

        Raises:
            SourceGarbled, SourceUnavailable, SourceRefused: with a short reason.
        """
        try:
            document = parse(inner_text(body)).root
        except XmlUnfit as unfit:
            raise SourceGarbled(f"the XML inside the string cannot be read: {unfit}", body) from None
        access = self._access
        code = text_of(document, access.code_element)
        if code is None:
            raise SourceGarbled(f"a document without `{access.code_element}`", body)
        if code != access.success_code:
            shown = code if code.isascii() and code.isalnum() and len(code) <= _SHOWN_CODE else "(unreadable)"
            if code in access.refusing:
                raise SourceRefused(
                    f"the service refuses with code {shown} inside HTTP 200. Nothing was read; check user, password "
                    "and the authorisation with the department."
                )
            if code in access.transient:
                raise SourceUnavailable(f"the service reports a passing inner failure, code {shown}")
            raise SourceGarbled(f"an error inside HTTP 200, code {shown}", body)
        total = text_of(document, access.total_element)
        if total is None or not (total.isascii() and total.isdigit()):
            raise SourceGarbled(f"a document without `{access.total_element}` as a number", body)
        rows = [fields_of(row) for row in rows_of(document, access.row_element)]
        return TimedAnswer(body, rows, int(total))


class _Lazily:
    """The WSDL is read at the first question, inside the retries, and kept for the run."""

    def __init__(self, make: partial[zeep.Client]) -> None:
        self._make = make
        self._made: zeep.Client | None = None

    def get(self) -> zeep.Client:
        if self._made is None:
            self._made = self._make()
        return self._made


class _OwnTransport(Transport):
    """Reads the WSDL and what it imports: files beside it, or addresses of the same host. Sends nothing else."""

    def __init__(
        self, session: requests.Session, endpoint: SoapEndpoint, timeout_s: float, deadline: float | None
    ) -> None:
        super().__init__(session=session, timeout=timeout_s)  # type: ignore[no-untyped-call]
        self._own_session = session
        self._home = endpoint.wsdl
        self._timeout_s = timeout_s
        self._deadline = deadline

    def load(self, url: str) -> bytes:
        """The bytes of a description file."""
        home, wanted = urlsplit(self._home), urlsplit(url)
        if wanted.scheme in ("http", "https"):
            if (wanted.scheme, wanted.netloc) != (home.scheme, home.netloc):
                raise SourceRefused("the WSDL imports from another host. Keep a copy of it beside the sources file")
            waits = self._deadline is not None
            seconds = left(self._deadline) if self._deadline is not None else self._timeout_s
            reply = exchange(
                self._own_session, "GET", url, whom="the SOAP service", timeout_s=seconds, headers={}, hard=waits
            )
            return reply.body
        if home.scheme in ("http", "https"):
            raise SourceRefused("the WSDL imports a file of this machine, which it has no business with")
        path = Path(wanted.path).resolve()
        if Path(self._home).resolve().parent not in path.parents:
            raise SourceRefused("the WSDL imports a file that does not lie beside it")
        return path.read_bytes()


def inner_text(body: bytes) -> str:
    """The string inside a SOAP answer.

    Raises:
        SourceGarbled: HTML, half an envelope, or an answer that holds no text.
        SourceUnavailable, SourceRefused: a SOAP fault, by whose side it says the fault is on.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise SourceGarbled("an HTML page instead of a SOAP answer", body)
    try:
        envelope = parse(decoded(body)).root
    except XmlUnfit as unfit:
        raise SourceGarbled(f"half a page or no SOAP answer ({len(body)} bytes): {unfit}", body) from None
    space = etree.QName(envelope).namespace
    holder = next((part for part in envelope if name_of(part) == "Body"), None)
    if name_of(envelope) != "Envelope" or space not in _ENVELOPES or holder is None or len(holder) == 0:
        raise SourceGarbled("XML that is no SOAP envelope with a body", body)
    answer = holder[0]
    if name_of(answer) == "Fault":
        blame = (text_of(answer, "faultcode") or text_of(answer, "Value") or "").rpartition(":")[2]
        if blame in ("Client", "Sender"):
            raise SourceRefused("the service answers with a SOAP fault on our side. Check operation and parameters.")
        raise SourceUnavailable("the service answers with a SOAP fault on its side")
    leaf = next((part for part in answer.iter() if len(part) == 0 and (part.text or "").strip()), None)
    if leaf is None:
        raise SourceGarbled("a SOAP answer without a string inside", body)
    return leaf.text or ""


def _filled(value: str, words: dict[str, str]) -> str:
    """`value` with its placeholders filled in one pass, so that a password may hold braces."""
    return _PLACEHOLDER.sub(lambda found: words[found.group(1)], value)
