"""The terminal in a real browser: large, plain, and forgetful."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import TERMINAL_SCREEN, Open, Served
from tests.browser.reading import read
from tests.web.counter_samples import COMPLETE, HR, PERSON, SUBSIDY, WRONG

Take = Callable[..., Path]
Judge = Callable[[Page], None]


@pytest.fixture
def terminal(open_page: Open) -> Page:
    return open_page("/terminal", TERMINAL_SCREEN, has_touch=True)


def to_the_answer(
    page: Page, name: str = SUBSIDY.name, number: str = PERSON, button: str = "我是本人，同意查询"
) -> None:
    page.get_by_role("link", name=name).tap()
    page.get_by_role("button", name=button).tap()
    expect(page.locator("#number")).to_be_focused()
    read(page, number)
    expect(page.locator("#verdict")).to_be_visible()


def test_a_visit_from_the_first_touch_to_the_wiped_screen(
    terminal: Page, served: Served, picture: Take, judged_by_axe: Judge
) -> None:
    page = terminal
    picture(page, "terminal-1-start")
    judged_by_axe(page)
    page.get_by_role("button", name="L", exact=True).tap()
    expect(page.locator("#t-search")).to_have_value("l")
    page.get_by_role("button", name="H", exact=True).tap()
    expect(page.locator(".t-items li")).to_have_count(1)
    picture(page, "terminal-2-search")
    page.get_by_role("link", name=SUBSIDY.name).tap()
    expect(page.locator("h1")).to_have_text(SUBSIDY.name)
    picture(page, "terminal-3-confirm")
    judged_by_axe(page)
    page.get_by_role("button", name="我是本人，同意查询").tap()
    expect(page.locator("#number")).to_be_focused()
    picture(page, "terminal-4-read")
    judged_by_axe(page)
    read(page, WRONG)
    expect(page.locator(".t-wrong")).to_contain_text("没有读好")
    expect(page.locator("#number")).to_have_value("")
    picture(page, "terminal-5-misread")
    judged_by_axe(page)
    read(page, PERSON)
    expect(page.locator("#verdict")).to_have_text("您还差 1 样")
    picture(page, "terminal-6-answer")
    judged_by_axe(page)
    page.get_by_role("button", name="结束并清屏").tap()
    expect(page.locator("h1")).to_have_text("您要办什么事？")
    assert served.desk.asked == [("T-07", SUBSIDY.code, "self_service", "4201122026030500001")]


def test_nothing_to_bring(terminal: Page, picture: Take, judged_by_axe: Judge) -> None:
    to_the_answer(terminal, HR.name, COMPLETE, "我受本单位委托，同意查询")
    expect(terminal.locator("#verdict")).to_have_text("您什么都不用带")
    picture(terminal, "terminal-7-nothing-to-bring")
    judged_by_axe(terminal)


def test_after_a_minute_without_a_touch_the_screen_is_wiped(
    terminal: Page, picture: Take, judged_by_axe: Judge
) -> None:
    page = terminal
    page.clock.install()
    to_the_answer(page)
    expect(page.locator("#countdown")).to_be_visible()
    page.clock.run_for(44_000)
    expect(page.locator("#countdown .num")).to_have_text("16")
    expect(page.locator("#still")).to_be_hidden()
    page.clock.run_for(2_000)
    expect(page.locator("#still")).to_be_visible()
    picture(page, "terminal-8-still-there")
    judged_by_axe(page)
    page.locator("#stay").tap()
    expect(page.locator("#still")).to_be_hidden()
    page.clock.run_for(50_000)
    expect(page.locator("#still")).to_be_visible()
    expect(page.locator("#verdict")).to_have_text("您还差 1 样")
    page.clock.run_for(11_000)
    expect(page.locator("h1")).to_have_text("您要办什么事？")
    page.go_back()
    page.wait_for_load_state()
    assert "002X" not in page.content()
    assert PERSON not in page.content()


def test_neither_back_nor_forward_nor_reload_shows_the_person_before(terminal: Page, served: Served) -> None:
    page = terminal
    to_the_answer(page)
    answer = page.url
    page.get_by_role("button", name="结束并清屏").tap()
    expect(page.locator("h1")).to_have_text("您要办什么事？")
    steps = [page.go_back] * 5 + [page.go_forward] * 5 + [page.reload]
    for step in steps:
        step()
        page.wait_for_load_state()
        text = page.content()
        assert "002X" not in text and PERSON not in text and "您还差" not in text
        field = page.locator("#number")
        assert field.count() == 0 or field.input_value() == ""
    page.goto(answer)
    expect(page.locator("h1")).to_have_text("您要办什么事？")
    assert len(served.desk.asked) == 1


def test_going_back_from_an_answer_and_forward_again_finds_it_gone(terminal: Page) -> None:
    page = terminal
    to_the_answer(page)
    page.go_back()
    page.wait_for_load_state()
    assert "002X" not in page.content()
    page.go_forward()
    page.wait_for_load_state()
    expect(page.locator("h1")).to_have_text("您要办什么事？")


def test_every_target_takes_a_finger(terminal: Page) -> None:
    page = terminal

    def small() -> list[str]:
        page.wait_for_load_state()
        found: list[str] = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
                .filter(e => e.checkVisibility())
                .filter(e => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 44)
                .map(e => e.outerHTML)"""
        )
        return found

    assert small() == []
    page.get_by_role("link", name=SUBSIDY.name).tap()
    expect(page.locator("h1")).to_have_text(SUBSIDY.name)
    assert small() == []
    page.get_by_role("button", name="我是本人，同意查询").tap()
    expect(page.locator("#number")).to_be_focused()
    assert small() == []
    read(page, PERSON)
    expect(page.locator("#verdict")).to_be_visible()
    assert small() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= TERMINAL_SCREEN["width"]


def test_a_terminal_without_scripts_still_answers_and_still_forgets(open_page: Open) -> None:
    page = open_page("/terminal", TERMINAL_SCREEN, java_script_enabled=False, has_touch=True)
    page.get_by_role("link", name=SUBSIDY.name).tap()
    page.get_by_role("button", name="我是本人，同意查询").tap()
    page.locator("#number").fill(PERSON)
    page.locator("#number").press("Enter")
    expect(page.locator("#verdict")).to_have_text("您还差 1 样")
    page.get_by_role("button", name="结束并清屏").tap()
    with contextlib.suppress(Error):  # the answer is passed over: its address leads on to where one is
        page.go_back()
    expect(page.locator("h1")).not_to_have_text("您还差 1 样")
    expect(page.locator("body")).not_to_contain_text("002X")
