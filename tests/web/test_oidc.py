"""Staff sign in with an identity provider that runs beside the test, over HTTP; whatever it lies about is refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from core.settings import Mode
from hub.access_file import AccessFileBroken, read_access
from sandbox.oidc import Provider, ProviderServer
from tests.hub.access_files import access_text
from tests.web.conftest import Site

BACK = "http://127.0.0.1/sign-in/oidc/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider(client_id="hub-web", users={"u-1001": "staff password", "u-2002": "other"}, redirects=(BACK,))
    server = ProviderServer(made)
    server.start()
    yield made
    server.stop()


@pytest.fixture
def connected(site: Site, provider: Provider) -> Site:
    secret = provider.client_secret
    assert secret is not None
    (site.settings.home / "oidc.secret").write_text(secret)
    text = access_text() + (
        f'\n[[staff]]\nid = "zhao"\nname = "窗口赵"\norganisation = "bureau"\nroles = ["clerk"]\nsubject = "u-1001"\n'
        f'\n[provider]\nissuer = "{provider.issuer}"\nclient_id = "hub-web"\nsecret_file = "oidc.secret"\n'
    )
    site.settings.access_file.write_text(text, encoding="utf-8")
    site.app.state.doors.access.look()
    return site


def to_provider(browser: httpx.Client, onward: str = "") -> str:
    away = browser.get(f"/sign-in/oidc?next={onward}")
    assert away.status_code == 303
    return away.headers["location"]


def through(address: str, user: str = "u-1001", password: str = "staff password") -> httpx.Response:
    """What the person does at the provider's page."""
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(address)
        assert page.status_code == 200, page.text
        request = re.search(r'name="request" value="([^"]+)"', page.text)
        assert request
        form = {"request": request.group(1), "user": user, "password": password}
        return browser.post(str(page.url.join("/authorize")), data=form)


def sign_in(site: Site) -> tuple[httpx.Client, httpx.Response]:
    browser = site.browser()
    return browser, browser.get(through(to_provider(browser)).headers["location"])


def test_staff_sign_in_by_their_organisations_provider(connected: Site) -> None:
    browser = connected.browser()
    assert "/sign-in/oidc" in browser.get("/sign-in?next=/quarantine").text
    address = to_provider(browser, "/quarantine")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert asked["response_type"] == "code" and asked["redirect_uri"] == BACK
    assert asked["state"] != asked["nonce"]
    assert through(address, password="wrong").status_code == 401
    address = to_provider(browser, "/quarantine")
    back = browser.get(through(address).headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, "/quarantine")
    assert "窗口赵" in browser.get("/quarantine").text


def test_a_person_without_an_account_here_is_not_let_in(connected: Site) -> None:
    browser = connected.browser()
    back = browser.get(through(to_provider(browser), "u-2002", "other").headers["location"])
    assert (back.status_code, "HUB-879" in back.text, "hub" in browser.cookies) == (403, True, False)


def test_what_came_back_once_does_not_count_again_or_in_another_browser(connected: Site) -> None:
    browser, victim = connected.browser(), connected.browser()
    location = through(to_provider(browser)).headers["location"]
    to_provider(victim)  # has begun too
    for planted in (victim, connected.browser()):
        refused = planted.get(location)
        assert (refused.status_code, "hub" in planted.cookies) == (401, False)
    assert browser.get(location).status_code == 303
    again = connected.browser()
    assert again.get(location).status_code == 401
    assert browser.get(location).status_code == 401  # the secret in the cookie is gone


def test_a_code_does_not_fit_the_verifier_of_another_sign_in(connected: Site) -> None:
    """The code is stolen and put into an answer with the right state of the thief's own sign-in."""
    victim, thief = connected.browser(), connected.browser()
    stolen = parse_qs(urlsplit(through(to_provider(victim)).headers["location"]).query)["code"][0]
    own = urlsplit(through(to_provider(thief), "u-2002", "other").headers["location"])
    state = parse_qs(own.query)["state"][0]
    answer = thief.get(f"/sign-in/oidc/back?code={stolen}&state={state}")
    assert (answer.status_code, "hub" in thief.cookies) == (401, False)


LIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "no issuer": lambda claims: {name: value for name, value in claims.items() if name != "iss"},
    "another audience": lambda claims: claims | {"aud": "another-client"},
    "several audiences, another party": lambda claims: claims | {"aud": ["hub-web", "x"], "azp": "x"},
    "no audience": lambda claims: {name: value for name, value in claims.items() if name != "aud"},
    "ended": lambda claims: claims | {"exp": int(time.time()) - 120},
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "another nonce": lambda claims: claims | {"nonce": "x"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "unsigned": lambda claims: claims | {"alg": "none"},
    "signed by a shared secret": lambda claims: claims | {"alg": "HS256"},
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_an_id_token_that_is_not_as_it_must_be_lets_nobody_in(connected: Site, provider: Provider, lie: str) -> None:
    provider.spoil = LIES[lie]
    browser, back = sign_in(connected)
    assert (back.status_code, "HUB-877" in back.text, "hub" in browser.cookies) == (401, True, False)
    assert browser.get("/overview").status_code == 303


def test_an_id_token_signed_by_another_key_is_refused(connected: Site, provider: Provider) -> None:
    provider.signing_key = rsa.generate_private_key(65537, 2048)
    browser, back = sign_in(connected)
    assert (back.status_code, "hub" in browser.cookies) == (401, False)


def test_new_keys_of_the_provider_are_fetched_when_they_are_met(connected: Site, provider: Provider) -> None:
    assert sign_in(connected)[1].status_code == 303
    provider.key, provider.kid = rsa.generate_private_key(65537, 2048), "next"
    assert sign_in(connected)[1].status_code == 303


def test_an_answer_that_names_another_issuer_is_refused(connected: Site) -> None:
    browser = connected.browser()
    location = through(to_provider(browser)).headers["location"]
    assert browser.get(re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", location)).status_code == 401


def test_who_stops_at_the_provider_reads_what_to_do(connected: Site) -> None:
    browser = connected.browser()
    state = parse_qs(urlsplit(to_provider(browser)).query)["state"][0]
    answer = browser.get(f"/sign-in/oidc/back?error=access_denied&state={state}")
    assert answer.status_code == 401
    assert "请重新登录" in answer.text


def test_a_provider_that_does_not_answer_is_no_fault_of_the_visitors(connected: Site, provider: Provider) -> None:
    text = connected.settings.access_file.read_text(encoding="utf-8")
    connected.settings.access_file.write_text(text.replace(provider.issuer, "http://127.0.0.1:1"), encoding="utf-8")
    connected.app.state.doors.access.look()
    answer = connected.browser().get("/sign-in/oidc")
    assert (answer.status_code, "HUB-876" in answer.text) == (503, True)


def test_a_client_secret_that_is_wrong_gets_no_token(connected: Site, provider: Provider) -> None:
    (connected.settings.home / "oidc.secret").write_text("wrong")
    assert sign_in(connected)[1].status_code == 401


def test_an_account_of_the_provider_has_no_password_here(connected: Site) -> None:
    browser = connected.browser()
    page = browser.get("/sign-in").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    for password in ("", "staff password"):
        form = {"account": "zhao", "password": password, "csrf": token.group(1)}
        assert browser.post("/sign-in", data=form).status_code == 401


def test_production_takes_a_provider_by_https_only(connected: Site) -> None:
    text = 'provider = { issuer = "http://idp.example", client_id = "x" }\n'
    connected.settings.access_file.write_text(text, encoding="utf-8")
    with pytest.raises(AccessFileBroken, match="https"):
        read_access(connected.settings.access_file, Mode.PRODUCTION)
    assert read_access(connected.settings.access_file, replace(connected.settings).mode)
