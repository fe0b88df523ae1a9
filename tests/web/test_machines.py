"""Partners get tokens, terminals sign; nothing sent twice, changed on the way or half signed is believed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from core.clock import SystemClock
from hub.caller import Caller
from tests.hub.access_files import PASSWORD, access_text
from tests.web.conftest import Site
from web.app import create_app
from web.session import Asker, Machine

SECRET = bytes.fromhex("ab" * 32)
COVERED = ("@method", "@authority", "@path", "@query", "x-holder-present")
URL = "http://127.0.0.1/test/machine"


def told(caller: Caller) -> dict[str, Any]:
    return {"kind": caller.kind.value, "id": caller.id, "place": caller.place, "roles": sorted(caller.roles)}


def with_routes(site: Site) -> Site:
    @site.app.post("/test/machine")
    async def machine(caller: Machine, sent: dict[str, Any]) -> dict[str, Any]:
        return told(caller) | {"sent": sent}

    @site.app.get("/test/either")
    async def either(caller: Asker) -> dict[str, Any]:
        return told(caller)

    return site


@pytest.fixture
def partnered(site: Site) -> Site:
    return with_routes(site)


@pytest.fixture
def signed(site: Site) -> Iterator[Site]:
    """With the true time: the library that verifies signatures asks no clock of ours."""
    yield with_routes(replace(site, app=create_app(site.settings, clock=SystemClock())))


def token(
    site: Site, client: str = "bank-1", secret: str = PASSWORD, grant: str = "client_credentials"
) -> httpx.Response:
    return site.browser().post("/oauth/token", data={"grant_type": grant}, auth=(client, secret))


def bearer(site: Site, value: str) -> httpx.Response:
    return site.browser().post("/test/machine", json={"a": 1}, headers={"Authorization": f"Bearer {value}"})


def test_a_partner_gets_a_token_for_ten_minutes(partnered: Site) -> None:
    answer = token(partnered)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 600)
    used = bearer(partnered, made["access_token"])
    assert used.json() == {"kind": "partner", "id": "bank-1", "place": None, "roles": ["archive"], "sent": {"a": 1}}
    partnered.clock.forward(minutes=9, seconds=59)
    assert bearer(partnered, made["access_token"]).status_code == 200
    partnered.clock.forward(seconds=1)  # also where this process still remembers it
    assert (ended := bearer(partnered, made["access_token"])).status_code == 401
    assert "HUB-874" in ended.text


@pytest.mark.parametrize(
    ("client", "secret", "grant", "status", "error"),
    [
        ("bank-1", "wrong", "client_credentials", 401, "invalid_client"),
        ("nobody", PASSWORD, "client_credentials", 401, "invalid_client"),
        ("li", PASSWORD, "client_credentials", 401, "invalid_client"),  # a person's account is no client
        ("", "", "client_credentials", 401, "invalid_client"),
        ("bank-1", PASSWORD, "password", 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_get_no_token(
    partnered: Site, client: str, secret: str, grant: str, status: int, error: str
) -> None:
    answer = token(partnered, client, secret, grant)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("header", ["Basic ???", "Basic " + b64encode(b"\xff\xfe").decode(), "Digest x", "Basic"])
def test_a_header_that_is_none_gets_no_token(partnered: Site, header: str) -> None:
    answer = partnered.browser().post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert answer.status_code == 401


def test_a_secret_cannot_be_tried_out(partnered: Site) -> None:
    for _ in range(10):
        assert token(partnered, secret="wrong").status_code == 401
    assert token(partnered).status_code == 429


@pytest.mark.parametrize("value", ["", "nonsense", "x" * 1000, "ab cd"])
def test_a_token_nobody_gave_is_refused(partnered: Site, value: str) -> None:
    assert bearer(partnered, value).status_code == 401


def test_a_partner_taken_from_the_file_is_out_at_once(partnered: Site) -> None:
    made = token(partnered).json()["access_token"]
    assert bearer(partnered, made).status_code == 200
    partnered.settings.access_file.write_text(access_text().replace('id = "bank-1"', 'id = "bank-2"'), encoding="utf-8")
    partnered.app.state.doors.access.look()
    assert bearer(partnered, made).status_code == 401


def test_the_store_has_only_the_tokens_hash(partnered: Site) -> None:
    from store.connection import connect, fetch_all

    made = token(partnered).json()["access_token"]
    connection = connect(partnered.settings.database_url)
    assert made.encode() not in bytes(fetch_all(connection, "select token from machine_token")[0][0])
    connection.close()


def test_partner_or_staff_see_how_sources_stand(partnered: Site) -> None:
    made = token(partnered).json()["access_token"]
    browser = partnered.browser()
    assert browser.get("/api/sources", headers={"Authorization": f"Bearer {made}"}).status_code == 200
    refused = browser.get("/api/sources")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="hub"')
    assert browser.get("/test/either", headers={"Authorization": f"Bearer {made}"}).json()["id"] == "bank-1"


@dataclass
class Terminal:
    """A terminal as its maker would write it, by the library's own signer."""

    number: str = "T-1"
    key: Any = SECRET
    algorithm: Any = algorithms.HMAC_SHA256

    def request(
        self,
        *,
        covered: tuple[str, ...] = COVERED,
        nonce: str | None = "0123456789abcdef",
        created: datetime | None = None,
        expires: datetime | None = None,
        present: str = "true",
        digest: bool = True,
        url: str = URL,
    ) -> httpx.Request:
        request = httpx.Request("POST", url, json={"a": 1}, headers={"X-Holder-Present": present})
        keys = MappingKeyResolver(public_keys={}, private_keys={self.number: self.key})
        signer = HTTPMessageSigner(signature_algorithm=self.algorithm, key_resolver=keys)
        signer.sign(
            request, key_id=self.number, created=created or datetime.now(UTC), expires=expires, nonce=nonce,
            covered_component_ids=covered, body=request.content if digest else None,
        )  # fmt: skip
        return request


def test_a_signed_request_of_a_terminal_is_taken_with_the_holders_presence(signed: Site) -> None:
    answer = signed.browser().send(Terminal().request())
    assert answer.json() == {
        "kind": "terminal", "id": "T-1", "place": "政务服务中心一楼", "roles": ["holder_present"], "sent": {"a": 1},
    }  # fmt: skip


def test_without_the_header_nobody_is_present(signed: Site) -> None:
    assert signed.browser().send(Terminal().request(present="false")).json()["roles"] == []


def test_the_same_request_sent_again_is_refused(signed: Site) -> None:
    browser, request = signed.browser(), Terminal().request()
    assert browser.send(request).status_code == 200
    again = browser.send(request)
    assert (again.status_code, "HUB-875" in again.text) == (401, True)
    # by another process of the same hub as well
    other = with_routes(replace(signed, app=create_app(signed.settings)))
    assert other.browser().send(request).status_code == 401


def test_a_changed_body_path_or_header_is_refused(signed: Site) -> None:
    browser = signed.browser()
    for name, value in (("X-Holder-Present", "maybe"), ("Content-Digest", "sha-256=:AAAA:"), ("Host", "localhost")):
        request = Terminal().request()
        request.headers[name] = value
        assert browser.send(request).status_code == 401, name
    request = Terminal().request()
    changed = httpx.Request("POST", URL, headers=request.headers, content=b'{"a":2}')
    assert browser.send(changed).status_code == 401
    moved = httpx.Request("POST", URL + "?x=1", headers=request.headers, content=request.content)
    assert browser.send(moved).status_code == 401


def test_what_is_not_covered_is_not_believed(signed: Site) -> None:
    browser = signed.browser()
    for left_out in COVERED:
        covered = tuple(one for one in COVERED if one != left_out)
        assert browser.send(Terminal().request(covered=covered)).status_code == 401, left_out
    assert browser.send(Terminal().request(digest=False)).status_code == 401


@pytest.mark.parametrize(
    "parts",
    [
        {"nonce": None},
        {"nonce": "short"},
        {"nonce": "x" * 129},
        {"created": timedelta(minutes=-3)},
        {"created": timedelta(minutes=3)},
        {"expires": timedelta(minutes=-1)},
    ],
)
def test_a_signature_without_nonce_too_old_or_from_the_future_is_refused(signed: Site, parts: dict[str, Any]) -> None:
    # from when the test runs, not from when its file was read
    now = datetime.now(UTC)
    dated = {name: now + part if isinstance(part, timedelta) else part for name, part in parts.items()}
    assert signed.browser().send(Terminal().request(**dated)).status_code == 401


@pytest.mark.parametrize(
    "terminal",
    [
        Terminal(key=bytes(32)),
        Terminal(number="T-9"),
        Terminal(number="li"),
        Terminal(key=Ed25519PrivateKey.generate(), algorithm=algorithms.ED25519),
    ],
)
def test_another_key_another_terminal_or_another_algorithm_is_refused(signed: Site, terminal: Terminal) -> None:
    assert signed.browser().send(terminal.request()).status_code == 401


@pytest.mark.parametrize("value", ["", "x", 'sig=("@method");keyid="T-1"', "sig=(((", "\xff", "a=" * 5000])
def test_a_signature_that_cannot_be_read_is_refused(signed: Site, value: str) -> None:
    answer = signed.browser().post(
        "/test/machine", json={}, headers=[(b"Signature-Input", value.encode("latin-1")), (b"Signature", b"sig=:AAAA:")]
    )
    assert answer.status_code == 401


def test_a_terminal_asks_for_the_address_where_its_browser_begins(signed: Site) -> None:
    address = "http://127.0.0.1/api/terminal/ticket"
    answer = signed.browser().send(Terminal().request(url=address))
    begun = signed.browser().get(answer.json()["address"])
    assert (begun.status_code, begun.headers["location"]) == (303, "/terminal")
    bank = token(signed).json()["access_token"]
    assert signed.browser().post(address, headers={"Authorization": f"Bearer {bank}"}).status_code == 401


def test_a_terminal_may_sign_with_a_key_that_only_it_has(signed: Site) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (signed.settings.home / "t1.pem").write_bytes(pem)
    text = access_text().replace('"hmac-sha256"', '"ed25519"').replace("t1.key", "t1.pem")
    signed.settings.access_file.write_text(text, encoding="utf-8")
    signed.app.state.doors.access.look()
    terminal = Terminal(key=private, algorithm=algorithms.ED25519)
    assert signed.browser().send(terminal.request()).json()["id"] == "T-1"
    # the public key, which is no secret, is no HMAC secret either
    forged = Terminal(key=pem)
    assert signed.browser().send(forged.request(nonce="another nonce 16")).status_code == 401
