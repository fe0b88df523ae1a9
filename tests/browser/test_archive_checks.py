"""档案检测 in a real browser: from the list to a report and its sealed file, on a desk's screen and on a phone's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from archive.package import build
from archive.report import Stage
from core.settings import Mode, Settings
from hub.check_reports import entry_of
from hub.context import open_hub
from hub.inspect import inspect_package
from hub.seals import add_demo
from hub.verify import verify_file
from store import archive_checks
from store.vault import make_keyring
from tests.archive.cases import case, sign
from tests.browser.conftest import serving
from tests.hub.access_files import PASSWORD, write
from tests.hub.test_check_sheets import kept
from tests.preparing import demo_keys
from tests.web.conftest import MORNING, MovingClock
from web.app import create_app

pytestmark = pytest.mark.world
SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
STYLE = "one => getComputedStyle(one).outlineStyle"


@pytest.fixture(scope="module")
def archive(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    """A served hub that keeps reports: of packages that failed and passed."""
    home = tmp_path_factory.mktemp("checks")
    make_keyring(home / "keys")
    (home / "sources.toml").write_text("")
    (home / "sources.toml").chmod(0o600)
    write(home / "access.toml")
    settings = Settings(home, module_database_url, home / "sources.toml", home / "keys", Mode.DEMO)
    clock = MovingClock()
    with open_hub(settings, clock) as hub:
        demo_keys(settings, clock)
        add_demo(hub)
        kept(hub, "420112-food-2026-00001", "valid")
        kept(hub, "420112-food-2026-00002")
        checked = inspect_package(build(case(), sign).data, settings, stage=Stage.TRANSFER).check
        archive_checks.keep(hub.connection, "420112-hr-service-2026-00003", entry_of(checked), MORNING)
    with serving(create_app(settings, clock=clock)) as url:
        yield url, settings


@pytest.mark.parametrize("screen", SCREENS)
def test_an_archivist_reads_a_report_and_takes_it_under_seal(
    browser: Browser,
    archive: tuple[str, Settings],
    screen: str,
    judged_by_axe: Callable[[Page], None],
    picture: Callable[..., Path],
    tmp_path: Path,
) -> None:
    url, settings = archive
    context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    troubles: list[str] = []
    try:
        page = context.new_page()
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{url}/archive/checks")
        page.get_by_label("演示账号").fill("archivist")
        page.get_by_label("密码").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("档案检测")
        judged_by_axe(page)
        picture(page, f"archive-checks-{screen}-1-list", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("link", name="不合格", exact=True).click()
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_role("link", name="420112-hr-service-2026-00003").click()
        expect(page.locator("h1")).to_have_text("四性检测报告")
        unchecked = page.locator(".check-items .chip.idle")
        assert unchecked.count() > 10 and set(unchecked.all_inner_texts()) == {"未检测"}
        assert (
            page.locator(".check-items .chip.good").first.evaluate("one => getComputedStyle(one).outlineStyle")
            == "none"
        )
        assert unchecked.first.evaluate("one => getComputedStyle(one).outlineStyle") == "dashed", (
            "told without colour too"
        )
        judged_by_axe(page)
        picture(page, f"archive-checks-{screen}-2-report", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        with page.expect_download() as download:
            page.locator(".head button, .head a.button").first.click()
        download.value.save_as(tmp_path / "report.ofd")
        assert verify_file((tmp_path / "report.ofd").read_bytes(), settings, at=MORNING).verdict.value == "valid"
        assert troubles == []
    finally:
        context.close()
