"""An officer's morning in a real browser: find, look, suspend, resume, cancel, fetch; on a phone, without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from core.digest import sm3
from core.settings import Settings
from hub import licence_register
from hub.context import Hub, open_hub
from hub.issue import decide, issue_all
from hub.licence_views import plain
from hub.life import find
from hub.reminders import remind
from hub.sources import ACCEPT
from hub.verify import verify_file
from schemas.licence_life import Status, Step
from store import licences, records
from store.connection import transaction
from tests.databases import lasting_database
from tests.departments import Departments
from tests.hub.access_files import PASSWORD, write
from tests.hub.lives import Turning, filled_settings, granted_later, issue
from tests.serving import serving
from web.app import create_app

pytestmark = pytest.mark.world
SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
Picture = Callable[..., Path]
Judge = Callable[[Page], None]


@dataclass
class Office:
    """A served hub with sealed licences."""

    url: str
    settings: Settings
    numbers: list[str]

    def standing(self, number: str) -> Any:
        with open_hub(self.settings, Turning()) as hub:
            return plain(hub, find(hub, number))


@pytest.fixture(scope="module")
def office(
    postgres_url: str,
    _owner_url: str,
    database_template: str,
    departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        home = tmp_path_factory.mktemp("office")
        settings = filled_settings(url, home, departments)
        write(home / "access.toml")
        with open_hub(settings, Turning()) as hub:
            numbers = issue(hub, 4)
            with transaction(hub.connection) as cursor:
                cursor.execute("update licence set valid_until = '2026-12-10' where number = %s", (numbers[3],))
            remind(hub)
        with serving(create_app(settings, clock=Turning())) as address:
            yield Office(address, settings, numbers)


@pytest.fixture
def morning(browser: Browser, office: Office) -> Iterator[Callable[..., Page]]:
    """An officer's page, signed in at the list."""
    contexts = []
    troubles: list[str] = []

    def begin(screen: str = "desk", **options: Any) -> Page:
        context = browser.new_context(
            viewport=SCREENS[screen],  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            accept_downloads=True,
            **options,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{office.url}/licences")
        page.fill("#account", "officer")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("证照管理")
        return page

    yield begin
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if "status of 4" not in trouble] == []


def order(page: Page, step: str, **more: str) -> None:
    """Fill the form of a step and go on to the question."""
    form = page.locator(f"details:has(input[name=step][value={step}])")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator("select").select_option(index=1)
    form.locator("[name=document_no]").fill(more.get("document_no", "东审〔2026〕8号"))
    form.locator("[name=reason]").fill(more.get("reason", "检查发现问题，限期整改"))
    form.locator("button").click()


@pytest.mark.parametrize("screen", SCREENS)
def test_an_officers_morning(
    office: Office,
    morning: Callable[..., Page],
    screen: str,
    picture: Picture,
    judged_by_axe: Judge,
) -> None:
    number = office.numbers[list(SCREENS).index(screen)]
    page = morning(screen)
    expect(page.locator("#query")).to_be_focused()
    judged_by_axe(page)
    picture(page, f"licences-{screen}-1-list", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.locator(".number")).to_have_text(number)
    assert number not in page.url
    judged_by_axe(page)
    picture(page, f"licences-{screen}-2-licence", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.locator("summary", has_text="暂停").focus()
    page.keyboard.press("Enter")
    judged_by_axe(page)
    picture(page, f"licences-{screen}-3-form", whole=True)
    order(page, "suspend")
    expect(page.locator("h1")).to_have_text("确认暂停？")
    judged_by_axe(page)
    picture(page, f"licences-{screen}-4-confirm", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="返回，不办理").click()
    assert [one.step for one in office.standing(number).steps] == [Step.ISSUE]
    order(page, "suspend")
    page.get_by_role("button", name="确认暂停").click()
    expect(page.get_by_role("status")).to_contain_text("已办理：暂停")
    expect(page.locator(".standing .chip")).to_have_text("暂停")
    judged_by_axe(page)
    picture(page, f"licences-{screen}-5-suspended", whole=True)

    order(page, "resume", reason="整改合格")
    page.get_by_role("button", name="确认恢复").click()
    expect(page.locator(".standing .chip")).to_have_text("有效")
    order(page, "cancel", reason="企业终止")
    expect(page.locator(".effect")).to_contain_text("不能恢复")
    picture(page, f"licences-{screen}-6-final", whole=True)
    page.get_by_role("button", name="确认注销").click()
    expect(page.locator(".standing .chip")).to_have_text("注销")
    expect(page.locator("#steps ~ details, details.step")).to_have_count(0)
    judged_by_axe(page)
    picture(page, f"licences-{screen}-7-cancelled", whole=True)
    found = office.standing(number)
    assert [one.step for one in found.steps] == [Step.ISSUE, Step.SUSPEND, Step.RESUME, Step.CANCEL]
    assert {one.grounds.user for one in found.steps[1:]} == {"officer"}


def test_the_file_of_a_version_is_the_sealed_one(office: Office, morning: Callable[..., Page], tmp_path: Path) -> None:
    page = morning()
    page.fill("#query", office.numbers[2])
    page.keyboard.press("Enter")
    with page.expect_download() as coming:
        page.get_by_role("link", name="下载 OFD").click()
    coming.value.save_as(tmp_path / "licence.ofd")
    with open_hub(office.settings, Turning()) as hub:
        version = licences.by_number(hub.connection, office.numbers[2])
    assert version is not None
    assert coming.value.suggested_filename.endswith("-v1.ofd")
    assert sm3((tmp_path / "licence.ofd").read_bytes()) == version.document_sm3


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    office: Office, morning: Callable[..., Page], picture: Picture, judged_by_axe: Judge
) -> None:
    page = morning()
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("alert")).to_contain_text("请输入")
    page.fill("#query", "没有这个编号")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="没有查到")).to_be_visible()
    judged_by_axe(page)
    page.fill("#query", office.numbers[2])
    page.keyboard.press("Enter")
    order(page, "withdraw", document_no="当事人 11010519491231002X", reason="材料虚假")
    expect(page.get_by_role("alert")).to_contain_text("不能含证件号码")
    expect(page.locator("#withdraw-document_no")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#withdraw-reason")).to_have_value("材料虚假")
    judged_by_axe(page)
    picture(page, "licences-desk-8-wrong", whole=True)


def test_two_officers_at_one_licence_the_second_is_told(
    office: Office, morning: Callable[..., Page], picture: Picture, judged_by_axe: Judge
) -> None:
    number = office.numbers[2]
    pages = [morning(), morning()]
    for page in pages:
        page.fill("#query", number)
        page.keyboard.press("Enter")
        order(page, "suspend")
    pages[0].get_by_role("button", name="确认暂停").click()
    expect(pages[0].locator(".standing .chip")).to_have_text("暂停")
    pages[1].get_by_role("button", name="确认暂停").click()
    expect(pages[1].get_by_role("alert")).to_contain_text("已有变动")
    expect(pages[1].locator(".standing .chip")).to_have_text("暂停")
    judged_by_axe(pages[1])
    picture(pages[1], "licences-desk-9-overtaken")
    assert [one.step for one in office.standing(number).steps] == [Step.ISSUE, Step.SUSPEND]


def test_who_is_to_be_told_is_handed_out_and_noted(
    office: Office, morning: Callable[..., Page], picture: Picture, judged_by_axe: Judge, tmp_path: Path
) -> None:
    page = morning()
    with page.expect_download() as coming:
        page.get_by_role("button", name="导出待告知名单（1 件）").click()
    coming.value.save_as(tmp_path / "told.xlsx")
    sheet = load_workbook(tmp_path / "told.xlsx")["到期提醒"]
    assert sheet["B2"].value == office.numbers[3]
    assert sheet["C2"].value
    page.get_by_role("button", name="记为已告知").click()
    expect(page.locator("td.time", has_text="2026-11-20 09:00")).to_be_visible()
    expect(page.get_by_role("button", name="导出")).to_have_count(0)
    judged_by_axe(page)
    picture(page, "licences-desk-10-told")


def test_it_works_without_scripts_and_leads_nobody_else_there(
    office: Office, browser: Browser, morning: Callable[..., Page]
) -> None:
    page = morning(java_script_enabled=False)
    page.fill("#query", office.numbers[3])
    page.get_by_role("button", name="查找").click()
    order(page, "suspend")
    page.get_by_role("button", name="确认暂停").click()
    assert page.locator(".standing .chip").inner_text() == "暂停"
    context = browser.new_context()
    clerk = context.new_page()
    clerk.goto(f"{office.url}/licences")
    clerk.fill("#account", "li")
    clerk.fill("#password", PASSWORD)
    clerk.keyboard.press("Enter")
    expect(clerk.locator("body")).to_contain_text("HUB-871")
    expect(clerk.get_by_role("navigation")).not_to_contain_text("证照管理")
    context.close()


FOOD = "11420112MB0000000M3000199003000"
#: What the bureau grants later: code of the item, and what its document comes of.
CHANGE, RENEW, REPLACE, CANCEL = (f"{FOOD[:-1]}{number}" for number in (1, 2, 3, 4))
WHY = {"basis": "行政处罚法 第九条（暂扣许可证件）", "reason": "限期整改", "document_no": "东审停〔2026〕9号"}


@pytest.fixture
def api(office: Office) -> Callable[..., requests.Response]:
    """Calls of a machine that has the role."""
    given = requests.post(
        f"{office.url}/oauth/token", {"grant_type": "client_credentials"}, auth=("case-system", PASSWORD), timeout=20
    )
    head = {"Authorization": f"Bearer {given.json()['access_token']}"}

    def call(method: str, path: str, said: object = None) -> requests.Response:
        return requests.request(method, f"{office.url}/api/licences{path}", json=said, headers=head, timeout=30)

    return call


def test_a_machine_finds_a_licence_and_takes_a_step_once(office: Office, api: Callable[..., requests.Response]) -> None:
    (row,) = api("POST", "/find", {"query": office.numbers[3]}).json()
    state = api("GET", f"/{row['id']}").json()
    done = {step["step"] for step in state["steps"]}
    assert state["number"] == office.numbers[3] and "issue" in done
    step = "resume" if state["status"] == "suspended" else "suspend"
    taken = api("POST", f"/{row['id']}/steps", WHY | {"step": step, "seen": state["seen"]})
    assert (taken.status_code, taken.json()["step"]) == (201, step)
    again = api("POST", f"/{row['id']}/steps", WHY | {"step": step, "seen": state["seen"]})
    assert (again.status_code, again.json()["code"]) == (409, "HUB-914")
    refused = api("POST", f"/{row['id']}/steps", WHY | {"step": step})
    assert (refused.status_code, refused.json()["code"]) == (409, "HUB-240")
    unfit = api("POST", f"/{row['id']}/steps", WHY | {"step": "revoke", "basis": "11010519491231002X"})
    assert (unfit.status_code, unfit.json()["code"]) == (422, "HUB-912")
    assert api("GET", f"/{uuid4()}").status_code == 404
    assert office.standing(office.numbers[3]).steps[-1].grounds.user == "case-system"


def test_who_has_not_the_role_is_told_nothing(office: Office) -> None:
    for client, status in (("bank-1", 403), (None, 401)):
        head = {}
        if client:
            given = requests.post(
                f"{office.url}/oauth/token", {"grant_type": "client_credentials"}, auth=(client, PASSWORD), timeout=20
            )
            head = {"Authorization": f"Bearer {given.json()['access_token']}"}
        for path in (f"/{uuid4()}", f"/{office.standing(office.numbers[0]).row.id}"):
            answer = requests.get(f"{office.url}/api/licences{path}", headers=head, timeout=20)
            assert answer.status_code == status


def test_the_whole_life_of_one_licence_through_api_and_browser(
    office: Office,
    api: Callable[..., requests.Response],
    morning: Callable[..., Page],
    departments: Departments,
    postgres_url: str,
) -> None:
    page = morning()
    with open_hub(office.settings, Turning()) as hub, granted_later(departments, postgres_url) as grant:
        begun = next(no for no in decide(hub).to_issue if (found := accepted(hub, no)) and found == FOOD)
        (made,) = issue_all(hub, [begun])
        story: list[tuple[str, str]] = []
        ends: list[str | None] = []
        (row,) = api("POST", "/find", {"query": made.number}).json()

        def check(step: str, status: str, documents: int) -> None:
            """What API, page, register and files say after a step."""
            story.append((step, status))
            told = api("GET", f"/{row['id']}").json()
            assert [(one["step"], one["after"]) for one in told["steps"]] == story
            assert (told["status"], told["current_version"], len(told["versions"])) == (status, documents, documents)
            assert [bool(one["superseded_at"]) for one in told["versions"]] == [True] * (documents - 1) + [False]
            ends.append(told["valid_until"])
            page.goto(f"{office.url}/licences/{row['id']}")
            expect(page.locator(".standing .chip")).to_have_text(Status(status).chinese)
            expect(page.locator(".story li")).to_have_count(len(story))
            licence_register.sequence(hub)
            assert licence_register.inclusion(hub, told["steps"][-1]["entry"])["number"] >= 0
            report = licence_register.verify(hub)
            # the fixture wrote another last day into the table for one of them, and that is found
            assert {one.text.split("：")[0].split(":")[0] for one in report.findings} <= {
                f"licence {office.numbers[3]}"
            }
            for one in licences.of_licence(hub.connection, row["id"]):
                data = (office.settings.home / (one.document_path or "")).read_bytes()
                assert verify_file(data, office.settings).verdict.value == "valid"

        def approve(item: str) -> None:
            approval = f"T{len(story)}-{begun}"
            grant(hub, begun, approval, item)
            assert approval in decide(hub).to_issue
            issue_all(hub, [approval])

        check("issue", "valid", 1)
        approve(CHANGE)
        check("change", "valid", 2)
        assert api("POST", f"/{row['id']}/steps", WHY | {"step": "suspend"}).status_code == 201
        check("suspend", "suspended", 2)
        order(page, "resume", reason="整改合格")
        page.get_by_role("button", name="确认恢复").click()
        expect(page.get_by_role("status")).to_contain_text("恢复")
        check("resume", "valid", 2)
        approve(RENEW)
        check("renew", "valid", 3)
        approve(REPLACE)
        check("replace", "valid", 4)
        approve(CANCEL)
        check("cancel", "cancelled", 4)
        assert ends[0] == ends[3] and (ends[4] or "") > (ends[3] or "") and ends[4] == ends[5]
        assert {one["number"] for one in api("POST", "/find", {"query": made.identifier}).json()} == {made.number}


def accepted(hub: Hub, approval: str) -> str:
    """Code of the item an approval is of."""
    (stored,) = records.of_subject(hub.connection, hub.vault, hub.subject("case", approval), [ACCEPT])[ACCEPT]
    code: str = json.loads(stored.payload)["item_code"]
    return code
