"""档案检测 for staff: who sees and who seals, what the list filters, and that reading an address seals nothing."""

from __future__ import annotations

import pytest

from hub.context import Hub, open_hub
from hub.seals import add_demo, uses
from hub.verify import verify_file
from tests.hub.test_check_sheets import kept
from tests.preparing import demo_keys
from tests.web.conftest import MORNING, Site
from tests.web.test_sign_in import csrf, sign_in


@pytest.fixture
def checked(site: Site) -> list[int]:
    """Numbers of three checks: invalid, valid, cannot tell."""
    with open_hub(site.settings, site.clock) as hub:
        demo_keys(site.settings, site.clock)
        add_demo(hub)
        return [kept(hub, f"X-{n}", verdict).id for n, verdict in enumerate(("invalid", "valid", "cannot_tell"), 1)]


def test_staff_with_the_role_see_reports_and_an_archivist_has_one_sealed(site: Site, checked: list[int]) -> None:
    stranger, clerk, auditor, archivist = (site.browser() for _ in range(4))
    sign_in(clerk)
    sign_in(auditor, "auditor")
    sign_in(archivist, "archivist")
    page = f"/archive/packages/X-1/checks/{checked[0]}"
    for path in ("/archive/checks", page, f"{page}/report.ofd"):
        assert stranger.get(path).headers["location"].startswith("/sign-in")
        assert clerk.get(path).status_code == 403
    for reader in (auditor, archivist):
        shown = reader.get(page)
        assert shown.status_code == 200 and "演示方案（未核实）" in shown.text and "不合格" in shown.text
        assert reader.get(f"{page}/report.ofd").status_code == 404, "nobody has it yet"
    token = csrf(archivist.get(page).text)
    assert auditor.post(page, data={"csrf": csrf(auditor.get("/archive/checks").text)}).status_code == 403
    assert archivist.post(page).status_code == 403, "without its session's token"

    def outcomes(hub: Hub) -> list[str]:
        return [one.use.outcome for one in uses(hub)]

    with open_hub(site.settings, site.clock) as hub:
        assert outcomes(hub) == []
        for _ in range(2):
            done = archivist.post(page, data={"csrf": token})
            assert (done.status_code, done.headers["location"]) == (303, f"{page}/report.ofd")
        assert outcomes(hub) == ["sealed"]
    files = {reader.get(f"{page}/report.ofd").content for reader in (auditor, archivist)}
    assert len(files) == 1
    assert verify_file(files.pop(), site.settings, at=MORNING).verdict.value == "valid"
    assert "下载盖章报告" in auditor.get(page).text


def test_the_list_is_filtered_by_verdict_and_unknown_addresses_are_none(site: Site, checked: list[int]) -> None:
    archivist = site.browser()
    sign_in(archivist, "archivist")
    both = archivist.get("/archive/checks").text
    assert all(f"X-{n}" in both for n in (1, 2, 3))
    invalid = archivist.get("/archive/checks?verdict=invalid").text
    assert "X-1" in invalid and "X-2" not in invalid and "CQ-1-1" in invalid
    assert archivist.get(f"/archive/checks?before={checked[0]}").text.count("/archive/packages/") == 0
    for path, status in (
        (f"/archive/packages/X-1/checks/{checked[1]}", 404),
        ("/archive/packages/X-9/checks/1", 404),
        ("/archive/packages/X-1/checks/0", 422),
        ("/archive/packages/..%2Fkeys/checks/1", 404),
        ("/archive/checks?verdict=good", 422),
    ):
        assert archivist.get(path).status_code == status, path
