"""The report of a check as a sealed sheet and as a page: all of it, once, and "not done" never looks like passed."""

from __future__ import annotations

import re

import pytest

from archive.report import Status
from documents.package import Package
from documents.reader import Reader
from hub.check_page import fragment, page
from hub.check_reports import CheckUnknown, KeptReport, PackageNotHeld, newest, report_of
from hub.check_sheets import ReportAltered, is_sealed, sealed
from hub.check_view import view_of
from hub.context import Hub
from hub.deposit import deposit_all
from hub.files import FileAltered
from hub.issue import decide, issue_all
from hub.seals import add_demo, uses
from hub.verify import verify_file
from store import archive_checks
from store.archive_checks import CheckEntry
from store.connection import fetch_all, transaction
from tests.hub.conftest import NOON
from tests.preparing import demo_keys

#: As a sender may call his file: a character no font of ours has, and a line feed.
NAME = "过程文件/\U00020bb7\n.pdf"


def item(key: str, status: Status, **changed: object) -> dict[str, object]:
    said = [] if status is Status.PASSED else [{"zh": "须在档案库内检测", "en": "only there", "path": None}]
    return {
        "key": key, "code": "CQ-1-1", "property": "真实性", "title": {"zh": f"项目{key}", "en": key},
        "status": status.value, "weight": 1, "veto": False, "findings": said, **changed,
    }  # fmt: skip


def kept(hub: Hub, file_no: str = "X-1", verdict: str = "invalid", **changed: object) -> KeptReport:
    """A report as another machine may have left it."""
    report = {
        "standard": "DA/T 70-2018", "stage": "CQ", "verdict": verdict, "electronic_file_no": file_no,
        "scheme": {"name": "演示方案", "verified": False}, "vetoes": ["CQ-1-1"], "sm3": "ab" * 32, "bytes": 1234567,
        "items": [
            item("a", Status.PASSED),
            item("b", Status.FAILED, veto=True, findings=[{"zh": "不符", "en": "not so", "path": NAME}]),
            item("c", Status.NOT_CHECKED),
            item("d", Status.WARNED),
        ],
        **changed,
    }  # fmt: skip
    archive_checks.keep(hub.connection, file_no, CheckEntry("CQ", verdict, {"真实性": 33.3}, report), NOON)
    return report_of(hub, file_no)


@pytest.fixture
def sealing(hub: Hub) -> Hub:
    demo_keys(hub.settings, hub.clock)
    add_demo(hub)
    return hub


def words(data: bytes) -> str:
    return "".join(Reader(Package.read(data)).page_text().values())


def test_a_real_report_is_sealed_whole_once_and_the_same_file_is_given_again(ready: Hub) -> None:
    issue_all(ready, decide(ready).to_issue[:1])
    (file_no,) = deposit_all(ready)
    report = report_of(ready, file_no)
    assert not is_sealed(ready, report)
    data = sealed(ready, report)
    assert is_sealed(ready, report) and sealed(ready, report_of(ready, file_no, report.id)) == data
    assert verify_file(data, ready.settings, at=NOON).verdict.value == "valid"
    view = view_of(report)
    assert [(use.use.case_no, use.use.document_kind) for use in uses(ready, case_no=view.number)] == [
        (view.number, "sheet")
    ]
    told = words(data)
    for needed in (file_no, "归档（GD）", "检测结论", "合格", "（未核实）", report.sm3[:20]):
        assert needed in told
    flat, html = told.replace("\n", ""), page(view)
    for one in report.report["items"]:
        assert one["title"]["zh"] in html
    for group in view.groups:
        assert all(one.title[:6] in flat for one in group.items)
    # What was not done is neither called passed nor counted with it.
    statuses = [one["status"] for one in report.report["items"]]
    assert view.unchecked == statuses.count("not_checked") > 0
    assert sum(group.counts["合格"] for group in view.groups) == statuses.count("passed")
    assert f"另有 {view.unchecked} 项未检测" in flat
    assert all(one.told for group in view.groups for one in group.items if one.result == "未检测")


def test_failures_vetoes_and_what_a_sender_called_his_files_are_told(sealing: Hub) -> None:
    report = kept(sealing)
    flat = words(sealed(sealing, report))
    for needed in ("不合格", "一票否决", "〔U+20BB7〕〔U+000A〕.pdf", "演示方案（未核实）", "须在档案库内检测", "33.3"):
        assert needed in flat
    html = fragment(view_of(kept(sealing, "X-2", vetoes=["<script>"])))
    assert "<script>" not in html and "&lt;script&gt;" in html
    looks = re.findall(r'<span class="chip (\w+)">(\w+)</span>', html)
    assert looks == [("bad", "不合格"), ("good", "合格"), ("bad", "不合格"), ("idle", "未检测"), ("warn", "注意")]


def test_a_file_that_could_not_be_read_has_a_report_that_says_so(sealing: Hub) -> None:
    report = {
        "standard": "DA/T 70-2018", "stage": "CQ", "verdict": "invalid", "electronic_file_no": "X-3", "items": [],
        "keeping": {"fault": "its file is gone", "in_log": True},
    }  # fmt: skip
    archive_checks.keep(sealing.connection, "X-3", CheckEntry("CQ", "invalid", {}, report), NOON)
    made = report_of(sealing, "X-3")
    assert "文件缺失" in words(sealed(sealing, made)) and "文件缺失" in page(view_of(made))


def test_what_was_changed_is_not_sealed_not_shown_and_not_given_out(sealing: Hub) -> None:
    report = kept(sealing)
    with transaction(sealing.connection) as cursor:
        cursor.execute("alter table archive_check disable trigger user")
        cursor.execute("update archive_check set report = report - 'items'")
        cursor.execute("alter table archive_check enable trigger user")
    changed = report_of(sealing, "X-1")
    assert "检测记录已被改动" in page(view_of(changed)) and "演示方案" not in page(view_of(changed))
    with pytest.raises(ReportAltered):
        sealed(sealing, changed)
    assert uses(sealing) == []
    good = kept(sealing, "X-2")
    sealed(sealing, good)
    (path,) = (sealing.settings.home / "archive" / "reports").rglob("*.ofd")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(FileAltered):
        sealed(sealing, good)
    assert report.id != good.id


def test_one_that_dies_before_it_is_recorded_is_made_anew(sealing: Hub) -> None:
    class Killed(BaseException):
        pass

    def die(step: str) -> None:
        if step == "report.written":
            raise Killed

    report = kept(sealing)
    with pytest.raises(Killed):
        sealed(sealing, report, die)
    data = sealed(sealing, report)
    assert data == sealed(sealing, report)
    assert fetch_all(sealing.connection, "select count(*) from archive_check_sheet") == [(1,)]


def test_one_check_is_found_by_its_number_and_the_newest_of_a_verdict_first(sealing: Hub) -> None:
    first, second = kept(sealing), kept(sealing)
    other = kept(sealing, "X-2", "valid")
    assert report_of(sealing, "X-1").id == second.id
    assert report_of(sealing, "X-1", first.id).id == first.id
    with pytest.raises(CheckUnknown):
        report_of(sealing, "X-1", other.id)
    with pytest.raises(PackageNotHeld):
        report_of(sealing, "X-9")
    assert [one.id for one in newest(sealing)] == [other.id, second.id, first.id]
    assert [one.id for one in newest(sealing, verdict="invalid", before=second.id)] == [first.id]
    assert [one.id for one in newest(sealing, limit=1)] == [other.id]
