"""Sign-in, desk and terminal in a real browser over the hub itself: real accounts, real records, the real log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hub import sessions
from hub.context import open_hub
from tests.browser.conftest import DESK_SCREEN, TERMINAL_SCREEN
from tests.hub.access_files import HR, PASSWORD
from tests.serving import serving
from tests.web.test_desk_with_hub import Counter, counter

__all__ = ["counter"]
pytestmark = pytest.mark.world


def test_from_the_sign_in_to_the_answer_and_out_again(
    counter: Counter,
    browser: Browser,
    picture: Callable[[Page, str], Path],
    judged_by_axe: Callable[[Page], None],
) -> None:
    number = counter.companies["issued"][0]
    with serving(counter.browser.app) as url:
        context = browser.new_context(viewport=DESK_SCREEN, locale="zh-CN")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{url}/")
        picture(page, "hub-1-home")
        judged_by_axe(page)
        page.goto(f"{url}/sign-in/person")
        judged_by_axe(page)
        page.goto(f"{url}/desk")
        expect(page.locator("#account")).to_be_focused()
        judged_by_axe(page)
        page.keyboard.type("li")
        page.locator("#password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#wrong")).to_be_visible()
        picture(page, "hub-2-sign-in-refused")
        judged_by_axe(page)
        page.locator("#account").fill("li")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#search")).to_be_focused()
        picture(page, "hub-3-desk")
        page.wait_for_load_state()
        page.keyboard.type("rlzyfwxk", delay=20)
        page.keyboard.press("Enter")
        expect(page.locator("[name=item]")).to_have_value(HR)
        expect(page.locator("#number")).to_be_focused()
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_be_visible()
        picture(page, "hub-4-answer")
        judged_by_axe(page)
        page.get_by_role("button", name="退出").click()
        expect(page.locator(".counter")).to_have_count(0)
        page.go_back()
        expect(page.locator("#verdict")).to_have_count(0)
        assert number[-4:] not in page.content()
        context.close()


def test_a_terminal_with_its_ticket(
    counter: Counter, browser: Browser, picture: Callable[[Page, str], Path], judged_by_axe: Callable[[Page], None]
) -> None:
    with open_hub(counter.settings) as hub:
        ticket = sessions.ticket(hub, "T-1")
    with serving(counter.browser.app) as url:
        context = browser.new_context(viewport=TERMINAL_SCREEN, has_touch=True)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{url}/terminal")
        expect(page.locator("h1")).to_have_text("本终端暂停服务")
        picture(page, "hub-5-terminal-not-registered")
        judged_by_axe(page)
        page.goto(f"{url}/sign-in/terminal?ticket={ticket}")
        expect(page.locator("h1")).to_have_text("您要办什么事？")
        picture(page, "hub-6-terminal")
        judged_by_axe(page)
        for letter in "RLZYFW":
            page.get_by_role("button", name=letter, exact=True).tap()
            page.wait_for_load_state("networkidle")
        page.get_by_role("link", name="人力资源服务许可 单位办理").tap()
        page.locator("[name=present]").tap()
        expect(page.locator("#number")).to_be_focused()
        page.keyboard.type(counter.companies["issued"][0])
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_be_visible()
        picture(page, "hub-7-terminal-answer")
        judged_by_axe(page)
        context.close()
