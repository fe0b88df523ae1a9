"""A plain sheet leaves only under a seal that may be used, verified, with its use written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.digest import sm3
from core.errors import HubError
from documents.errors import GlyphMissing
from documents.package import Package
from documents.reader import Reader
from hub.context import Hub
from hub.organ_rule import IssuerUnfit
from hub.press import Press
from hub.seals import Change, add_demo, change, uses
from hub.sheets import Sheet, SheetRefusedByVerifier, Table, seal_sheet
from hub.verify import verify_file
from store.errors import SealNotActive
from tests.hub.conftest import NOON
from tests.hub.old_seals import write_succession
from tests.preparing import demo_keys

ROWS = tuple((str(n), f"420112-food-2026-{n:05d}", "食品经营许可核发", "永久") for n in range(1, 41))
SHEET = Sheet(
    title="档案移交清单",
    number="YJ-2026-0001",
    made_on=date(2026, 11, 20),
    lines=(("接收单位", "武汉市东西湖区档案馆"),),
    tables=(Table("目录", ("序号", "电子文件号", "事项", "保管期限"), ROWS),),
)


@pytest.fixture
def sealing(hub: Hub) -> Hub:
    demo_keys(hub.settings, hub.clock)
    add_demo(hub)
    return hub


def outcomes(hub: Hub) -> list[tuple[str, str, str]]:
    return [(one.use.case_no, one.use.document_kind, one.use.outcome) for one in reversed(uses(hub))]


def test_a_sheet_of_several_pages_is_sealed_verified_and_its_use_is_known(sealing: Hub) -> None:
    seen: list[tuple[str, list[str]]] = []
    made = seal_sheet(
        sealing, SHEET, case_no="YJ-2026-0001",
        on_step=lambda step: seen.append((step, [one[2] for one in outcomes(sealing)])),
    )  # fmt: skip
    assert seen == [
        ("sheet.drawn", []),
        ("sheet.intended", ["intended"]),
        ("sheet.sealed", ["intended"]),
        ("sheet.verified", ["intended"]),
        ("sheet.recorded", ["sealed"]),
    ]
    report = verify_file(made.data, sealing.settings, at=NOON)
    assert report.verdict.value == "valid"
    (use,) = [one.use for one in uses(sealing)]
    assert (use.id, use.document_sm3, use.licence_number) == (made.use, made.sm3, None)
    assert made.sm3 == sm3(made.data)
    package = Package.read(made.data)
    assert made.pages == sum(1 for _ in Reader(package).pages()) > 1
    organ = Press.open(sealing.settings).bureau.name
    assert organ in Reader(package).page_text().values() and "测试" in organ
    # Whatever page is changed, the seal does not hold any more.
    for number in range(made.pages):
        path = f"Doc_0/Pages/Page_{number}/Content.xml"
        changed = package.with_entries({path: package.entries[path].replace(b"2026", b"2027", 1)})
        assert verify_file(changed.to_bytes(), sealing.settings, at=NOON).verdict.value == "invalid"


def test_nothing_is_sealed_that_cannot_be_drawn_or_under_a_seal_that_may_not_be_used(sealing: Hub) -> None:
    def refused(error: type[HubError], sheet: Sheet = SHEET) -> None:
        with pytest.raises(error):
            seal_sheet(sealing, sheet, case_no="YJ-2026-0001")
        assert outcomes(sealing) == []

    refused(GlyphMissing, replace(SHEET, notes=("\U00020bb7",)))
    write_succession(sealing.settings, NOON.date())
    refused(IssuerUnfit)
    (sealing.settings.home / "organs.toml").unlink()
    change(sealing, "42011200000001", Change.SUSPENDED, who="x", reason="x")
    refused(SealNotActive)


def test_what_our_verifier_refuses_leaves_never_and_its_use_is_closed(
    sealing: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Press.open(sealing.settings)
    other = replace(opened, bureau=replace(opened.bureau, seal_id="42011200000009"))
    monkeypatch.setattr(Press, "open", lambda _: other)
    with pytest.raises(SheetRefusedByVerifier, match="Nobody got it"):
        seal_sheet(sealing, SHEET, case_no="YJ-2026-0001")
    assert outcomes(sealing) == [("YJ-2026-0001", "sheet", "abandoned")]


def test_a_use_that_a_dead_process_left_is_closed_by_the_next(sealing: Hub) -> None:
    def die(step: str) -> None:
        if step == "sheet.sealed":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_sheet(sealing, SHEET, case_no="YJ-2026-0001", on_step=die)
    seal_sheet(sealing, SHEET, case_no="YJ-2026-0001")
    seal_sheet(sealing, SHEET, case_no="YJ-2026-0002")
    assert [one[2] for one in outcomes(sealing)] == ["abandoned", "sealed", "sealed"]
