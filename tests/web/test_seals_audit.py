"""The staff's page of the latest audit of seals: who may see it, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.old_stock import make_old_stock
from hub.seals_audit_kept import Kept, latest
from hub.seals_auditing import Wanted, audit_folders
from tests.web.conftest import MORNING, Site
from tests.web.test_sign_in import sign_in


def keep_one(site: Site, folder: Path) -> None:
    make_old_stock(site.settings, folder)
    kept = Kept(MORNING)
    audit_folders(
        site.settings, [folder], Wanted(), anchors=[], clock=site.clock, on_row=kept.add,
        on_progress=lambda done, total: None,
    )  # fmt: skip
    kept.write(site.settings)


def test_an_auditor_sees_the_latest_audit_and_others_do_not(site: Site, tmp_path: Path) -> None:
    stranger, clerk, auditor = site.browser(), site.browser(), site.browser()
    sign_in(clerk)
    sign_in(auditor, "auditor")
    assert stranger.get("/seals/audit").headers["location"].startswith("/sign-in")
    assert clerk.get("/seals/audit").status_code == 403
    assert "尚未核查" in auditor.get("/seals/audit").text
    keep_one(site, tmp_path / "old")
    page = auditor.get("/seals/audit")
    assert page.status_code == 200
    assert "共 8 件" in page.text
    assert "hub licences reseal --organ 11420112MB0000001Q" in page.text
    assert "（测试）旧202300002" in page.text
    assert "本单位不作改动" in page.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 1}', '{"at": "2026-11-20T09:00:00+08:00"}'])
def test_what_is_no_audit_counts_as_none(site: Site, text: str) -> None:
    (site.settings.home / "audits").mkdir()
    (site.settings.home / "audits" / "seals-of-the-register.json").write_text(text)
    assert latest(site.settings) is None
