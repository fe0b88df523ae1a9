"""The page of an audit of seals and a report's covering page, opened from disk: on a desk's screen and on a phone's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.settings import Mode, Settings
from hub.old_stock import PKI, make_old_stock
from hub.seals_auditing import Wanted, audit_folders
from hub.verify import read_anchors

SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("seals")
    settings = Settings(folder, "", folder / "sources.toml", folder / "keys", Mode.DEMO)
    make_old_stock(settings, folder / "old")
    (folder / "old" / "rubbish.ofd").write_text("rubbish")
    audit_folders(
        settings,
        [folder / "old"],
        Wanted(page=folder / "audit.html", reports=folder / "reports"),
        anchors=read_anchors([folder / "old" / PKI / "root-cert.pem"]),
        on_row=lambda row: None,
        on_progress=lambda done, total: None,
    )
    return {"audit": folder / "audit.html", "report": folder / "reports" / "11420112MB0000002U.html"}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("which", ["audit", "report"])
def test_it_stands_alone_fits_the_screen_and_can_be_read_by_all(
    browser: Browser,
    results: dict[str, Path],
    which: str,
    screen: str,
    judged_by_axe: Callable[[Page], None],
    picture: Callable[..., Path],
) -> None:
    context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN")  # type: ignore[arg-type]
    try:
        page, asked = context.new_page(), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(results[which].as_uri())
        assert asked == [results[which].as_uri()], "nothing but the file itself"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        judged_by_axe(page)
        picture(page, f"seals-{which}-{screen}", whole=True)
        if which == "audit":
            words = page.locator("main").inner_text()
            assert "hub licences reseal --organ 11420112MB0000001Q" in words
            assert "占位，未核实" in words
            assert page.locator("table.licences tbody tr").count() == 7
    finally:
        context.close()
