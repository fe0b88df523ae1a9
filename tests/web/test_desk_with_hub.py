"""Desk and terminal over the hub itself: people sign in, departments' real records answer, the log knows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.settings import Mode, Settings
from hub import sessions
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.sources import ACCEPT
from schemas.judge import restore
from store import records
from store.connection import fetch_all
from store.vault import make_keyring
from tests.departments import EVIDENCE, Departments
from tests.hub.access_files import HR, PASSWORD, write
from web.app import create_app

pytestmark = pytest.mark.world


@dataclass
class Counter:
    """A served hub whose departments have been read, and the companies in it."""

    settings: Settings
    browser: TestClient
    companies: dict[str, list[str]]

    def sign_in(self, account: str = "li") -> str:
        """The session's token for forms."""
        form = self.browser.get("/sign-in").text
        csrf = _token(form)
        sent = self.browser.post(
            "/sign-in", data={"csrf": csrf, "account": account, "password": PASSWORD, "onward": "/desk"}
        )
        assert (sent.status_code, sent.headers["location"]) == (303, "/desk")
        return _token(self.browser.get("/desk").text)

    def bodies(self) -> list[dict[str, Any]]:
        with open_hub(self.settings) as hub:
            rows = fetch_all(
                hub.connection, "select body from audit_entry e join log_waiting w on w.entry = e.id order by w.id"
            )
        return [json.loads(bytes(body)) for (body,) in rows]


def _token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found.group(1)


@pytest.fixture
def counter(database_url: str, tmp_path: Path, departments: Departments) -> Iterator[Counter]:
    make_keyring(tmp_path / "keys")
    write(tmp_path / "access.toml")
    settings = Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    departments.write_sources(settings.sources_file)
    with open_hub(settings) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
        companies = _companies(hub, departments)
    # Nobody is asked live here: what is stored answers.
    settings.sources_file.unlink()
    app = create_app(settings)
    yield Counter(settings, TestClient(app, base_url="http://127.0.0.1", follow_redirects=False), companies)
    for route in app.router.routes:
        assert route
    app.state.doors


def _companies(hub: Hub, departments: Departments) -> dict[str, list[str]]:
    """Verdict the sandbox was told to bring about to the credit codes of its applicants for the HR licence."""
    numbers: dict[str, str] = {}
    for stored in records.of_resource(hub.connection, hub.vault, ACCEPT):
        accept: Any = restore(ACCEPT, stored.payload)
        numbers[accept.project_no] = accept.applicant_number.number
    found: dict[str, list[str]] = {}
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row.get("approval") and row["item"] == HR:
                found.setdefault(row["verdict"], []).append(numbers[row["approval"]])
    return found


def test_a_clerk_signs_in_asks_for_a_real_company_and_hands_over(counter: Counter) -> None:
    csrf = counter.sign_in()
    number = counter.companies["issued"][0]
    form = {"csrf": csrf, "act": "ask", "item": HR, "purpose": "acceptance", "number": number, "case": "new"}
    sent = counter.browser.post("/desk", data=form)
    assert sent.status_code == 303, sent.text
    page = counter.browser.get(sent.headers["location"]).text
    assert f"{number[:6]}********{number[-4:]}" in page and number not in _outside_facts(page)
    case_no = re.search(r"YZ-\d{8}-\d{6}", page)
    assert case_no
    (body,) = counter.bodies()
    assert (body["user"], body["item"], body["purpose"], body["case"]) == ("li", HR, "acceptance", case_no.group())
    assert body["channel"] == "clerk"
    assert body["id"] in page
    left = re.findall(r'name="take-(M\d+)" value="later"', page)
    if left:
        place = sent.headers["location"]
        counter.browser.post(f"{place}/taken", data={"csrf": csrf} | {f"take-{code}": "later" for code in left})
        with open_hub(counter.settings) as hub:
            rows = fetch_all(hub.connection, "select case_no, material, way from case_material order by material")
        assert [tuple(row) for row in rows] == [(case_no.group(), code, "later") for code in sorted(left)]


def _outside_facts(page: str) -> str:
    """The page without the released fields, of which the credit code is one."""
    return re.sub(r'<dl class="facts">.*?</dl>', "", page, flags=re.S)


def test_a_case_of_another_applicant_is_refused_at_its_field_and_logged(counter: Counter) -> None:
    csrf = counter.sign_in()
    first, other = (counter.companies["issued"] + counter.companies.get("no_proof", []))[:2]
    form = {"csrf": csrf, "act": "ask", "item": HR, "purpose": "acceptance", "number": first, "case": "new"}
    page = counter.browser.get(counter.browser.post("/desk", data=form).headers["location"]).text
    case_no = re.search(r"YZ-\d{8}-\d{6}", page)
    assert case_no
    form |= {"number": other, "case": "existing", "case_no": case_no.group()}
    refused = counter.browser.post("/desk", data=form)
    assert refused.status_code == 409
    assert "HUB-865" in refused.text and 'href="#case_no"' in refused.text
    assert [body["refusal"] for body in counter.bodies()] == [None, "HUB-865"]


def test_an_answer_is_not_found_again_in_a_later_session_of_the_same_account(counter: Counter) -> None:
    csrf = counter.sign_in()
    number = counter.companies["issued"][0]
    form = {"csrf": csrf, "act": "ask", "item": HR, "purpose": "acceptance", "number": number, "case": "new"}
    place = counter.browser.post("/desk", data=form).headers["location"]
    assert counter.browser.get(place).status_code == 200
    counter.browser.post("/sign-out", data={"csrf": csrf})
    counter.sign_in()
    assert counter.browser.get(place).status_code == 410


def test_who_has_not_signed_in_is_sent_to_do_so_and_a_clerk_is_no_terminal(counter: Counter) -> None:
    sent = counter.browser.get("/desk")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Fdesk")
    counter.sign_in()
    page = counter.browser.get("/terminal")
    assert page.status_code == 401
    assert "HUB-870" in page.text and "请到窗口办理" in page.text


def test_an_account_for_one_item_is_offered_that_item_only(counter: Counter) -> None:
    counter.sign_in("narrow")
    page = counter.browser.get("/desk").text
    assert re.findall(r'name="pick" value="(\w+)"', page) == ["11420112MB0000000M3000199003000"]
    csrf = _token(page)
    form = {"csrf": csrf, "act": "ask", "item": HR, "purpose": "acceptance", "number": counter.companies["issued"][0]}
    refused = counter.browser.post("/desk", data=form)
    assert refused.status_code == 422
    assert "您没有查询该事项的权限" in refused.text


def test_a_registered_terminal_answers_the_holder_once(counter: Counter) -> None:
    with open_hub(counter.settings) as hub:
        ticket = sessions.ticket(hub, "T-1")
    begun = counter.browser.get(f"/sign-in/terminal?ticket={ticket}")
    assert begun.status_code == 303
    page = counter.browser.get("/terminal").text
    assert re.findall(r'href="/terminal/item/(\w+)"', page)
    assert "个人办理" in page and "单位办理" not in page  # citizens first
    csrf = _token(page)
    found = counter.browser.post("/terminal", data={"csrf": csrf, "search": "rlzyfw"}).text
    assert HR in found
    number = counter.companies["issued"][0]
    form = {"csrf": csrf, "item": HR, "number": number}
    absent = counter.browser.post("/terminal/ask", data=form)
    assert (absent.status_code, "HUB-892" in absent.text) == (422, True)
    sent = counter.browser.post("/terminal/ask", data=form | {"present": "true"})
    assert sent.headers["location"].startswith("/terminal/answer/"), counter.browser.get(sent.headers["location"]).text
    assert counter.browser.get(sent.headers["location"]).status_code == 200
    assert counter.browser.get(sent.headers["location"]).headers["location"] == "/terminal"
    (body,) = counter.bodies()
    assert (body["channel"], body["user"], body["purpose"], body["place"]) == (
        "terminal",
        "T-1",
        "self_service",
        "政务服务中心一楼",
    )
