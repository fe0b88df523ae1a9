"""Who is let in, for how long, and that neither a planted cookie nor another site's form gets anybody anywhere."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends

from core.settings import Mode
from hub import sessions
from hub.caller import Caller
from hub.collect import collect
from hub.context import open_hub
from store import records
from store.connection import connect, fetch_all
from tests.departments import Departments
from tests.hub.access_files import PASSWORD, access_text
from tests.web.conftest import Site
from web.app import create_app
from web.session import Somebody, Staff, Terminal, local_path, with_role


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found.group(1)


def sign_in(browser: httpx.Client, account: str = "li", password: str = PASSWORD, onward: str = "") -> httpx.Response:
    token = csrf(browser.get("/sign-in").text)
    form = {"account": account, "password": password, "onward": onward, "csrf": token}
    return browser.post("/sign-in", data=form)


def test_a_page_for_staff_sends_a_stranger_to_sign_in_and_brings_him_back(site: Site) -> None:
    browser = site.browser()
    away = browser.get("/quarantine?resource=tax.registration")
    assert away.status_code == 303
    assert away.headers["location"] == "/sign-in?next=%2Fquarantine%3Fresource%3Dtax.registration"
    page = browser.get(away.headers["location"]).text
    onward = re.search(r'name="onward" value="([^"]+)"', page)
    assert onward
    back = sign_in(browser, onward=onward.group(1))
    assert (back.status_code, back.headers["location"]) == (303, "/quarantine?resource=tax.registration")
    shown = browser.get("/quarantine")
    assert shown.status_code == 200
    assert "窗口李" in shown.text


@pytest.mark.parametrize("path", ["/overview", "/quarantine", "/api/sources", "/api/quarantine"])
def test_what_is_for_staff_is_refused_to_strangers(site: Site, path: str) -> None:
    answer = site.browser().get(path)
    if path.startswith("/api/"):
        assert (answer.status_code, answer.json()["code"]) == (401, "HUB-870")
    else:
        assert answer.status_code == 303
    part = site.browser().get(path, headers={"HX-Request": "true"})
    assert part.status_code == 401


@pytest.mark.parametrize("path", ["/", "/verify", "/health/live", "/health/ready", "/static/style.css", "/sign-in"])
def test_what_is_for_everybody_stays_so(site: Site, path: str) -> None:
    assert site.browser().get(path).status_code == 200


def test_a_wrong_account_and_a_wrong_password_get_the_same_answer(site: Site) -> None:
    browser = site.browser()
    answers = [sign_in(browser, "nobody"), sign_in(browser, "li", "wrong"), sign_in(browser, "T-1"), sign_in(browser)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 303]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers[:3]]
    assert texts[0] == texts[1] == texts[2]
    assert "HUB-869" in texts[0]


def test_after_ten_failures_even_the_right_password_waits_a_quarter_of_an_hour(site: Site) -> None:
    browser = site.browser()
    for _ in range(10):
        assert sign_in(browser, "li", "wrong").status_code == 401
    assert sign_in(browser).status_code == 429
    # the address waits as well, so that one machine cannot try a password on every account
    assert sign_in(site.browser(), "wang").status_code == 429
    site.clock.forward(minutes=15, seconds=1)
    assert sign_in(browser).status_code == 303


def test_the_cookie_is_out_of_scripts_reach_and_the_store_has_only_its_hash(site: Site) -> None:
    browser = site.browser()
    answer = sign_in(browser)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("hub=") and 'hub=""' not in one]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    value = browser.cookies["hub"]
    stored = rows(site, "select token, kind, account from web_session")
    assert [(bytes(token), kind, account) for token, kind, account in stored] == [
        (sessions.digest(value), "staff", "li")
    ]
    assert value.encode() not in bytes(stored[0][0])


def test_over_https_the_cookie_is_bound_to_the_host_and_secure(site: Site) -> None:
    browser = site.browser("https://127.0.0.1")
    cookies = sign_in(browser).headers.get_list("set-cookie")
    assert any(one.startswith("__Host-hub=") and "Secure" in one for one in cookies)
    assert not any(one.startswith("hub=") for one in cookies)


def test_a_planted_cookie_never_becomes_somebodys_session(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set("hub", "planted")
    sign_in(browser)
    assert browser.cookies.get("hub", domain="127.0.0.1") != "planted"
    other = site.browser()
    other.cookies.set("hub", "planted")
    assert other.get("/overview").status_code == 303


def test_signing_in_anew_ends_the_session_before(site: Site) -> None:
    browser = site.browser()
    sign_in(browser)
    old = browser.cookies["hub"]
    browser.cookies.delete("hub")
    page = browser.get("/sign-in").text
    form = {"account": "wang", "password": PASSWORD, "csrf": csrf(page)}
    browser.cookies.set("hub", old, domain="127.0.0.1")
    assert browser.post("/sign-in", data=form).status_code == 303
    assert [row[0] for row in rows(site, "select account from web_session")] == ["wang"]


def test_a_session_ends_after_half_an_hour_of_rest_and_after_ten_hours_whatever_is_done(site: Site) -> None:
    browser = site.browser()
    sign_in(browser)
    for _ in range(20):
        site.clock.forward(minutes=29)
        assert browser.get("/overview").status_code == 200
    site.clock.forward(minutes=21)
    assert browser.get("/overview").status_code == 303  # 10 hours and a minute
    sign_in(browser)
    site.clock.forward(minutes=30)
    assert browser.get("/overview").status_code == 303
    assert rows(site, "select count(*) from web_session") == [(0,)]


def test_signing_out_ends_it_in_the_store_and_needs_the_token(site: Site) -> None:
    browser = site.browser()
    sign_in(browser)
    page = browser.get("/overview").text
    kept = browser.cookies["hub"]
    assert browser.post("/sign-out").status_code == 403
    assert browser.get("/overview").status_code == 200
    assert browser.post("/sign-out", data={"csrf": csrf(page)}).headers["location"] == "/"
    browser.cookies.set("hub", kept, domain="127.0.0.1")
    assert browser.get("/overview").status_code == 303


def test_another_sites_form_signs_nobody_in(site: Site) -> None:
    form = {"account": "li", "password": PASSWORD}
    assert site.browser().post("/sign-in", data=form).status_code == 403
    theirs = csrf(site.browser().get("/sign-in").text)  # of the attacker's own browser
    victim = site.browser()
    victim.get("/sign-in")
    answer = victim.post("/sign-in", data=form | {"csrf": theirs})
    assert (answer.status_code, "hub" in victim.cookies) == (403, False)


def with_form(site: Site) -> Site:
    @site.app.post("/test/staff")
    async def act(caller: Staff) -> dict[str, str]:
        return {"account": caller.id}

    @site.app.get("/test/auditor")
    async def audit(caller: Annotated[Caller, Depends(with_role("auditor"))]) -> dict[str, str]:
        return {"account": caller.id}

    @site.app.get("/test/person")
    async def mine(somebody: Somebody) -> dict[str, str]:
        return {"kind": somebody.kind, "subject": somebody.subject.hex(), "label": somebody.label}

    @site.app.post("/test/terminal")
    async def kiosk(caller: Terminal) -> dict[str, Any]:
        return {"id": caller.id, "place": caller.place, "roles": sorted(caller.roles)}

    return site


def test_an_unsafe_call_without_the_sessions_own_token_is_refused(site: Site) -> None:
    browser, other = with_form(site).browser(), site.browser()
    sign_in(browser)
    sign_in(other, "wang")
    own, foreign = (csrf(one.get("/overview").text) for one in (browser, other))
    assert browser.post("/test/staff").status_code == 403
    assert browser.post("/test/staff", data={"csrf": foreign}).status_code == 403
    assert browser.post("/test/staff", headers={"X-CSRF-Token": foreign}).status_code == 403
    assert browser.post("/test/staff?csrf=" + own).status_code == 403  # never from the address
    assert browser.post("/test/staff", data={"csrf": own}).json() == {"account": "li"}
    assert browser.post("/test/staff", headers={"X-CSRF-Token": own}, json={}).json() == {"account": "li"}
    assert browser.post("/test/staff", files={"f": ("a", b"x")}, data={"csrf": own}).json() == {"account": "li"}


def test_every_unsafe_route_has_a_guard_or_is_known_to_need_none(site: Site) -> None:
    """A route added without one of these dependencies fails here."""
    public = {
        "/verify", "/api/verify", "/verify/number", "/api/check", "/sign-in", "/sign-in/person", "/sign-in/oidc",
        "/sign-out", "/oauth/token", "/pick-up",
    }  # fmt: skip
    # `sender` leaves the token to who reads the form, see test_archive_rights.
    guards = {"staff", "person", "terminal", "checked", "machine", "caller", "known_peer", "sender"}
    for route in site.app.routes:
        if not getattr(route, "methods", set()) & {"POST", "PUT", "PATCH", "DELETE"} or route.path in public:  # type: ignore[attr-defined]
            continue
        names = {call.__name__ for call in _calls(route.dependant)}  # type: ignore[attr-defined]
        assert names & guards, route.path  # type: ignore[attr-defined]


def _calls(dependant: Any) -> list[Any]:
    return [one.call for one in dependant.dependencies] + [c for one in dependant.dependencies for c in _calls(one)]


def test_a_role_somebody_has_not_is_refused_with_what_to_do(site: Site) -> None:
    browser = with_form(site).browser()
    sign_in(browser)
    answer = browser.get("/test/auditor")
    assert answer.status_code == 403
    assert "HUB-871" in answer.text and "系统管理员" in answer.text
    auditor = site.browser()
    sign_in(auditor, "auditor")
    assert auditor.get("/test/auditor").json() == {"account": "auditor"}


def test_an_account_taken_from_the_file_is_out_at_once(site: Site) -> None:
    browser = site.browser()
    sign_in(browser)
    site.settings.access_file.write_text(access_text().replace('id = "li"', 'id = "lin"'), encoding="utf-8")
    site.app.state.doors.access.look()
    assert browser.get("/overview").status_code == 303


def test_production_lets_no_password_in(site: Site) -> None:
    (site.settings.home / "access.toml").unlink()
    real = create_app(replace(site.settings, mode=Mode.PRODUCTION), clock=site.clock)
    # even if an entry with a password got past the file's own check
    real.state.doors.access._rules = site.app.state.doors.access.rules()
    browser = Site(real, site.settings, site.clock).browser("https://127.0.0.1")
    page = browser.get("/sign-in").text
    assert 'name="password"' not in page and "尚未配置统一身份认证" in page
    answer = browser.post("/sign-in", data={"account": "li", "password": PASSWORD, "csrf": csrf_cookie(browser)})
    assert answer.status_code == 401
    form = {"number": "110105194912310021", "name": "某某", "csrf": csrf_cookie(browser)}
    refused = browser.post("/sign-in/person", data=form)
    assert (refused.status_code, "HUB-868" in refused.text) == (403, True)


def csrf_cookie(browser: httpx.Client) -> str:
    return sessions.csrf_of(browser.cookies["__Host-hub-before"])


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/desk?item=1", "/desk?item=1"),
        ("", "/"),
        (None, "/"),
        ("desk", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/a b", "/"),
    ],
)
def test_after_signing_in_one_only_comes_to_our_own_pages(path: str | None, found: str) -> None:
    assert local_path(path) == found


def test_a_password_too_long_is_not_said_back(site: Site) -> None:
    browser = site.browser()
    form = {"account": "li", "password": "secret" * 100, "csrf": csrf(browser.get("/sign-in").text)}
    answer = browser.post("/sign-in", data=form)
    assert answer.status_code == 422
    assert "secret" not in answer.text


@pytest.fixture
def with_people(site: Site, departments: Departments) -> Site:
    departments.hand_out_again()
    departments.write_sources(site.settings.sources_file)
    with open_hub(site.settings) as hub:
        for resource in ("tax.registration", "police.household"):
            collect(hub, resource)
    return with_form(site)


def somebody(site: Site, resource: str, number: str, name: str) -> tuple[str, str]:
    from schemas.judge import restore

    with open_hub(site.settings) as hub:
        row = next(iter(records.of_resource(hub.connection, hub.vault, resource)))
        record: Any = restore(resource, row.payload)
        return getattr(record, number).text, str(getattr(record, name))


@pytest.mark.parametrize(
    ("resource", "number", "name", "kind"),
    [
        ("police.household", "citizen_id", "name", "citizen"),
        ("tax.registration", "credit_code", "legal_representative", "company"),
    ],
)
def test_a_person_gets_in_with_number_and_name_that_belong_together(
    with_people: Site, resource: str, number: str, name: str, kind: str
) -> None:
    site = with_people
    value, called = somebody(site, resource, number, name)
    browser = site.browser()
    token = csrf(browser.get("/sign-in/person?next=/my-data").text)
    wrong = browser.post("/sign-in/person", data={"number": value, "name": "别人", "csrf": token})
    assert (wrong.status_code, value in wrong.text, called in wrong.text) == (401, False, False)
    right = browser.post("/sign-in/person", data={"number": f" {value.lower()} ", "name": called, "csrf": token})
    assert (right.status_code, right.headers["location"]) == (303, "/my-data")
    seen = browser.get("/test/person").json()
    with open_hub(site.settings) as hub:
        assert seen == {
            "kind": kind, "subject": hub.subject(kind, value).hex(), "label": called[0] + "*" * (len(called) - 1),
        }  # fmt: skip
    dump = repr(rows(site, "select * from web_session"))
    assert value not in dump and called not in dump
    assert browser.get("/overview").status_code == 303  # no member of staff


def test_a_terminals_browser_begins_with_a_ticket_that_works_once_and_for_a_minute(site: Site) -> None:
    browser = with_form(site).browser()
    with open_hub(site.settings, site.clock) as hub:
        first, late, unknown = sessions.ticket(hub, "T-1"), sessions.ticket(hub, "T-1"), sessions.ticket(hub, "T-9")
    begun = browser.get(f"/sign-in/terminal?ticket={first}")
    assert (begun.status_code, begun.headers["location"]) == (303, "/terminal")
    token = sessions.csrf_of(browser.cookies["hub"])
    alone = browser.post("/test/terminal", data={"csrf": token}).json()
    assert alone == {"id": "T-1", "place": "政务服务中心一楼", "roles": []}
    present = browser.post("/test/terminal", data={"csrf": token, "present": "true"}).json()
    assert present["roles"] == ["holder_present"]
    assert browser.get("/overview").status_code == 303
    site.clock.forward(seconds=61)
    for spent in (first, late, unknown, "", "x" * 500):
        assert "hub" not in site.browser().get(f"/sign-in/terminal?ticket={spent}").cookies


def test_names_of_the_web_come_from_the_settings(site: Site) -> None:
    named = create_app(replace(site.settings, web_hosts=("hub.example.gov.cn",)), clock=site.clock)
    browser = Site(named, site.settings, site.clock).browser("http://hub.example.gov.cn")
    assert browser.get("/").status_code == 200
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_broken_access_file_shows_in_health_and_nobody_is_thrown_out(site: Site) -> None:
    browser = site.browser()
    sign_in(browser)
    site.settings.access_file.write_text("broken = ", encoding="utf-8")
    site.app.state.doors.access.look()
    assert browser.get("/health/ready").json() == {"status": "ok", "access": "HUB-860"}
    assert browser.get("/overview").status_code == 200


def test_a_broken_table_of_who_may_see_an_archive_shows_in_health(site: Site) -> None:
    table = site.settings.home / "retrieval-matrix.toml"
    table.write_text("rows = ", encoding="utf-8")
    told = site.browser().get("/health/ready").json()
    table.unlink()
    assert told == {"status": "ok", "retrieval": "HUB-747"}
    assert site.browser().get("/health/ready").json() == {"status": "ok"}


def rows(site: Site, sql: str) -> list[tuple[Any, ...]]:
    connection = connect(site.settings.database_url)
    try:
        return fetch_all(connection, sql)
    finally:
        connection.close()
