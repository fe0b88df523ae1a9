"""Reading through the signed gateway while its rows change, against a small real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.declaration import Declaration
from connectors.endpoints import GatewayEndpoint
from connectors.port import CursorRefused, RawPage, SourceGarbled, SourceRefused
from connectors.registry import declaration
from connectors.rest_gateway import RestGateway, signature
from connectors.retrying import Patience
from tests.connectors.gateway import Gateway, running

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running(Gateway()) as started:
        yield started


def _declared(page_size: int = 3, per_second: float = 1000) -> Declaration:
    known = declaration("tax.registration")
    access = known.access.model_copy(update={"page_size": page_size, "requests_per_second": per_second})
    return known.model_copy(update={"access": access})


def _source(gateway: Gateway, **changes: float) -> RestGateway:
    declared = _declared(**changes)  # type: ignore[arg-type]
    return RestGateway(declared, gateway.endpoints().section("tax", GatewayEndpoint), patience=QUICK)


def _keys(source: RestGateway, pages: list[RawPage]) -> list[str]:
    return [record.fields["nsrsbh"] for page in pages for record in source.records(page)]


def test_the_signature_is_the_one_openssl_computes() -> None:
    # printf 'sidrid1700000000000' | openssl dgst -sha256 -hmac secret -binary | base64
    assert signature("sid", "rid", "1700000000000", "secret") == "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q="


def test_rows_of_one_second_that_fill_several_pages_come_once_each(gateway: Gateway) -> None:
    for number in range(10):
        gateway.add(f"K{number}", "2026-03-01 00:00:00")
    gateway.add("L0", "2026-03-01 00:00:01")
    source = _source(gateway)
    assert _keys(source, list(source.pages({}))) == [f"K{number}" for number in range(10)] + ["L0"]


@pytest.mark.parametrize("seconds", [1, 2, 4, 30])
def test_resuming_behind_any_page_gives_exactly_the_rest(gateway: Gateway, seconds: int) -> None:
    for number in range(20):
        gateway.add(f"K{number:02}", f"2026-03-01 00:00:{number * seconds // 30:02}")
    source = _source(gateway)
    pages = list(source.pages({}))
    assert len(_keys(source, pages)) == 20
    for place, page in enumerate(pages, 1):
        assert list(source.pages(page.next_cursor)) == pages[place:]
        assert source.count(page.next_cursor) == len(_keys(source, pages[place:]))


def test_what_was_read_to_the_end_gives_no_page_until_something_is_new(gateway: Gateway) -> None:
    for number in range(5):
        gateway.add(f"K{number}", "2026-03-01 00:00:00")
    source = _source(gateway)
    cursor = list(source.pages({}))[-1].next_cursor
    assert list(source.pages(cursor)) == []
    gateway.add("K9", "2026-03-01 00:00:00")
    assert _keys(source, list(source.pages(cursor))) == ["K9"]


def test_a_row_that_moves_to_the_end_while_we_page_shifts_no_other_out_of_sight(gateway: Gateway) -> None:
    for number in range(9):
        gateway.add(f"K{number}", f"2026-03-01 00:00:0{number}")
    source = _source(gateway)
    reading = source.pages({})
    pages = [next(reading)]
    gateway.rows[0]["update_time"] = "2026-03-02 00:00:00"
    pages += reading
    assert _keys(source, pages) == [*(f"K{number}" for number in range(9)), "K0"]


def test_a_row_that_leaves_its_second_while_that_second_is_paged_is_noticed(gateway: Gateway) -> None:
    for number in range(9):
        gateway.add(f"K{number}", "2026-03-01 00:00:00")
    source = _source(gateway)
    reading = source.pages({})
    pages = [next(reading)]
    gateway.rows[0]["update_time"] = "2026-03-02 00:00:00"
    pages += reading
    # K3 slid onto the page already read; the second is read again from its first page
    assert set(_keys(source, pages)) == {f"K{number}" for number in range(9)}


def test_a_total_that_shrinks_between_two_pages_is_garbled(gateway: Gateway) -> None:
    for number in range(9):
        gateway.add(f"K{number}", f"2026-03-01 00:00:0{number}")
    reading = _source(gateway).pages({})
    next(reading)
    del gateway.rows[-2:]
    with pytest.raises(SourceGarbled, match="the total changed: 7 rows were promised, now 5"):
        next(reading)


def test_the_page_before_sent_again_is_garbled_and_its_bytes_are_kept(gateway: Gateway) -> None:
    for number in range(9):
        gateway.add(f"K{number}", f"2026-03-01 00:00:0{number}")
    reading = _source(gateway).pages({})
    first = next(reading)
    gateway.before_answer = lambda _: first.body
    with pytest.raises(SourceGarbled, match="an earlier page again") as caught:
        next(reading)
    assert caught.value.body == first.body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "not an object"),
        (b'{"code":"200","data":{"rows":[]}}', "without rows and total"),
        (b'{"code":"200","data":{"rows":[],"total":3,"page":1,"size":3}}', "0 rows where 3 are declared"),
        (b'{"code":"200","data":{"rows":[],"total":0,"page":2,"size":3}}', "got another"),
        (b'{"code":"db-007","data":null}', "code db-007"),
        ('{"code":"张三","data":null}'.encode(), r"code \(unreadable\)"),
    ],
)
def test_an_answer_that_breaks_the_protocol_is_garbled(gateway: Gateway, body: bytes, reason: str) -> None:
    gateway.before_answer = lambda _: body
    with pytest.raises(SourceGarbled, match=reason):
        next(_source(gateway).pages({}))


def test_one_bad_answer_is_passed_over_in_silence(gateway: Gateway) -> None:
    gateway.add("K0", "2026-03-01 00:00:00")
    gateway.before_answer = lambda asked: b"<html>" if asked == 1 else None
    source = _source(gateway)
    assert _keys(source, list(source.pages({}))) == ["K0"]


def test_a_wrong_secret_is_refused_without_a_second_try(gateway: Gateway) -> None:
    endpoint = gateway.endpoints().section("tax", GatewayEndpoint)
    wrong = GatewayEndpoint.model_validate({**endpoint.model_dump(), "secret": "another"})
    with pytest.raises(SourceRefused, match=r"tax\.registration: .*api-401"):
        next(RestGateway(_declared(), wrong).pages({}))
    assert gateway.asked == []


def test_requests_keep_the_declared_distance(gateway: Gateway) -> None:
    for number in range(9):
        gateway.add(f"K{number}", f"2026-03-01 00:00:0{number}")
    list(_source(gateway, per_second=20).pages({}))
    gaps = [later - earlier for earlier, later in zip(gateway.at, gateway.at[1:], strict=False)]
    assert len(gaps) >= 3
    assert min(gaps) >= 0.045


def test_the_cursor_tells_nothing_of_the_rows_it_marks(gateway: Gateway) -> None:
    gateway.add("K0", "2026-03-01 00:00:00", sfzhm="110105194912310021")
    (page,) = _source(gateway).pages({})
    assert len(page.next_cursor["seen"]) == 1
    assert "K0" not in repr(page.next_cursor)
    assert "110105" not in repr(page)


def test_a_strange_cursor_is_refused_before_anything_is_asked(gateway: Gateway) -> None:
    with pytest.raises(CursorRefused, match="not one of the REST gateway"):
        next(_source(gateway).pages({"file": "x.csv"}))
    assert gateway.asked == []


def test_an_amount_keeps_its_digits(gateway: Gateway) -> None:
    body = (
        b'{"code":"200","data":{"total":1,"page":1,"size":3,"rows":'
        b'[{"nsrsbh":"K","update_time":"2026-03-01 00:00:00","sjje":0.10}]}}'
    )
    gateway.before_answer = lambda _: body
    source = _source(gateway)
    (page,) = source.pages({})
    assert page.body == body
    assert [record.fields["sjje"] for record in source.records(page)] == ["0.10"]


def self_signed(path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but itself vouches for, with its key, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of the test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def test_a_certificate_is_trusted_only_through_the_declared_ca(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "gateway.pem")
    with running(Gateway(), certificate) as gateway:
        gateway.add("K0", "2026-03-01 00:00:00")
        with pytest.raises(SourceRefused, match="certificate is not one we trust"):
            next(_source(gateway).pages({}))
        assert gateway.asked == []
        for ca_file, keys in ((str(certificate), ["K0"]), (str(tmp_path / "absent.pem"), None)):
            endpoint = gateway.endpoints(ca_file=ca_file).section("tax", GatewayEndpoint)
            source = RestGateway(_declared(), endpoint, patience=QUICK)
            if keys is None:
                with pytest.raises(SourceRefused, match="ca_file"):
                    next(source.pages({}))
            else:
                assert _keys(source, list(source.pages({}))) == keys
