"""The public check in a real browser over the hub itself: a code scanned, a number typed, files dropped."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK_SCREEN
from tests.departments import Departments
from tests.hub.access_files import access_text
from tests.hub.checked_world import BASIS, DOCUMENT_NO, RECEIVER, World, flipped_in, home_of, token_in, world_of
from tests.serving import serving
from web.app import create_app

pytestmark = pytest.mark.world

PHONE = {"width": 390, "height": 844}
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  const zone = document.querySelector("#file-form");
  zone.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def world(
    module_database_url: str, departments: Departments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    settings = home_of(tmp_path_factory.mktemp("scanned"), module_database_url)
    settings.access_file.write_text(access_text() + "\n[limits]\nchecks_per_address = 10000\n", encoding="utf-8")
    with world_of(settings, departments) as made:
        yield made


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    with serving(create_app(world.settings, clock=world.hub.clock)) as served:
        yield served


def test_scan_type_and_drop_say_the_same_of_real_licences(
    world: World,
    url: str,
    browser: Browser,
    picture: Callable[..., Path],
    judged_by_axe: Callable[[Page], None],
) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    phone = context.new_page()
    for state, words in (("valid", "有效"), ("revoked", "已吊销"), ("superseded", "已被新版取代")):
        phone.goto(f"{url}/v/{token_in(world.file(state))}")
        expect(phone.locator("h1")).to_contain_text(words)
        picture(phone, f"checked-{state}", whole=True)
    judged_by_axe(phone)
    phone.click("text=查看新版")
    expect(phone.locator("h1")).to_contain_text("有效")
    phone.goto(f"{url}/v/{token_in(world.file('revoked'))}")
    expect(phone.locator(".why")).to_contain_text(BASIS)
    expect(phone.locator(".why")).to_contain_text(DOCUMENT_NO)
    expect(phone.locator("body")).not_to_contain_text("王大锤")
    with phone.expect_download() as downloading:
        phone.click("text=下载证明")
    assert b"how_to_check" in downloading.value.path().read_bytes()
    with phone.expect_download() as downloading:
        phone.locator(".life a").last.click()
    assert b'\\"step\\":\\"revoke\\"' in downloading.value.path().read_bytes()

    desk = browser.new_context(viewport=DESK_SCREEN, locale="zh-CN").new_page()  # type: ignore[arg-type]
    desk.goto(f"{url}/verify")
    desk.fill("#identifier", world.versions["cancelled"].identifier)
    desk.fill("#number", world.versions["cancelled"].number)
    desk.keyboard.press("Enter")
    expect(desk.locator("h1")).to_contain_text("已注销")
    genuine = world.file("valid")
    for name, data, words in (
        ("a.ofd", genuine, "有效"),
        ("b.pdf", world.pdf("valid"), "有效"),
        ("c.ofd", world.copy("valid"), "加注件"),
        ("d.ofd", world.file("suspended"), "已暂停"),
        ("e.ofd", flipped_in(genuine, "Doc_0/Pages/Page_0/Content.xml"), "被篡改"),
    ):
        desk.evaluate(DROP, [name, base64.b64encode(data).decode()])
        expect(desk.locator("#told")).to_be_empty()
        expect(desk.locator("h1")).to_contain_text(words)
        expect(desk.locator("#file-told ~ dl")).to_contain_text(name)
        if words == "加注件":
            expect(desk.locator(".why")).to_contain_text(RECEIVER)
    expect(desk.locator(".reasons")).to_contain_text("第 1 页")
    desk.context.close()
    context.close()
