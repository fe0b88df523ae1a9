"""The desk in a real browser: a clerk's morning, keyboard only, a reader's burst, and what barrier-free means."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.errors import Retryable
from tests.browser.conftest import DESK_SCREEN, Open, Served
from tests.browser.reading import read
from tests.web.counter_samples import CLAUSE, COMPLETE, HR, MIXED, PERSON, PROMISING, SUBSIDY, WRONG

Take = Callable[..., Path]
Judge = Callable[[Page], None]


def choose(page: Page, initials: str, name: str) -> None:
    page.locator("#search").fill(initials)
    page.keyboard.press("Enter")
    expect(page.locator(".chosen strong")).to_have_text(name)
    expect(page.locator("#number")).to_be_focused()


def verdict(page: Page, words: str) -> None:
    expect(page.locator("#verdict")).to_have_text(words)
    expect(page.locator("#verdict")).to_be_focused()


def test_a_clerks_morning(open_page: Open, served: Served, picture: Take, judged_by_axe: Judge) -> None:
    page = open_page("/desk")
    expect(page).to_have_title("窗口查询 · 一证通办数据共享枢纽")
    expect(page.locator("#search")).to_be_focused()
    picture(page, "desk-01-start")
    judged_by_axe(page)

    # half past eight: a company with everything there
    page.keyboard.type("rlzy", delay=40)
    expect(page.locator("#found strong")).to_have_text([HR.name])
    picture(page, "desk-02-search")
    judged_by_axe(page)
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    page.keyboard.type(COMPLETE[:10], delay=20)
    expect(page.locator("#number-verdict")).to_have_text("已输入 10 位")
    page.keyboard.type(COMPLETE[10:], delay=20)
    expect(page.locator("#number-verdict")).to_have_text("统一社会信用代码，校验码正确")
    picture(page, "desk-03-number")
    page.keyboard.press("Enter")
    verdict(page, "无需提交任何材料")
    expect(page.locator("#number")).to_have_value("")
    picture(page, "desk-04-nothing-to-bring")
    judged_by_axe(page)
    page.get_by_role("button", name="受理", exact=True).click()
    expect(page.locator(".about-line")).to_contain_text("已结束：受理")
    assert served.desk.closed == [("4201122026030500001", "accepted")]

    # the next one: the number is misread first, then right; a certificate is missing and promised
    page.keyboard.press("F8")
    expect(page.locator(".answer.none")).to_be_visible()
    expect(page.locator("#number")).to_be_focused()
    page.wait_for_load_state()
    page.keyboard.type(PROMISING[:-1] + "K")
    expect(page.locator("#number-verdict")).to_contain_text("校验码不符")
    page.keyboard.press("Enter")
    expect(page.locator("#errors h2")).to_have_text("有 1 处需要更正，尚未查询")
    expect(page.locator("#number")).to_be_focused()
    picture(page, "desk-05-misread")
    judged_by_axe(page)
    read(page, PROMISING)  # what is wrong is selected, so it is replaced
    verdict(page, "还需 2 项")
    picture(page, "desk-06-stale-and-missing")
    judged_by_axe(page)
    page.locator("#m-M4 input[value=promise]").check()
    expect(page.locator("#m-M4 q")).to_have_text(CLAUSE)
    page.locator("#m-M3 input[value=later]").check()
    page.get_by_role("button", name="转入办件").click()
    verdict(page, "待补 1 项")
    expect(page.locator(".done")).to_contain_text("已转入办件 4201122026030500002")
    expect(page.locator("#m-M4 .state")).to_have_text("告知承诺")
    assert served.desk.settled == [("4201122026030500002", "M3", "later"), ("4201122026030500002", "M4", "promise")]
    picture(page, "desk-07-handed-over", whole=True)
    judged_by_axe(page)

    # printing
    page.evaluate("window.print = () => { document.documentElement.dataset.printed = 'yes' }")
    page.keyboard.press("F9")
    expect(page.locator("html")).to_have_attribute("data-printed", "yes")
    page.emulate_media(media="print")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator(".sign")).to_be_visible()
    picture(page, "desk-08-print", whole=True)
    page.pdf(path=picture(page, "desk-08-print-2").with_suffix(".pdf"), prefer_css_page_size=True)
    page.emulate_media(media="screen")

    # two departments say different things, one does not answer; the card is read before any field was gone to
    page.keyboard.press("F8")
    expect(page.locator(".answer.none")).to_be_visible()
    page.wait_for_load_state()
    page.evaluate("document.activeElement.blur()")
    read(page, MIXED)
    verdict(page, "还需 3 项")
    expect(page.locator(".differ tbody tr").first.locator("td")).to_have_text(["李样例", "王样例"])
    picture(page, "desk-09-conflict")
    picture(page, "desk-09-conflict-whole", whole=True)
    judged_by_axe(page)

    # a citizen with another item; the case was opened earlier, and its number is mistyped once
    page.keyboard.press("F2")
    expect(page.locator("#search")).to_be_focused()
    choose(page, "lhjy", SUBSIDY.name)
    page.locator("#case_no").fill("4201122026030599999")
    expect(page.locator("[name=case][value=existing]")).to_be_checked()
    page.locator("#number").fill(" １１０１０５ 19491231 002x ")
    expect(page.locator("#number-verdict")).to_have_text("公民身份号码，校验码正确")
    page.locator("#number").press("Enter")
    expect(page.locator("#case_no")).to_be_focused()
    expect(page.locator("#case-wrong")).to_contain_text("HUB-863")
    page.locator("#case_no").fill("4201122026030500003")
    page.locator("#case_no").press("Enter")
    verdict(page, "还需 1 项")
    assert [asked[1:] for asked in served.desk.asked] == [
        (HR.code, "acceptance", "4201122026030500001"),
        (HR.code, "acceptance", "4201122026030500002"),
        (HR.code, "acceptance", "4201122026030500003"),
        (SUBSIDY.code, "acceptance", "4201122026030500003"),
    ]

    # noon: nothing of the morning stands in the browser
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    for number in (COMPLETE, PROMISING, MIXED, PERSON):
        assert number not in page.content() and number not in page.url and number not in page.title()
        assert number not in stored and number[-4:] not in stored


def test_four_materials_stand_on_one_screen_of_1366_by_768(open_page: Open, served: Served) -> None:
    page = open_page(f"/desk?item={HR.code}")
    for number in (COMPLETE, MIXED):
        page.locator("#number").fill(number)
        page.locator("#number").press("Enter")
        expect(page.locator(".material")).to_have_count(4)
        assert page.evaluate("scrollY") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= DESK_SCREEN["width"]
        for row in page.locator(".material .state span").all():
            box = row.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= DESK_SCREEN["height"]


@pytest.mark.parametrize("width", [1366, 1024, 640, 320])
def test_no_screen_scrolls_sideways(open_page: Open, width: int) -> None:
    page = open_page(f"/desk?item={HR.code}", {"width": width, "height": 768})
    page.locator("#number").fill(MIXED)
    page.locator("#number").press("Enter")
    expect(page.locator(".material")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_alone_serves_an_applicant(open_page: Open, served: Served) -> None:
    page = open_page("/desk")
    page.keyboard.type("xk", delay=30)
    # the list for the first letter may come first, and is taken away again under a hand that is quicker
    expect(page.locator("#found[data-for=xk]")).to_be_visible()
    expect(page.locator("#found li")).to_have_count(5)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#found button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_be_focused()
    read(page, MIXED)
    verdict(page, "还需 3 项")
    seen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.value || document.activeElement.textContent.trim()"))
        shown = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement), l = document.activeElement.closest('label');"
            " const o = l ? getComputedStyle(l) : s;"
            " return s.outlineStyle !== 'none' || o.outlineStyle !== 'none' }"
        )
        assert shown, f"no visible focus on {seen[-1]}"
        if page.evaluate("document.activeElement.name") == "take-M4":
            break
    assert page.evaluate("document.activeElement.value") == "promise"
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible()
    assert served.desk.settled == [("4201122026030500001", "M4", "promise")]


def test_the_first_tab_leads_past_the_head_of_the_page(open_page: Open) -> None:
    page = open_page("/desk/answer/none")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()


def test_a_card_read_into_the_search_field_goes_to_the_number(open_page: Open, served: Served) -> None:
    page = open_page("/desk")
    expect(page.locator("#search")).to_be_focused()
    read(page, PERSON)
    expect(page.locator("#number")).to_have_value(PERSON)
    expect(page.locator("#search")).to_have_value("")
    expect(page.locator("#errors")).to_contain_text("请先选择办理事项")
    assert served.desk.asked == []


def test_enter_before_the_list_has_come_chooses_from_the_right_list(open_page: Open) -> None:
    page = open_page("/desk")
    page.keyboard.type("lhjy", delay=1)
    page.keyboard.press("Enter")
    expect(page.locator(".chosen strong")).to_have_text(SUBSIDY.name)


def test_without_scripts_everything_but_comfort_works(open_page: Open, served: Served) -> None:
    page = open_page("/desk", java_script_enabled=False)
    page.locator("#search").fill("rlzy")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("button", name=HR.name).click()
    page.locator("#number").fill(WRONG)
    page.locator("#number").press("Enter")
    expect(page.locator("#errors")).to_be_visible()
    page.locator("#number").fill(MIXED)
    page.locator("#number").press("Enter")
    expect(page.locator("#verdict")).to_have_text("还需 3 项")
    assert re.search(r"/desk/answer/[\w-]{24}$", page.url)
    page.locator("#m-M4 input[value=promise]").check()
    page.get_by_role("button", name="转入办件").click()
    expect(page.locator("#verdict")).to_have_text("还需 2 项")
    page.get_by_role("link", name="下一位").click()
    expect(page.locator(".answer.none")).to_be_visible()
    expect(page.locator(".chosen strong")).to_have_text(HR.name)


def test_a_hub_or_a_line_that_is_down_says_so_and_keeps_the_form(
    open_page: Open, served: Served, picture: Take, judged_by_axe: Judge
) -> None:
    page = open_page(f"/desk?item={HR.code}")
    served.desk.error = Retryable("no answer from db.internal")
    page.locator("#number").fill(COMPLETE)
    page.locator("#number").press("Enter")
    expect(page.locator("#errors")).to_contain_text("系统暂时无法完成")
    expect(page.locator("#errors")).to_contain_text("4201122026030500001")
    assert "db.internal" not in page.content()
    picture(page, "desk-10-hub-down")
    judged_by_axe(page)
    served.desk.error = None
    page.context.set_offline(True)
    page.locator("#number").press("Enter")
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)
    page.locator("#number").press("Enter")
    verdict(page, "无需提交任何材料")
    expect(page.locator("#offline")).to_be_hidden()
    assert list(served.desk.cases) == ["4201122026030500001"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("/verify", "verify"),
        ("/quarantine", "quarantine"),
        ("/nowhere", "not-found"),
        ("/desk/answer/AAAAAAAAAAAAAAAAAAAAAAAA", "gone"),
        ("/terminal/item/NONE", "terminal-problem"),
    ],
)
def test_every_other_page_is_barrier_free_too(
    open_page: Open, picture: Take, judged_by_axe: Judge, path: str, name: str
) -> None:
    page = open_page(path)
    picture(page, f"page-{name}")
    judged_by_axe(page)


def test_fingers_and_pointers_find_targets_large_enough(open_page: Open) -> None:
    page = open_page(f"/desk?item={HR.code}")
    page.locator("#number").fill(MIXED)
    page.locator("#number").press("Enter")
    expect(page.locator(".material")).to_have_count(4)
    small = page.evaluate(
        "() => [...document.querySelectorAll('main a, main button, main input:not([type=hidden]), main select, nav a')]"
        ".map(e => [e.closest('label') || e, e]).map(([b, e]) => [e.outerHTML, b.getBoundingClientRect(), e])"
        ".filter(([, b, e]) => !e.matches('.out, [tabindex=\"-1\"]') && b.width && Math.min(b.width, b.height) < 24)"
        ".map(([h]) => h)"
    )
    assert small == []


def test_motion_is_not_forced_on_anybody() -> None:
    for file in (Path(__file__).parents[2] / "web" / "static").glob("*.css"):
        text = file.read_text(encoding="utf-8")
        moving = re.findall(r"(?:transition|animation|scroll-behavior)\s*:", text)
        assert moving == [], file.name
