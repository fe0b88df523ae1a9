"""Fetching lists and answers from a real server, and what a certificate cannot make the hub call."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from signing import oids
from signing.certificates import Usage
from signing.errors import (
    AddressRefused,
    CertificateFault,
    CertificateRefused,
    FetchFailed,
    RevocationUnknown,
)
from signing.revocation.answer_making import Status, make_status_answer
from signing.revocation.answers import CertId
from signing.revocation.fetch import Fetcher
from signing.revocation.known import RevocationState, Revoked, Source
from signing.revocation.web import Web, is_public
from signing.trust import Trust
from tests.signing.hierarchy import AT, DAY, root

LOCAL = ("127.0.0.0/8", "::1/128")


class MovingClock:
    """Stands at a moment until a test moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Server:
    """One authority's public side: a list, a responder, and pages that behave badly."""

    def __init__(self) -> None:
        self.top = root("服务根")
        self.asked: list[str] = []
        self.list = self.top.revocation_list(this_update=AT - DAY, next_update=AT + 9 * DAY)
        self.statuses: dict[int, Revoked | None] = {}
        self.repeats = True
        self.signer = self.top.issue(
            "响应", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.OCSP_SIGNING,), no_check=True
        )
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if self.path == "/list":
                    self._send(outer.list)
                elif self.path == "/moved":
                    self._redirect("/list")
                elif self.path == "/circle":
                    self._redirect("/circle")
                elif self.path == "/away":
                    self._redirect("http://169.254.169.254/latest/meta-data")
                elif self.path == "/drip":
                    self.send_response(200)
                    self.end_headers()
                    for _ in range(100):
                        self.wfile.write(b"x")
                        time.sleep(0.1)
                elif self.path == "/garbage":
                    self._send(b"<html>")
                elif self.path == "/endless":
                    self._send(bytes(200_000))
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                outer.asked.append(self.path)
                request = ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers["Content-Type"] != "application/ocsp-request":
                    self.send_error(415)
                    return
                self._send(outer.answer(request))

            def _send(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _redirect(self, to: str) -> None:
                self.send_response(302)
                self.send_header("Location", to)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                # A client that hangs up in the middle is what these tests are about.
                try:
                    super().handle()
                except OSError:
                    return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, request: ocsp.OCSPRequest) -> bytes:
        serial = request.serial_number
        named = CertId(oids.SHA1, request.issuer_name_hash, request.issuer_key_hash, serial)
        status = Status(named, AT, AT + DAY, revoked=self.statuses.get(serial), unknown=serial not in self.statuses)
        nonces = [one.value.nonce for one in request.extensions if one.oid.dotted_string == oids.OCSP_NONCE]
        nonce = nonces[0] if nonces and self.repeats else None
        return make_status_answer([status], self.signer.signer, produced_at=AT, nonce=nonce, enclosed=[self.signer.raw])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(AT + timedelta(minutes=1))


def trust_of(server: Server, clock: MovingClock, **changes: object) -> Trust:
    fetcher = Fetcher(Web(LOCAL, total_seconds=1.0), clock=clock, **changes)  # type: ignore[arg-type]
    return Trust.of([server.top.raw], fetch=fetcher)


def test_a_list_is_fetched_once_and_again_when_it_has_ended(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),))
    trust = trust_of(server, clock)
    for _ in range(3):
        told = trust.check(leaf.certificate, AT).revocation[0]
        assert (told.state, told.source) == (RevocationState.GOOD, Source.LIST)
    assert server.asked == ["/list"]
    server.list = server.top.revocation_list(
        {leaf.certificate.serial: AT - DAY}, this_update=AT + DAY, next_update=AT + 10 * DAY, number=2
    )
    clock.moment = AT + 2 * DAY
    with pytest.raises(CertificateRefused) as caught:
        trust.check(leaf.certificate, AT)
    assert caught.value.fault is CertificateFault.REVOKED
    assert server.asked == ["/list", "/list"]


def test_a_responder_is_asked_before_a_list_is_fetched(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),), ocsp_urls=(server.url("/ocsp"),))
    trust = trust_of(server, clock)
    server.statuses[leaf.certificate.serial] = None
    told = trust.check(leaf.certificate, AT).revocation[0]
    assert (told.state, told.source) == (RevocationState.GOOD, Source.ANSWER)
    assert server.asked == ["/ocsp"]
    # a responder that does not know it leaves it to the list
    other = server.top.issue("签名二", list_urls=(server.url("/list"),), ocsp_urls=(server.url("/ocsp"),))
    assert trust.check(other.certificate, AT).revocation[0].source is Source.LIST
    assert server.asked == ["/ocsp", "/ocsp", "/list"]


def test_a_responder_that_says_revoked_is_believed(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", ocsp_urls=(server.url("/ocsp"),))
    server.statuses[leaf.certificate.serial] = Revoked(AT - DAY)
    with pytest.raises(CertificateRefused):
        trust_of(server, clock).check(leaf.certificate, AT)


def test_a_number_that_must_be_repeated(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", ocsp_urls=(server.url("/ocsp"),))
    server.statuses[leaf.certificate.serial] = None
    assert trust_of(server, clock, nonce=True).check(leaf.certificate, AT).asked
    server.repeats = False
    with pytest.raises(RevocationUnknown, match="repeat"):
        trust_of(server, clock, nonce=True).check(leaf.certificate, AT)


def test_what_lists_and_answers_cover_is_not_fetched(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),))
    trust = Trust.of([server.top.raw], [server.list], fetch=Fetcher(Web(LOCAL), clock=clock))
    assert trust.check(leaf.certificate, AT).revocation[0].state is RevocationState.GOOD
    assert server.asked == []


@pytest.mark.parametrize("path", ["/absent", "/garbage", "/circle", "/away", "/drip"])
def test_a_server_that_fails_leaves_it_unknown_and_is_named(server: Server, clock: MovingClock, path: str) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url(path),))
    trust = trust_of(server, clock)
    begun = time.monotonic()
    for _ in range(2):
        with pytest.raises(RevocationUnknown, match=f"127.0.0.1:{server.port}{path}"):
            trust.check(leaf.certificate, AT)
    assert time.monotonic() - begun < 5
    # remembered for a minute, then tried again
    asked = len(server.asked)
    clock.moment += timedelta(seconds=61)
    with pytest.raises(RevocationUnknown):
        trust.check(leaf.certificate, AT)
    assert len(server.asked) == 2 * asked


def test_a_redirect_on_the_same_host_is_followed(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/moved"),))
    assert trust_of(server, clock).check(leaf.certificate, AT).asked


def test_a_list_of_another_authority_or_from_the_future_is_not_taken(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),))
    for wrong in (root("服务根").revocation_list(), server.top.revocation_list(this_update=AT + DAY)):
        server.list = wrong
        with pytest.raises(RevocationUnknown):
            trust_of(server, clock).check(leaf.certificate, AT)


def test_a_list_out_of_date_tells_of_its_own_time_only(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),))
    server.list = server.top.revocation_list(this_update=AT - DAY, next_update=AT + DAY)
    clock.moment = AT + 20 * DAY
    trust = trust_of(server, clock)
    assert trust.check(leaf.certificate, AT).revocation[0].state is RevocationState.GOOD
    with pytest.raises(RevocationUnknown):
        trust.check(leaf.certificate, AT + 10 * DAY)


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        ((), "names no address"),
        (("ldap://10.1.2.3:389/CN=crl1",), "LDAP"),
        (("ldaps://ca.example/CN=crl1",), "LDAP"),
        (("file:///etc/passwd",), "not one of http"),
        (("ftp://ca.example/a.crl",), "not one of http"),
        (("http:///nowhere",), "not one of http"),
        (("http://user:secret@ca.example/a.crl",), "password"),
        (("http://[::1/a.crl",), "cannot be read"),
        (("http://ca.example:99999/a.crl",), "cannot be read"),
    ],
)
def test_addresses_nobody_can_call_leave_it_unknown(
    server: Server, clock: MovingClock, addresses: tuple[str, ...], said: str
) -> None:
    leaf = server.top.issue("签名", list_urls=addresses)
    with pytest.raises(RevocationUnknown, match=said) as caught:
        trust_of(server, clock).check(leaf.certificate, AT)
    assert "secret" not in caught.value.message


def test_a_certificate_of_a_stranger_makes_the_hub_call_nobody(server: Server, clock: MovingClock) -> None:
    stranger = root("别人").issue("签名", list_urls=(server.url("/list"),), ocsp_urls=(server.url("/ocsp"),))
    with pytest.raises(CertificateRefused):
        trust_of(server, clock).check(stranger.certificate, AT)
    # nor one below an authority that was revoked
    between = server.top.authority("中级", list_urls=(server.url("/list"),))
    below = between.issue("签名", list_urls=(server.url("/garbage"),))
    server.list = server.top.revocation_list({between.certificate.serial: AT - DAY}, this_update=AT - DAY)
    with pytest.raises(CertificateRefused):
        trust_of(server, clock).check(below.certificate, AT, others=[between.certificate])
    assert server.asked == ["/list"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_called_unless_it_is_allowed(server: Server, host: str) -> None:
    with pytest.raises((AddressRefused, FetchFailed)):
        Web().get(server.url("/list", host), 1 << 20)
    assert server.asked == []
    assert Web(LOCAL).get(server.url("/list"), 1 << 20) == server.list


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
     "2002:a00:1::", "192.0.2.1", "198.18.0.1", "240.0.0.1"],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "202.96.134.133", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_a_name_is_called_at_the_address_that_was_looked_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for a public address first and for this machine afterwards."""
    looked_up = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        address = "192.0.2.7" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    connected: list[str] = []

    def connect(address: tuple[str, int], *_: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchFailed):
        Web(("192.0.2.0/24",)).get("http://rebound.example/list", 100)
    assert connected == ["192.0.2.7"]
    assert looked_up == ["rebound.example"]
    with pytest.raises(AddressRefused):
        Web(("192.0.2.0/24",)).get("http://rebound.example/list", 100)
    assert connected == ["192.0.2.7"]


def test_the_environments_proxy_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    assert Web(LOCAL).get(server.url("/list"), 1 << 20) == server.list


def test_size_is_bounded(server: Server) -> None:
    with pytest.raises(FetchFailed, match="more than 1000 bytes"):
        Web(LOCAL).get(server.url("/endless"), 1000)
    assert len(Web(LOCAL).get(server.url("/endless"), 200_000)) == 200_000


def test_what_was_fetched_outlives_the_process_and_is_checked_again(
    server: Server, clock: MovingClock, tmp_path: Path
) -> None:
    clock.moment = datetime.now(AT.tzinfo)
    server.list = server.top.revocation_list(this_update=clock.moment - DAY, next_update=clock.moment + 9 * DAY)
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),), not_after=clock.moment + 900 * DAY)
    for _ in range(2):
        assert trust_of(server, clock, folder=tmp_path / "kept").check(leaf.certificate, AT).asked
    assert server.asked == ["/list"]
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_bytes(root("服务根").revocation_list(this_update=clock.moment, next_update=clock.moment + DAY))
    assert trust_of(server, clock, folder=tmp_path / "kept").check(leaf.certificate, AT).asked
    assert server.asked == ["/list", "/list"]
    # a folder that cannot be written is no reason to judge nothing
    (tmp_path / "file").write_text("")
    assert trust_of(server, clock, folder=tmp_path / "file").check(leaf.certificate, AT).asked


def test_many_who_ask_at_once_cause_one_fetch(server: Server, clock: MovingClock) -> None:
    leaf = server.top.issue("签名", list_urls=(server.url("/list"),))
    trust = trust_of(server, clock)
    threads = [threading.Thread(target=trust.check, args=(leaf.certificate, AT)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert server.asked == ["/list"]


def test_over_tls_the_server_must_be_vouched_for(server: Server, tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key),
            "-out", str(certificate)]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.secure(context)
    address = server.url("/list", "localhost").replace("http:", "https:")
    assert Web(LOCAL, ca_file=str(certificate)).get(address, 1 << 20) == server.list
    with pytest.raises(FetchFailed, match="SSLError"):
        Web(LOCAL).get(address, 1 << 20)
    slow = address.replace("/list", "/drip")
    with pytest.raises(FetchFailed, match=r"time|longer"):
        Web(LOCAL, ca_file=str(certificate), total_seconds=0.5).get(slow, 1 << 20)
    with pytest.raises(AddressRefused):
        Web(ca_file=str(certificate)).get(address, 1 << 20)
