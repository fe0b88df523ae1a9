"""The API gives a copy to who has a grant and a case; the holder makes his own from his page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core.clock import SystemClock
from core.digest import sm3
from core.settings import Settings
from hub.cases import open_case
from hub.context import open_hub
from hub.verify import verify_file
from schemas.items import item as item_of
from schemas.judge import restore
from schemas.records.base import Subject
from store import licences, records
from store.annotated import by_document_sm3
from store.connection import fetch_all
from tests.departments import Departments
from tests.hub.access_files import HR, clerk, partner
from tests.hub.issued_world import issued_world
from web.app import create_app
from web.session import caller


@pytest.fixture(scope="module")
def world(
    postgres_url: str, _owner_url: str, database_template: str, departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    home = tmp_path_factory.mktemp("copies")
    with issued_world(postgres_url, _owner_url, database_template, departments, home, licences=2) as settings:
        yield settings


def licence(settings: Settings) -> dict[str, str]:
    """Number of a licence of a company the tax service knows, with the company's number and representative."""
    with open_hub(settings) as hub:
        people = {
            record.credit_code.text: record.legal_representative  # type: ignore[attr-defined]
            for row in records.of_resource(hub.connection, hub.vault, "tax.registration")
            if (record := restore("tax.registration", row.payload)).credit_code is not None  # type: ignore[attr-defined]
        }
        for version in licences.every(hub.connection):
            metadata = licences.facts(hub.connection, hub.vault, version)["metadata"]
            if metadata["CZZTDM"] in people:
                return {"number": version.number, "holder": metadata["CZZTDM"], "name": people[metadata["CZZTDM"]]}
    raise AssertionError("no licence of such a company was issued")


def test_a_clerk_is_given_the_file_and_others_a_reason(world: Settings) -> None:
    found = licence(world)
    with open_hub(world) as hub:
        subject = Subject("company", found["holder"])
        case = open_case(hub, caller=clerk(), item=item_of(HR), subject=subject, now=hub.clock.now())
    app = create_app(world)
    body = {
        "licence": found["number"], "holder": found["holder"], "receiver": "某银行", "cause": "开户", "days": 7,
        "item": HR, "case_no": case, "purpose": "acceptance",
    }  # fmt: skip
    with TestClient(app, base_url="http://127.0.0.1") as browser:
        assert browser.post("/api/licences/copies", json=body).status_code == 401
        app.dependency_overrides[caller] = partner
        refused = browser.post("/api/licences/copies", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "HUB-965")
        app.dependency_overrides[caller] = clerk
        other = browser.post("/api/licences/copies", json={**body, "holder": "91420112MAKTE5T008"})
        assert (other.status_code, other.json()["code"]) == (404, "HUB-968")
        assert browser.post("/api/licences/copies", json={**body, "cause": "因" * 201}).status_code == 422
        assert browser.post("/api/licences/copies", json={**body, "days": 31}).json()["code"] == "HUB-962"
        made = browser.post("/api/licences/copies", json=body)
        assert made.status_code == 200, made.text
        assert made.headers["content-type"] == "application/ofd" and made.headers["cache-control"] == "no-store"
        as_pdf = browser.post("/api/licences/copies", json={**body, "form": "pdf"})
        assert as_pdf.headers["content-type"] == "application/pdf" and as_pdf.content.startswith(b"%PDF")
        spent = browser.post("/api/licences/copies", json=body)
        assert (spent.status_code, spent.json()["code"]) == (429, "HUB-966")
    assert verify_file(made.content, world, at=SystemClock().now()).verdict.value == "valid"
    with open_hub(world) as hub:
        known = by_document_sm3(hub.connection, hub.vault, sm3(made.content))
        assert known is not None and made.headers["hub-copy"] == known.id
        assert made.headers["hub-audit-entry"] == known.entry and (known.made_by, known.receiver) == ("li", "某银行")


def test_a_holder_makes_his_own_from_his_page_and_sees_it_in_the_log(world: Settings) -> None:
    found = licence(world)
    with TestClient(create_app(world), base_url="http://127.0.0.1", follow_redirects=False) as browser:
        assert browser.get("/my-data/licences").headers["location"].startswith("/sign-in/person?next=")

        def csrf(path: str) -> str:
            token = re.search(r'name="csrf" value="([^"]+)"', browser.get(path).text)
            assert token
            return token.group(1)

        form = {"number": found["holder"], "name": found["name"], "csrf": csrf("/sign-in/person?next=/my-data")}
        assert browser.post("/sign-in/person", data=form).status_code == 303
        page = browser.get("/my-data/licences").text
        assert found["number"] in page and "制作加注件" in page and "有效" in page
        asked = {"licence": found["number"], "receiver": "某银行", "cause": "开户", "days": "7"}
        assert browser.post("/my-data/licences/copy", data=asked).status_code == 403, "without the form's token"
        asked["csrf"] = csrf("/my-data/licences")
        empty = browser.post("/my-data/licences/copy", data={**asked, "cause": " "})
        assert empty.status_code == 422 and 'value="某银行"' in empty.text and "未制作加注件" in empty.text
        made = browser.post("/my-data/licences/copy", data=asked)
        assert made.status_code == 200 and made.headers["content-type"] == "application/ofd"
        assert verify_file(made.content, world, at=SystemClock().now()).verdict.value == "valid"
        assert browser.post("/my-data/licences/copy", data={**asked, "licence": "no such"}).status_code == 404
        log = browser.get("/my-data").text
        assert "我的证照：制作加注件" in log and "持证主体" in log and "KZ_" not in log
    with open_hub(world) as hub:
        rows = fetch_all(hub.connection, "select count(*) from annotated_copy where made_by = 'person'")
    assert rows == [(1,)]
