"""The archive's doors in a real browser: a company for itself, a lawyer at the counter, a bank by its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Download, Page, expect

from core.clock import SystemClock
from hub.verify import verify_file
from tests.archive.cases import PDF_BYTES, pdf
from tests.browser.conftest import serving
from tests.departments import Departments
from tests.hub.access_files import PASSWORD
from tests.web.archive_world import NAME, OLD_NAME, ArchiveWorld, archive_world
from web.app import create_app

pytestmark = pytest.mark.world
SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
Picture = Callable[..., Path]
Judge = Callable[[Page], None]


@dataclass
class Served:
    """The archive's hub and where it answers."""

    url: str
    world: ArchiveWorld

    def sealed_well(self, data: bytes) -> bool:
        return verify_file(data, self.world.settings, at=SystemClock().now()).verdict.value == "valid"


@pytest.fixture(scope="module")
def served(
    postgres_url: str, _owner_url: str, database_template: str, departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:  # fmt: skip
    home = tmp_path_factory.mktemp("archive")
    with (
        archive_world(postgres_url, _owner_url, database_template, departments, home) as world,
        serving(create_app(world.settings)) as url,
    ):
        yield Served(url, world)


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """A page signed in and opened; the test fails when a page broke its policy or threw."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def visit(path: str, account: str = "", screen: str = "desk", **options: Any) -> Page:
        context = browser.new_context(
            viewport=SCREENS[screen],  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{served.url}{path}")
        if account:
            page.fill("#account", account)
            page.fill("#password", PASSWORD)
        else:
            page.fill("#number", served.world.number)
            page.fill("#name", served.world.representative)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{path}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if "status of 4" not in trouble] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def got(page: Page, name: str) -> Download:
    """What a link of this name hands out."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).first.click()
    return coming.value


@pytest.mark.parametrize("screen", SCREENS)
def test_a_legal_representative_fetches_facts_and_originals(
    served: Served, visit: Callable[..., Page], screen: str, picture: Picture, judged_by_axe: Judge, tmp_path: Path
) -> None:
    judge = judged_by_axe if screen == "phone" else lambda _: None  # the same pages
    page = visit("/my-archive", screen=screen)
    expect(page.locator(".facts").first).to_contain_text(NAME)
    expect(page.locator(".facts").first).to_contain_text(OLD_NAME)
    expect(page.locator("section:has(#moves)")).to_contain_text("已拟函")
    judge(page)
    picture(page, f"archive-mine-{screen}-1", whole=True)
    assert fits(page) and served.world.number not in page.url

    page.get_by_label("查询目的").fill("办理银行贷款")
    page.get_by_role("button", name="查询并出具证明").click()
    expect(page.locator("h1")).to_have_text("机读档案")
    expect(page.locator("main")).to_contain_text(served.world.number)
    judge(page)
    picture(page, f"archive-mine-{screen}-2-facts", whole=True)
    assert fits(page) and served.world.number not in page.url
    told = json.loads(Path(got(page, "下载 JSON").path()).read_bytes())
    assert told["facts"]["name"]["name"] == NAME and told["facts"]["former_names"][-1]["name"] == OLD_NAME

    page.get_by_role("link", name="← 申请").click()
    page.get_by_role("link", name="← 企业档案").click()
    page.get_by_text("书式档案").first.click()
    page.locator(f"input[name=file][value='{served.world.files[1]}']").check()
    page.get_by_label("查询目的").fill("补正材料")
    page.get_by_role("button", name="查询并出具证明").click()
    expect(page.locator(".standing .chip")).to_have_text("已出具")
    expect(page.locator(".until")).to_contain_text("还剩 15 天")
    judge(page)
    picture(page, f"archive-mine-{screen}-3-originals", whole=True)
    assert fits(page)
    certificate = got(page, "下载档案查询证明")
    assert certificate.suggested_filename == "档案查询证明.ofd"
    assert served.sealed_well(Path(certificate.path()).read_bytes())
    rows = page.locator(".files tbody tr")
    assert rows.count() > 1
    assert Path(got(page, rows.first.locator("a").inner_text()).path()).stat().st_size > 0

    page.locator("summary", has_text="撤回申请").click()
    page.get_by_role("button", name="确认撤回").click()
    expect(page.locator(".standing .chip")).to_have_text("已撤回")
    expect(page.get_by_role("link", name="下载档案查询证明")).to_have_count(0)
    page.get_by_role("link", name="← 企业档案").click()
    expect(page.locator("#requests")).to_be_visible()
    picture(page, f"archive-mine-{screen}-4-after", whole=True)


def test_a_clerk_takes_a_lawyers_request_in_and_an_archivist_decides_it(
    served: Served, visit: Callable[..., Page], picture: Picture, judged_by_axe: Judge
) -> None:
    page = visit("/archive", "zhou")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("某某餐饮")
    page.keyboard.press("Enter")
    expect(page.locator(".choices")).to_contain_text(NAME)
    judged_by_axe(page)
    picture(page, "archive-desk-1-found", whole=True)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(NAME)
    expect(page.locator("section:has(#entries) tbody tr")).to_have_count(3)
    judged_by_axe(page)
    picture(page, "archive-desk-2-volume", whole=True)

    page.get_by_role("link", name="登记查询申请").click()
    picture(page, "archive-desk-3-who", whole=True)
    judged_by_axe(page)
    page.locator("#number").fill(served.world.number)
    page.keyboard.press("Enter")
    expect(page.locator("#purpose")).to_be_visible()
    assert served.world.number not in page.url
    page.get_by_label("律师事务所名称").fill("某某律师事务所")
    page.get_by_label("来办人姓名").fill("张律师")
    page.get_by_label("查询目的").fill("某合同纠纷案代理")
    scan = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": PDF_BYTES}
    page.set_input_files("#proof-practice_certificate", files=[scan])  # type: ignore[list-item]
    page.get_by_role("button", name="受理申请").click()
    expect(page.get_by_role("alert")).to_contain_text("有 2 处需要更正")
    expect(page.locator("#purpose")).to_have_value("某合同纠纷案代理")
    judged_by_axe(page)
    picture(page, "archive-desk-4-wrong", whole=True)
    # Above what a form's token is looked for in by itself.
    large = {**scan, "buffer": pdf("", "." * 300_000)}
    page.set_input_files("#proof-practice_certificate", files=[large])  # type: ignore[list-item]
    page.locator("input[name=seen][value=firm_certificate]").check()
    page.locator("input[name=seen][value=undertaking]").check()
    page.get_by_role("button", name="受理申请").click()
    expect(page.get_by_role("status")).to_contain_text("须由另一名档案管理员审核")
    expect(page.get_by_role("button", name="同意并出具")).to_have_count(0)
    picture(page, "archive-desk-5-own", whole=True)
    judged_by_axe(page)
    address = page.url
    number = page.locator(".number").inner_text()

    other = visit("/archive", "wu")
    expect(other.locator("#waiting")).to_have_text("待办申请")
    picture(other, "archive-desk-6-queue", whole=True)
    judged_by_axe(other)
    other.get_by_role("link", name=number).click()
    assert Path(got(other, "查看扫描件").path()).read_bytes().startswith(PDF_BYTES[:4])
    judged_by_axe(other)
    picture(other, "archive-desk-7-decide", whole=True)
    other.get_by_role("button", name="同意并出具").click()
    expect(other.locator(".standing .chip")).to_have_text("已出具")
    expect(other.locator(".code code")).to_be_visible()
    judged_by_axe(other)
    picture(other, "archive-desk-8-granted", whole=True)
    code = other.locator(".code code").inner_text()
    other.get_by_role("link", name="凭提取码领取档案").click()
    other.get_by_label("申请编号").fill(number)
    other.locator("#code").fill("wrong")
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("HUB-752")
    judged_by_axe(other)
    picture(other, "archive-desk-10-pick-up")
    other.locator("#code").fill(code)
    with other.expect_download() as coming:
        other.keyboard.press("Enter")
    assert "档案查询证明.ofd" in ZipFile(coming.value.path()).namelist()
    page.goto(address)
    expect(page.locator(".code")).to_have_count(0)
    assert served.sealed_well(Path(got(page, "下载档案查询证明").path()).read_bytes())
    other.goto(f"{served.url}/archive/report")
    expect(other.locator("tbody tr")).not_to_have_count(0)
    judged_by_axe(other)
    picture(other, "archive-desk-9-report", whole=True)

    company = visit("/my-archive", screen="phone")
    expect(company.locator("section:has(#others)")).to_contain_text("区行政审批局综合窗口")
    judged_by_axe(company)
    picture(company, "archive-mine-phone-5-others", whole=True)


def test_a_bank_gets_facts_by_its_api_and_no_originals(served: Served) -> None:
    given = requests.post(
        f"{served.url}/oauth/token", {"grant_type": "client_credentials"}, auth=("bank-1", PASSWORD), timeout=20
    )
    head = {"Authorization": f"Bearer {given.json()['access_token']}"}

    def call(method: str, path: str, said: object = None) -> requests.Response:
        return requests.request(method, f"{served.url}/api/archive{path}", json=said, headers=head, timeout=30)

    wanted = {"number": served.world.number, "purpose": "开立单位银行结算账户"}
    told = call("POST", "/facts", wanted).json()
    assert told["facts"]["name"]["name"] == NAME and told["facts"]["licences"] and "cases" not in told["facts"]
    assert told["entry"] and told["rule"] == {
        "id": "partner-facts-system", "basis": told["rule"]["basis"], "verified": False,
    }  # fmt: skip
    sealed = call("POST", "/facts", {**wanted, "certificate": True}).json()["certificate"]
    state = call("GET", f"/requests/{sealed['request']}").json()
    assert (state["number"], state["stage"]) == (sealed["number"], "answered")
    file = call("GET", f"/requests/{sealed['request']}/files/{state['answer']['certificate']['name']}")
    assert served.sealed_well(file.content)
    refused = call("POST", "/requests", {**wanted, "form": "originals"})
    assert (refused.status_code, refused.json()["code"]) == (403, "HUB-748")
    unknown = call("POST", "/facts", {**wanted, "number": "91420112MA4K00002B"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "HUB-751")
