"""The client of a timestamp authority, against the simulated one and against servers that misbehave in other ways."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from core.clock import FixedClock
from core.digest import sm3
from sandbox import tsa
from signing import oids
from signing.certificates import read_many
from signing.ec_key import certificate_der
from signing.errors import TimestampUnavailable
from signing.timestamp import Token
from signing.timestamp_checking import check_token
from signing.tsa import TimestampClient, WhenDown

DIGEST = hashlib.sha256(b"stamped").digest()


class Running:
    """The simulated authority, with its certificates."""

    def __init__(self, folder: Path) -> None:
        self.server = tsa.TimestampServer()
        self.keys = tsa.keys(folder)
        self.server.serve(self.keys)
        where = self.keys.described()
        self.sm2 = read_many(Path(where["certificate_file"]).read_bytes())[0].raw
        self.p256 = certificate_der(Path(where["certificate_file_p256"]).read_bytes())

    def order(self, kind: str | None, times: int = 1) -> None:
        requests.post(f"{self.server.admin_url}/_fault", json={"kind": kind, "times": times}, timeout=5)

    def client(self, **options: Any) -> TimestampClient:
        return TimestampClient(self.server.url, **options)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("tsa"))
    yield made
    made.server.stop()


@pytest.fixture
def authority(running: Running) -> Iterator[Running]:
    yield running
    running.order(None)


def test_a_token_over_a_signature_value_is_what_the_verifier_reads(authority: Running) -> None:
    client = authority.client(certificates=[authority.sm2, authority.p256])
    token = client(b"signature value")
    assert token is not None
    assert Token.check(token, b"signature value").signed.signer.raw == authority.sm2
    other = client.token_sha256(DIGEST)
    assert other is not None and check_token(other).certificate == authority.p256
    assert client.outage is None


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("down", "does not answer"),
        ("500", "HTTP 500"),
        ("garbage", "cut off; the structure was not read"),
        ("refused", "status 2"),
        ("wrong_nonce", "another request"),
        ("wrong_imprint", "something else"),
        ("wrong_signature", "does not verify"),
        ("late_clock", "set the clock"),
    ],
)
@pytest.mark.parametrize("hash_oid", [oids.SM3, oids.SHA256])
def test_every_wrong_answer_is_found_out(authority: Running, kind: str, told: str, hash_oid: str) -> None:
    client = authority.client()
    authority.order(kind)
    with pytest.raises(TimestampUnavailable, match=told):
        client.token(DIGEST, hash_oid)
    assert client.outage is not None and client.outage.missed == 1
    assert client.token(DIGEST, hash_oid), "the next answer is right"
    assert client.outage is None


def test_every_fault_of_the_simulated_authority_is_tried_here() -> None:
    tried = {"down", "500", "garbage", "refused", "wrong_nonce", "wrong_imprint", "wrong_signature", "late_clock"}
    assert tried | {"slow"} == set(tsa.FAULTS)


def test_a_slow_authority_costs_no_more_than_was_allowed(authority: Running) -> None:
    authority.order("slow")
    began = time.monotonic()
    with pytest.raises(TimestampUnavailable, match=r"ReadTimeout|ConnectionError"):
        authority.client(read_seconds=0.3)(b"x")
    assert time.monotonic() - began < 2


def test_another_authority_than_the_configured_one_is_refused(authority: Running) -> None:
    with pytest.raises(TimestampUnavailable, match="not the configured authority's"):
        authority.client(certificates=[authority.p256])(b"x")


def test_a_clock_that_is_wrong_here_is_found_out_too(authority: Running) -> None:
    for off, good in ((timedelta(minutes=4), True), (timedelta(minutes=6), False)):
        client = authority.client(clock=FixedClock(datetime.now(UTC) + off), when_down=WhenDown.MARK)
        assert (client(b"x") is not None) is good


def test_who_marks_goes_on_without_waiting_and_knows_since_when(authority: Running) -> None:
    client = authority.client(when_down=WhenDown.MARK, rest_seconds=0.4, read_seconds=0.3)
    authority.order("slow", times=2)
    began = time.monotonic()
    assert client(b"x") is None
    assert 0.25 < time.monotonic() - began < 1.5
    first = client.outage
    assert first is not None and first.missed == 1 and "ReadTimeout" in first.reason
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: client(b"x"), range(50))) == [None] * 50
    assert time.monotonic() - began < 0.2, "while it rests nobody waits"
    outage = client.outage
    assert outage is not None and (outage.missed, outage.since) == (51, first.since)
    authority.order(None)
    time.sleep(0.45)
    assert client(b"x") is not None and client.outage is None


def test_after_a_rest_one_caller_finds_out_and_the_others_do_not_wait(authority: Running) -> None:
    client = authority.client(when_down=WhenDown.MARK, rest_seconds=0.2, read_seconds=0.5)
    authority.order("down")
    assert client(b"x") is None
    authority.order("slow", times=9)
    time.sleep(0.25)
    took: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        assert client(b"x") is None
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(seconds > 0.4 for seconds in took) <= 2, took


def test_who_waits_asks_every_time(authority: Running) -> None:
    client = authority.client(rest_seconds=60)
    authority.order("500", times=2)
    for _ in range(2):
        with pytest.raises(TimestampUnavailable, match=r"HUB-314.*Nothing was stamped"):
            client(b"x")
    assert client(b"x")


def test_nobody_there_is_said_without_the_address_of_anything_else() -> None:
    with pytest.raises(TimestampUnavailable, match=r"127\.0\.0\.1:1 does not answer"):
        TimestampClient("http://127.0.0.1:1/tsa")(b"x")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/tsa", "ldap://host", "http://", "http://user:word@host/", "host/tsa"]
)
def test_only_http_addresses_without_a_name_in_them_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        TimestampClient(url)


@pytest.fixture
def rogue() -> Iterator[Callable[[Callable[[Any], None]], str]]:
    servers: list[http.server.ThreadingHTTPServer] = []

    def serve(answer: Callable[[Any], None]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None: ...

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads, server.block_on_close = True, False
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/tsa"

    yield serve
    for one in servers:
        one.shutdown()
        one.server_close()


def _head(handler: Any, status: int = 200, kind: str = "application/timestamp-reply", **more: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    for name, value in more.items():
        handler.send_header(name, value)
    handler.end_headers()


def test_a_redirection_is_not_followed(rogue: Any, authority: Running) -> None:
    url = rogue(lambda handler: _head(handler, 307, Location=authority.server.url))
    with pytest.raises(TimestampUnavailable, match="HTTP 307"):
        TimestampClient(url)(b"x")


def test_an_endless_answer_is_cut_off(rogue: Any) -> None:
    def flood(handler: Any) -> None:
        _head(handler)
        for _ in range(2000):
            handler.wfile.write(bytes(100_000))

    began = time.monotonic()
    with pytest.raises(TimestampUnavailable, match="too long"):
        TimestampClient(rogue(flood))(b"x")
    assert time.monotonic() - began < 2


def test_a_trickling_answer_is_cut_off(rogue: Any) -> None:
    def trickle(handler: Any) -> None:
        _head(handler)
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(TimestampUnavailable, match="takes too long"):
        TimestampClient(rogue(trickle), connect_seconds=0.3, read_seconds=0.3)(b"x")
    assert time.monotonic() - began < 2


def test_an_answer_that_breaks_off_is_no_answer(rogue: Any) -> None:
    def half(handler: Any) -> None:
        _head(handler, **{"Content-Length": "5000"})
        handler.wfile.write(bytes(100))

    with pytest.raises(TimestampUnavailable, match="does not answer"):
        TimestampClient(rogue(half))(b"x")


def test_a_page_is_no_token(rogue: Any) -> None:
    with pytest.raises(TimestampUnavailable, match="another kind"):
        TimestampClient(rogue(lambda handler: _head(handler, kind="text/html")))(b"x")


def test_an_imprint_of_the_wrong_length_is_the_callers_fault(authority: Running) -> None:
    client = authority.client(when_down=WhenDown.MARK)
    with pytest.raises(ValueError, match="no digest"):
        client.token(b"x", oids.SM3)
    assert client.outage is None and client.token(sm3(b"x"), oids.SM3)
