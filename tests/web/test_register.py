"""The register for everybody: months, proofs, the status list for caches; one state for who has the right."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from hub import licence_register, log_proofs, status_list
from hub.context import open_hub
from hub.log_heads import from_dict
from hub.pool import HubPool
from hub.register_months import publish
from hub.status_keeper import StatusKeeper
from hub.status_reading import StatusList
from hub.trust import trust_of
from schemas.licence_life import Step
from store.licences import LicenceVersion
from tests.hub.access_files import PASSWORD
from tests.hub.registers import issued, next_version, step
from tests.preparing import prepare
from tests.web.conftest import Site

LIST = "/api/status-list"


@pytest.fixture
def registered(site: Site) -> tuple[Site, list[LicenceVersion]]:
    """Three licences: in force, revoked, in its second version; the register of October is published."""
    prepare(site.settings, site.clock)
    with open_hub(site.settings, site.clock) as hub:
        made = issued(hub, 3)
        step(hub, made[1], Step.REVOKE)
        next_version(hub, made[2])
        publish(hub)
        status_list.make(hub)
    return site, made


def bearer(site: Site) -> dict[str, str]:
    sent = {"grant_type": "client_credentials"}
    told = site.browser().post("/oauth/token", data=sent, auth=("bank-1", PASSWORD)).json()
    return {"Authorization": f"Bearer {told['access_token']}"}


def test_a_month_is_downloaded_and_proved_to_hold_with_what_the_web_gives(
    registered: tuple[Site, list[LicenceVersion]],
) -> None:
    site, made = registered
    browser = site.browser()
    page = browser.get("/register")
    assert page.status_code == 200 and "2026-10" in page.text and "/register/2026-10.ofd" in page.text
    assert all(version.number not in page.text for version in made)
    (month,) = browser.get("/api/register/months").json()
    notice, head = browser.get(month["notice"]), browser.get(month["head_file"])
    assert notice.headers["content-type"] == "application/ofd" and notice.content.startswith(b"PK")
    assert 'filename="register-2026-10.ofd"' in notice.headers["content-disposition"]
    with open_hub(site.settings, site.clock) as hub:
        issued(hub, 1, first=9)
        licence_register.seal_head(hub)
    proof = browser.get(f"/api/register/consistency?first={month['head']}").json()
    shown = log_proofs.check(
        proof, trust_of(site.settings), at=site.clock.now(), known=from_dict(json.loads(head.content))
    )
    assert shown.log == "register" and shown.head is not None and shown.head.size == 6
    assert browser.get("/register/2026-11.ofd").status_code == 404
    assert browser.get("/register/..%2f..%2fkeys.json").status_code == 404
    assert browser.get("/api/register/head").json()["type"] == "head"


def test_a_register_without_a_month_says_when_there_will_be_one(site: Site) -> None:
    page = site.browser().get("/register")
    assert page.status_code == 200 and "每月 1 日公布" in page.text
    assert site.browser().get("/api/register/months").json() == []


def test_the_status_list_may_be_kept_and_is_asked_for_again_cheaply(
    registered: tuple[Site, list[LicenceVersion]],
) -> None:
    site, made = registered
    browser = site.browser()
    found = browser.get(LIST)
    assert found.status_code == 200 and found.headers["content-type"] == "application/json"
    assert found.headers["cache-control"] == "public, max-age=300"
    assert found.headers["last-modified"] == "Fri, 20 Nov 2026 01:00:00 GMT"
    assert found.headers["x-content-type-options"] == "nosniff"
    read = StatusList.read(found.content)
    assert [read.slot(version.status_index or 0).name for version in made] == ["VALID", "REVOKED", "SUPERSEDED"]
    tag = found.headers["etag"]
    for condition in (
        {"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'},
        {"If-Modified-Since": found.headers["last-modified"]},
    ):  # fmt: skip
        again = browser.get(LIST, headers=condition)
        assert (again.status_code, again.content) == (304, b""), condition
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "public, max-age=300")
    for condition in (
        {"If-None-Match": '"x"', "If-Modified-Since": found.headers["last-modified"]}, {"If-Modified-Since": "rubbish"},
        {"If-Modified-Since": "Thu, 19 Nov 2026 01:00:00 GMT"},
    ):  # fmt: skip
        assert browser.get(LIST, headers=condition).status_code == 200, condition
    site.clock.forward(hours=23, minutes=59)
    assert browser.get(LIST).headers["cache-control"] == "public, max-age=60"
    site.clock.forward(minutes=2)
    stale = browser.get(LIST)
    assert (stale.status_code, stale.json()["code"]) == (503, "HUB-922")
    assert stale.headers["cache-control"] == "no-store"


def test_only_the_status_list_may_be_kept(registered: tuple[Site, list[LicenceVersion]]) -> None:
    browser = registered[0].browser()
    for path in ("/register", "/api/register/months", "/register/2026-10.ofd", "/api/register/head", f"{LIST}/", "/"):
        assert browser.get(path).headers["cache-control"] == "no-store", path


def test_a_hub_without_a_list_says_so_and_one_that_is_damaged_is_not_given_out(site: Site) -> None:
    assert site.browser().get(LIST).json()["code"] == "HUB-925"
    path = status_list.path_of(site.settings)
    path.parent.mkdir()
    path.write_text("{}")
    answer = site.browser().get(LIST)
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")


def test_a_partner_with_the_right_is_told_how_a_document_stands(registered: tuple[Site, list[LicenceVersion]]) -> None:
    site, (good, revoked, old) = registered
    browser, headers = site.browser(), bearer(site)

    def asked(identifier: str) -> dict[str, object]:
        answer = browser.get("/api/licences/status", params={"licence": identifier}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    told = asked(good.identifier)
    assert (told["state"], told["licence_status"], told["licence_status_zh"]) == ("valid", "valid", "有效")
    assert (told["number"], told["valid_until"], told["superseded_by"]) == ("T-00001", "2031-11-19", None)
    told = asked(revoked.identifier)
    assert (told["state"], told["licence_status"], told["since"]) == ("revoked", "revoked", "2026-11-20")
    told = asked(old.identifier)
    assert (told["state"], told["licence_status"], told["superseded_by"]) == ("superseded", "valid", "T-00003-2")
    assert set(told) & {"holder", "facts", "token"} == set()


def test_whoever_has_no_right_is_refused_and_what_is_unknown_has_one_answer(
    registered: tuple[Site, list[LicenceVersion]],
) -> None:
    site, (good, *_) = registered
    browser, headers = site.browser(), bearer(site)
    answers = [
        browser.get("/api/licences/status", params={"licence": asked}, headers=headers)
        for asked in ("T-00009-1", "1.2.156.3005.2.x", "' or 1=1", "\0", "")
    ]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
    params = {"licence": good.identifier}
    assert browser.get("/api/licences/status", params=params).status_code == 401
    assert site.browser().get("/api/licences/status", params={}, headers=headers).status_code == 422
    site.clock.forward(days=50)
    late = browser.get("/api/licences/status", params=params, headers=bearer(site))
    assert (late.status_code, late.json()["code"]) == (403, "HUB-861")


def test_the_web_process_makes_the_list_anew_soon_after_a_change(
    registered: tuple[Site, list[LicenceVersion]],
) -> None:
    site, (good, *_) = registered
    pool = HubPool(site.settings, clock=site.clock)
    keeper = StatusKeeper(pool.hub, every=0.02)
    keeper.start()
    with open_hub(site.settings, site.clock) as hub:
        step(hub, good, Step.SUSPEND)
    _until(lambda: _slot(site, good) == "SUSPENDED")
    keeper.stop()
    keeper.stop()
    pool.close()


def test_a_keeper_that_cannot_work_says_so_and_goes_on(
    registered: tuple[Site, list[LicenceVersion]], caplog: pytest.LogCaptureFixture
) -> None:
    site, (good, *_) = registered
    with open_hub(site.settings, site.clock) as hub:
        step(hub, good, Step.SUSPEND)
    key = site.settings.keys / "demo" / "passphrase"
    hidden = key.rename(key.with_name("hidden"))
    pool = HubPool(site.settings, clock=site.clock)
    keeper = StatusKeeper(pool.hub, every=0.02)
    keeper.start()
    _until(lambda: "the status list is not made anew: HUB-" in caplog.text)
    hidden.rename(key)
    _until(lambda: _slot(site, good) == "SUSPENDED" and "made again" in caplog.text)
    keeper.stop()
    pool.close()
    assert caplog.text.count("not made anew") == 1


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _slot(site: Site, version: LicenceVersion) -> str:
    read = status_list.current(site.settings)
    assert read is not None
    return read.slot(version.status_index or 0).name
