"""A partner asks about a company; the company sees it, proves it, reports it, and doubts a record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from core.settings import Settings
from hub import audit, my_data
from hub.collect import collect
from hub.context import open_hub
from schemas.judge import restore
from store import records, reports
from store.connection import fetch_all, transaction
from tests.departments import Departments
from tests.hub.access_files import HR, PASSWORD
from tests.web.conftest import Site
from web.app import create_app


@pytest.fixture
def collected(site: Site, departments: Departments) -> Site:
    departments.write_sources(site.settings.sources_file)
    with open_hub(site.settings) as hub:
        for resource in ("tax.registration", "market.entity", "hr.insurance", "hr.vocational"):
            collect(hub, resource)
    return Site(create_app(site.settings, clock=site.clock), site.settings, site.clock)


@pytest.fixture
def company(collected: Site) -> dict[str, str]:
    """Number, representative and name of a company the tax service knows."""
    with open_hub(collected.settings) as hub:
        for row in records.of_resource(hub.connection, hub.vault, "tax.registration"):
            record: Any = restore("tax.registration", row.payload)
            if record.credit_code is not None and record.state.value == "正常":
                return {
                    "code": record.credit_code.text,
                    "representative": record.legal_representative,
                    "name": record.taxpayer_name,
                }
    raise AssertionError("the sandbox has no such company")


@pytest.fixture
def partner(collected: Site) -> Iterator[TestClient]:
    """The bank's system, with its token."""
    with TestClient(collected.app, base_url="http://127.0.0.1") as browser:
        answer = browser.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("bank-1", PASSWORD))
        browser.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield browser


def ask(partner: httpx.Client, number: str, case: str | None, purpose: str = "follow_up") -> httpx.Response:
    body = {"item": HR, "identifier": number, "purpose": purpose, "case_no": case}
    return partner.post("/api/lookup", json=body)


def opened(partner: httpx.Client, number: str) -> str:
    answer = partner.post("/api/cases", json={"item": HR, "identifier": number})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_no"])


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found.group(1)


def signed_in(site: Site, company: dict[str, str]) -> TestClient:
    browser = site.browser()
    form = {"number": company["code"], "name": company["representative"]}
    page = browser.get("/sign-in/person?next=/my-data").text
    answer = browser.post("/sign-in/person", data={**form, "csrf": csrf(page)})
    assert answer.status_code == 303, answer.text
    return browser


def test_a_partner_gets_just_the_fields_it_was_granted(partner: TestClient, company: dict[str, str]) -> None:
    answer = ask(partner, company["code"], opened(partner, company["code"]))
    assert answer.status_code == 200
    said = answer.json()
    facts = {fact["field"]: fact["text"] for material in said["materials"] for fact in material["facts"]}
    assert facts == {"taxpayer_name": company["name"], "state": "正常"}
    hidden = [material for material in said["materials"] if material["reason"] == "no_right"]
    assert {material["code"] for material in hidden} <= {"M2", "M3"}
    assert company["code"] not in json.dumps(said["subject"])


def test_without_a_case_or_for_another_purpose_nothing_is_said(
    partner: TestClient, collected: Site, company: dict[str, str]
) -> None:
    case = opened(partner, company["code"])
    refused = [
        ask(partner, company["code"], None),
        ask(partner, company["code"], "YZ-20200101-000001"),
        ask(partner, company["code"], case, purpose="acceptance"),
        ask(partner, company["code"][:-1] + "*", case),
    ]
    assert [answer.status_code for answer in refused] == [422, 404, 403, 422]
    assert all(company["code"] not in answer.text for answer in refused)
    with open_hub(collected.settings) as hub:
        outcomes = fetch_all(hub.connection, "select outcome, count(*) from audit_entry group by 1")
    assert outcomes == [("refused", 4)]


def test_five_lookups_a_day_are_five(partner: TestClient, company: dict[str, str]) -> None:
    case = opened(partner, company["code"])
    codes = [ask(partner, company["code"], case).status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2


def test_the_company_sees_who_looked_and_proves_it(
    partner: TestClient, collected: Site, company: dict[str, str]
) -> None:
    case = opened(partner, company["code"])
    entry = ask(partner, company["code"], case).json()["entry"]
    ask(partner, company["code"], "YZ-20200101-000001")
    with open_hub(collected.settings) as hub:
        audit.sequence(hub)
    page = signed_in(collected, company).get("/my-data")
    assert page.status_code == 200
    assert page.text.count("某银行") == 2
    assert "纳税人名称" in page.text and case in page.text and "已拒绝" in page.text
    browser = signed_in(collected, company)
    proof = browser.get(f"/my-data/proof/{entry}.json")
    assert proof.json()["entry"] == entry
    assert proof.json()["path"] is not None
    assert entry in browser.get(f"/my-data/proof/{entry}").text
    assert partner.get(f"/api/audit/inclusion/{entry}").json()["leaf"] == proof.json()["leaf"]
    assert browser.get("/my-data/proof/018f0000-0000-7000-8000-000000000000").status_code == 404


def test_a_lookup_is_reported_once_and_answered(partner: TestClient, collected: Site, company: dict[str, str]) -> None:
    entry = ask(partner, company["code"], opened(partner, company["code"])).json()["entry"]
    browser = signed_in(collected, company)
    form = {"entry": entry, "statement": "我们没有在这家银行开户", "csrf": csrf(browser.get("/my-data").text)}
    assert browser.post("/my-data/report", data=form).headers["location"] == "/my-data?done=report"
    with open_hub(collected.settings) as hub:
        (waiting,) = reports.unanswered(hub.connection, hub.vault)
        assert (waiting.log_entry, waiting.statement) == (entry, "我们没有在这家银行开户")
        now = hub.clock.now()
        reports.answer(hub.connection, hub.vault, waiting.id, words="已核实，系误查", who="auditor", now=now)
    page = browser.get("/my-data").text
    assert "您已反映" in page and "已核实，系误查" in page
    other = {**form, "entry": "018f0000-0000-7000-8000-000000000000"}
    assert browser.post("/my-data/report", data=other).status_code == 404
    assert browser.post("/my-data/report", data={**form, "csrf": "x"}).status_code == 403


def test_a_record_is_doubted_and_goes_to_its_department(collected: Site, company: dict[str, str]) -> None:
    browser = signed_in(collected, company)
    page = browser.get("/my-data").text
    assert "税务 · 税务登记信息" in page and company["name"] in page
    key = re.search(
        r'name="resource" value="tax.registration"><input type="hidden" name="key" value="([0-9a-f]+)"', page
    )
    assert key
    form = {
        "resource": "tax.registration", "key": key.group(1), "field": "address", "statement": "地址已经搬迁",
        "csrf": csrf(page),
    }  # fmt: skip
    assert browser.post("/my-data/doubt", data=form).status_code == 303
    page = browser.get("/my-data?done=doubt").text
    assert "更正申请已提交" in page and "地址已经搬迁" in page and "部门核实中" in page
    with open_hub(collected.settings) as hub:
        rows = fetch_all(hub.connection, "select reasons, doubted, state from quarantine where doubted")
    assert [(row[0][0]["code"], row[0][0]["field"], row[2]) for row in rows] == [("R-080", "address", "open")]
    assert browser.post("/my-data/doubt", data={**form, "key": "00"}).status_code == 404
    assert browser.post("/my-data/doubt", data={**form, "statement": " "}).status_code == 422
    assert browser.post("/my-data/doubt", data={**form, "field": "no_such"}).status_code == 404


def test_the_legal_representative_sees_only_what_is_his(
    partner: TestClient, collected: Site, company: dict[str, str]
) -> None:
    """The bank saw fields of the company only: of the representative it looked, and got nothing."""
    ask(partner, company["code"], opened(partner, company["code"]))
    with open_hub(collected.settings) as hub:
        with transaction(hub.connection) as cursor:
            cursor.execute("select distinct subject from audit_about a where part > 0")
            others = [bytes(row[0]) for row in cursor]
        for other in others:
            (seen,) = my_data.looked(hub, other)
            assert seen.facts == ()


def test_looking_at_ones_own_data_is_logged_too(collected: Site, company: dict[str, str]) -> None:
    signed_in(collected, company).get("/my-data")
    with open_hub(collected.settings) as hub:
        rows = fetch_all(hub.connection, "select channel, outcome from audit_entry")
    assert rows == [("person", "complete")]


@pytest.mark.parametrize("path", ["/my-data", "/my-data/proof/018f0000-0000-7000-8000-000000000000"])
def test_a_stranger_is_sent_to_sign_in(site: Site, path: str) -> None:
    answer = site.browser().get(path)
    assert (answer.status_code, answer.headers["location"].startswith("/sign-in/person")) == (303, True)


def test_not_ready_says_so_when_the_log_is_behind(web_settings: Settings, site: Site) -> None:
    assert site.browser().get("/health/ready").status_code == 200
    with open_hub(web_settings) as hub, transaction(hub.connection) as cursor:
        cursor.execute(
            "insert into log_waiting (log, entry, leaf, since) "
            "values ('audit', gen_random_uuid(), decode(repeat('00', 32), 'hex'), now() - interval '2 minutes')"
        )
    answer = site.browser().get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "HUB-772")
