"""我的数据 in a real browser: read, opened by keyboard, reported, doubted, proven; on a phone too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from core.settings import Mode, Settings
from hub import audit
from hub.access import Access
from hub.ages import Ages
from hub.caller import operator
from hub.collect import collect
from hub.context import open_hub
from hub.lookup import lookup
from hub.means import Means
from schemas.judge import restore
from store import records
from store.vault import make_keyring
from tests.departments import Departments
from tests.hub.access_files import HR, write
from tests.serving import serving
from web.app import create_app

pytestmark = pytest.mark.world

SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def site(database_url: str, tmp_path: Path, departments: Departments) -> Iterator[tuple[str, str, str]]:
    """A served hub about one company: address, number, representative. The operator has looked at it once."""
    make_keyring(tmp_path / "keys")
    write(tmp_path / "access.toml")
    departments.write_sources(tmp_path / "sources.toml")
    settings = Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    with open_hub(settings) as hub:
        for resource in ("tax.registration", "market.entity"):
            collect(hub, resource)
        found: Any = next(
            record
            for row in records.of_resource(hub.connection, hub.vault, "tax.registration")
            if (record := restore("tax.registration", row.payload)).credit_code is not None  # type: ignore[attr-defined]
        )
        code, representative = found.credit_code.text, found.legal_representative
        means = Means(Access.open(settings), Ages())
        lookup(hub, caller=operator(), item=HR, identifier=code, purpose="acceptance", means=means)
        audit.sequence(hub)
    with serving(create_app(settings)) as url:
        yield url, code, representative


@pytest.mark.parametrize("screen", SCREENS)
def test_a_company_reads_reports_doubts_and_proves(
    browser: Browser,
    site: tuple[str, str, str],
    screen: str,
    judged_by_axe: Callable[[Page], None],
    picture: Callable[..., Path],
) -> None:
    url, code, representative = site
    context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    troubles: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.goto(f"{url}/my-data")
    page.fill("input[name=number]", code)
    page.fill("input[name=name]", representative)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-data")
    assert code not in page.url and code not in page.title()
    assert page.get_by_role("heading", name="谁查询过我的信息").is_visible()
    judged_by_axe(page)
    picture(page, f"my-data-{screen}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.locator("summary", has_text="反映查询不当").first.focus()
    page.keyboard.press("Enter")
    page.locator("textarea:visible").first.fill("我们没有申请这项业务")
    page.get_by_role("button", name="提交反映").first.click()
    page.wait_for_url("**/my-data?done=report")
    assert page.get_by_role("status").inner_text() == "您的反映已提交，由审批局核查后答复。"

    held = page.locator("details.card", has_text="税务登记信息")
    if held.get_attribute("open") is None:
        held.locator("> summary").click()
    held.locator("summary", has_text="信息有误").click()
    held.locator("select").select_option(label="注册地址")
    held.locator("textarea").fill("已经搬迁")
    held.get_by_role("button", name="申请更正").click()
    page.wait_for_url("**/my-data?done=doubt")
    assert page.get_by_role("cell", name="部门核实中").is_visible()
    judged_by_axe(page)
    picture(page, f"my-data-{screen}-after", whole=True)

    page.get_by_role("link", name="防篡改证明").last.click()
    assert page.get_by_role("heading", name="防篡改证明").is_visible()
    judged_by_axe(page)
    picture(page, f"proof-{screen}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert troubles == []
    context.close()
