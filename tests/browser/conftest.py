"""A served counter and a real browser. Pictures go to HUB_TEST_PICTURES, else to pytest's folder."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.serving import serving
from tests.web.counter_samples import SampleDesk, counter_app

_VENDOR = Path(__file__).parent / "vendor"
#: What the browser itself tells of a refused form or a line that is down, as tests ask for.
_EXPECTED = re.compile(
    r"the server responded with a status of|ERR_INTERNET_DISCONNECTED|^htmx:(afterRequest|sendError)"
)
DESK_SCREEN = {"width": 1366, "height": 768}
TERMINAL_SCREEN = {"width": 1080, "height": 1920}


@dataclass
class Served:
    """A running counter: its address, the hub behind it, what it logged."""

    url: str
    desk: SampleDesk


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    desk = SampleDesk()
    with serving(counter_app(tmp_path, desk)) as url:
        yield Served(url, desk)


# Not for the session: while it is there, an event loop counts as running, and what begins one of its own fails.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    given = os.environ.get("HUB_TEST_CHROMIUM")
    # the shell draws the same pages without a window's frame around them, in two thirds of the time
    program = given or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium-headless-shell or chromium is installed; set HUB_TEST_CHROMIUM to where it lies")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Open]:
    """Opens pages; the test fails when a page broke its own policy, threw, or met a server error."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_page(path: str, screen: dict[str, int] = DESK_SCREEN, **options: Any) -> Page:
        context = browser.new_context(viewport=screen, locale="zh-CN", timezone_id="Asia/Shanghai", **options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{served.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if not _EXPECTED.search(trouble)] == []


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], Path]:
    """Takes a picture of the window as a person sees it, or of the whole page."""
    given = os.environ.get("HUB_TEST_PICTURES")
    folder = Path(given) if given else tmp_path_factory.getbasetemp() / "pictures"
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, *, whole: bool = False) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=whole, caret="initial")  # hiding it would add a style
        return path

    return take


@pytest.fixture
def judged_by_axe() -> Callable[[Page], None]:
    """Fails on any violation of WCAG 2.2 AA or of axe's best practices, and says which element."""
    source = (_VENDOR / "axe.min.js").read_text(encoding="utf-8")

    def judge(page: Page) -> None:
        page.evaluate(source)  # by the debugger: the page's own policy would not let it in
        found = page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa',"
            " 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})).violations.map(v => v.id + ': ' +"
            " v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))"
        )
        assert found == []

    return judge
