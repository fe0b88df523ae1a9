"""我的证照 in a real browser: a holder makes an annotated copy and downloads it; on a phone too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.clock import SystemClock
from core.settings import Settings
from hub.verify import verify_file
from tests.browser.test_my_data import SCREENS
from tests.departments import Departments
from tests.hub.issued_world import issued_world
from tests.serving import serving
from tests.web.test_copies import licence
from web.app import create_app

pytestmark = pytest.mark.world


@pytest.fixture(scope="module")
def world(
    postgres_url: str, _owner_url: str, database_template: str, departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    home = tmp_path_factory.mktemp("licences")
    with issued_world(postgres_url, _owner_url, database_template, departments, home, licences=2) as settings:
        yield settings


@pytest.mark.parametrize("screen", SCREENS)
def test_a_holder_makes_a_copy(
    browser: Browser,
    world: Settings,
    screen: str,
    judged_by_axe: Callable[[Page], None],
    picture: Callable[..., Path],
    tmp_path: Path,
) -> None:
    found = licence(world)
    context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    troubles: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    with serving(create_app(world)) as url:
        page.goto(f"{url}/my-data")
        page.fill("input[name=number]", found["holder"])
        page.fill("input[name=name]", found["name"])
        page.keyboard.press("Enter")
        page.get_by_role("link", name="我的证照与加注件").click()
        page.get_by_label("使用单位").fill("中国某银行武汉东西湖支行")
        page.get_by_label("用途").fill("开立单位银行结算账户")
        judged_by_axe(page)
        picture(page, f"my-licences-{screen}", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        with page.expect_download() as expected:
            page.get_by_role("button", name="制作并下载").click()
        expected.value.save_as(tmp_path / "copy.ofd")
    assert expected.value.suggested_filename == f"加注件-{found['number']}.ofd"
    assert verify_file((tmp_path / "copy.ofd").read_bytes(), world, at=SystemClock().now()).verdict.value == "valid"
    context.close()
    assert troubles == []
