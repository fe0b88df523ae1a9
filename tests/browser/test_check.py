"""The public check in a real browser: every verdict on a phone and at a desk, typed, dropped, and without script."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.checking_outcome import WORDS
from tests.browser.conftest import DESK_SCREEN, Open
from tests.hub.access_files import access_text
from tests.serving import serving
from tests.web.check_samples import AT, IDENTIFIER, NEWER, SAMPLES, SampleChecks
from tests.web.samples import Sample
from web.app import create_app

pytestmark = pytest.mark.world

Picture = Callable[..., Path]
PHONE = {"width": 390, "height": 844}
_LOOKED_AT = bool(os.environ.get("HUB_TEST_PICTURES"))
#: Puts a file into the page's drop zone as a hand would.
DROP = """([name, size, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text + "x".repeat(size)], name));
  const zone = document.querySelector("#file-form");
  zone.dispatchEvent(new DragEvent("dragover", {dataTransfer: carried, bubbles: true, cancelable: true}));
  zone.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


@dataclass
class Asked:
    """A served check and what it was asked."""

    url: str
    checks: SampleChecks


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Asked]:
    checks = SampleChecks()
    (tmp_path / "access.toml").write_text(access_text() + "\n[limits]\nchecks_per_address = 10000\n", encoding="utf-8")
    settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)
    app = create_app(settings, Sample(), FixedClock(AT), checks=checks)
    with serving(app) as url:
        yield Asked(url, checks)


@pytest.mark.parametrize("screen", [PHONE, DESK_SCREEN], ids=["phone", "desk"])
def test_each_verdict_is_seen_first_and_is_no_trouble_to_read(
    open_page: Open,
    served: Asked,
    picture: Picture,
    judged_by_axe: Callable[[Page], None],
    screen: dict[str, int],
) -> None:
    page = open_page("/verify", screen)
    shape = "phone" if screen is PHONE else "desk"
    # All of them where somebody looks at the pictures; else all on a phone, and at a desk one of each shape.
    names = sorted(SAMPLES) if screen is PHONE or _LOOKED_AT else ["annotated", "superseded", "tampered"]
    for name in names:
        if SAMPLES[name].checked.report is None:
            page.goto(f"{served.url}/v/{name}")
        else:
            page.goto(f"{served.url}/verify")
            page.set_input_files("#file", file_of(name))
            page.click("#file-form button")
        heading_is(page, name)
        picture(page, f"check-{name}-{shape}-first")
        for one in page.locator("details").all():
            one.evaluate("one => one.open = true")
        if _LOOKED_AT:
            picture(page, f"check-{name}-{shape}", whole=True)
        judged_by_axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        box = page.locator("h1").bounding_box()
        assert box is not None and box["y"] + box["height"] < screen["height"] / 2, name


@pytest.mark.parametrize("screen", [PHONE, DESK_SCREEN], ids=["phone", "desk"])
def test_the_form_reads_well(
    open_page: Open, picture: Picture, judged_by_axe: Callable[[Page], None], screen: dict[str, int]
) -> None:
    page = open_page("/verify", screen)
    picture(page, f"check-form-{'phone' if screen is PHONE else 'desk'}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    judged_by_axe(page)


def test_a_dropped_file_is_judged_and_the_next_one_too(open_page: Open, served: Asked, picture: Picture) -> None:
    page = open_page("/verify")
    page.evaluate(DROP, ["a.ofd", 0, "tampered"])
    heading_is(page, "tampered")
    expect(page.locator("#verdict")).to_be_focused()
    expect(page).to_have_title("被篡改 · 一证通办数据共享枢纽")
    page.evaluate(DROP, ["b.pdf", 0, "valid_file"])
    heading_is(page, "valid_file")
    assert served.checks.asked == [b"tampered", b"valid_file"]


def test_what_is_too_large_is_refused_before_it_is_sent(open_page: Open, served: Asked, picture: Picture) -> None:
    page = open_page("/verify")
    page.evaluate(DROP, ["large.ofd", 50 * 2**20, "x"])
    expect(page.locator("#told")).to_contain_text("文件超过 20 MB，没有发送")
    picture(page, "check-too-large")
    expect(page.locator("h1")).to_contain_text("验证电子证照")
    page.evaluate(DROP, ["a.ofd", 0, "valid_file"])
    heading_is(page, "valid_file")
    assert served.checks.asked == [b"valid_file"]


def test_without_script_it_is_refused_by_a_page_and_not_by_a_broken_line(
    open_page: Open, served: Asked, picture: Picture, tmp_path: Path
) -> None:
    large = tmp_path / "large.ofd"
    large.write_bytes(bytes(50 * 2**20))
    page = open_page("/verify", java_script_enabled=False)
    page.set_input_files("#file", large)
    page.click("#file-form button")
    expect(page.locator("[role=alert]")).to_contain_text("文件超过 20 MB，未验证")
    assert served.checks.asked == []


def test_a_file_dropped_beside_the_zone_does_not_take_the_page_away(open_page: Open, served: Asked) -> None:
    page = open_page("/verify")
    taken = page.evaluate(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File(["x"], "a.ofd"));
          const one = new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true});
          document.querySelector("h1").dispatchEvent(one);
          return one.defaultPrevented;
        }"""
    )
    assert taken and served.checks.asked == []


def test_identifier_and_number_are_typed_with_the_keyboard_alone(open_page: Open, served: Asked) -> None:
    page = open_page("/verify", PHONE)
    page.locator("#identifier").focus()
    page.keyboard.type(IDENTIFIER)
    page.keyboard.press("Tab")
    page.keyboard.type("superseded")
    page.keyboard.press("Enter")
    heading_is(page, "superseded")
    assert NEWER not in page.content()
    assert served.checks.asked == [(IDENTIFIER, "superseded")]
    assert page.url.endswith("/verify/number") and IDENTIFIER not in page.url


def test_who_mistyped_finds_his_words_again(open_page: Open) -> None:
    page = open_page("/verify")
    page.fill("#identifier", IDENTIFIER)
    page.fill("#number", "wrong")
    page.click(".typed button")
    heading_is(page, "not_found")
    assert (page.input_value("#identifier"), page.input_value("#number")) == (IDENTIFIER, "wrong")


def test_a_scanned_code_leads_to_the_verdict_and_on_to_the_newer_version(open_page: Open, served: Asked) -> None:
    page = open_page("/v/superseded", PHONE)
    heading_is(page, "superseded")
    page.click("text=查看新版")
    page.wait_for_url(f"**/v/{NEWER}")
    assert served.checks.asked == ["superseded", NEWER]
    # Not even the next page of the same site learns the address with the token.
    assert page.evaluate("document.referrer") == ""


def test_all_of_it_works_without_script(open_page: Open, served: Asked) -> None:
    page = open_page("/verify", PHONE, java_script_enabled=False)
    expect(page.locator("#drop-hint")).to_be_hidden()
    page.set_input_files("#file", file_of("foreign"))
    page.click("#file-form button")
    heading_is(page, "foreign")
    page.fill("#identifier", IDENTIFIER)
    page.fill("#number", "revoked")
    page.click(".typed button")
    heading_is(page, "revoked")


def file_of(name: str) -> FilePayload:
    return {"name": "证照.ofd", "mimeType": "application/ofd", "buffer": name.encode()}


def heading_is(page: Page, name: str) -> None:
    words = WORDS[SAMPLES[name].checked.outcome]
    expect(page.locator("h1")).to_contain_text(words.zh)
    expect(page.locator("h1 [lang=en]")).to_have_text(words.en)
