"""A new licence that does not name one organ in force everywhere is not issued."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SHANGHAI, FixedClock
from core.settings import Mode, Settings
from hub.context import Hub
from hub.install import DEMO_BUREAU
from hub.issue import IssueIncomplete, decide, issue_all, issue_one
from hub.organ_rule import IssuerUnfit, OrganRuleBroken, require_issuer
from hub.organs import OrgansUnset
from hub.pdf import make_pdf
from hub.press import Bureau, Press
from schemas.errors import OrgansBroken
from schemas.licence_types import licence_type
from store import licences
from tests.hub.conftest import NOON
from tests.hub.old_seals import NEW_BUREAU, use_new_seal, use_seal_of, write_succession

TODAY = NOON.date()
FOOD = licence_type("food")
PLAIN = DEMO_BUREAU.name.removesuffix("（测试）")
OURS = Bureau(
    DEMO_BUREAU.name,
    DEMO_BUREAU.credit_code,
    DEMO_BUREAU.name,
    DEMO_BUREAU.es_id,
    f"{PLAIN}电子证照专用章（测试）",
)


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """An installation with nothing but the made-up table."""
    return Settings(tmp_path, "", tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)


def test_the_demos_bureau_may_issue(bare: Settings) -> None:
    require_issuer(bare, OURS, FOOD, TODAY)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "武汉市东西湖区政务服务局（测试）"}, "no organ of that code that bears that name"),
        ({"name": "武汉市东西湖区市场监督管理局（测试）"}, "no organ of that code that bears that name"),
        ({"credit_code": NEW_BUREAU.credit_code}, "no organ of that code that bears that name"),
        ({"seal_name": f"{PLAIN}财务专用章（测试）"}, "knows no seal of it"),
        ({"seal_name": "武汉市东西湖区市场监督管理局电子证照专用章（测试）"}, "knows no seal of it"),
    ],
)
def test_a_bureau_of_another_name_code_or_seal_may_not(bare: Settings, changes: dict[str, str], why: str) -> None:
    with pytest.raises(IssuerUnfit, match=why) as refusal:
        require_issuer(bare, replace(OURS, **changes), FOOD, TODAY)
    assert "No number was reserved" in refusal.value.message


def test_the_bureau_of_before_may_issue_until_its_last_day(bare: Settings) -> None:
    write_succession(bare, TODAY)
    require_issuer(bare, OURS, FOOD, TODAY - timedelta(days=1))
    with pytest.raises(IssuerUnfit):
        require_issuer(bare, OURS, FOOD, TODAY)


def test_nobody_issues_what_is_another_organs(bare: Settings) -> None:
    business = FOOD.model_copy(update={"name": "营业执照"})
    with pytest.raises(IssuerUnfit, match=r"营业执照 is 武汉市东西湖区市场监督管理局"):
        require_issuer(bare, OURS, business, TODAY)


def test_a_table_that_is_corrected_counts_at_once(bare: Settings) -> None:
    file = bare.home / "organs.toml"
    file.write_text("bureau = 1", encoding="utf-8")
    with pytest.raises(OrgansBroken):
        require_issuer(bare, OURS, FOOD, TODAY)
    write_succession(bare, TODAY + timedelta(days=1))
    require_issuer(bare, OURS, FOOD, TODAY)
    with pytest.raises(OrgansUnset):
        require_issuer(replace(bare, mode=Mode.PRODUCTION), OURS, FOOD, TODAY)


def test_no_press_makes_a_licence_but_that_of_the_organ_in_force(ready: Hub) -> None:
    # One hub for the whole story: to fill one takes longer than all that follows.
    first, second = decide(ready).to_issue[:2]
    strange = (
        replace(DEMO_BUREAU, name="武汉市东西湖区园林局（测试）", es_id="42011200000021"),
        replace(DEMO_BUREAU, credit_code=NEW_BUREAU.credit_code, es_id="42011200000022"),
        replace(DEMO_BUREAU, caption="财务专用章", es_id="42011200000023"),
    )
    for number, bureau in enumerate(strange):
        use_seal_of(ready, bureau, NOON, f"strange-{number}")
        with pytest.raises(IssueIncomplete, match=IssuerUnfit.code):
            issue_all(ready, [first])
    assert licences.every(ready.connection) == [], "no number was used"
    ready.settings.keys.joinpath("press.toml").unlink()

    effective = TODAY + timedelta(days=10)
    write_succession(ready.settings, effective)
    assert issue_all(ready, [first])

    class Killed(Exception):
        pass

    def die(step: str) -> None:
        if step == "licence.reserved":
            raise Killed

    with pytest.raises(Killed):
        issue_one(ready, second, Press.open(ready.settings), die)

    # The organ changes between the number and the seal.
    later = _noon(effective)
    moved = replace(ready, clock=FixedClock(later))
    use_new_seal(moved, later)
    with pytest.raises(OrganRuleBroken, match=r"face\.|certificate\.differs") as refusal:
        issue_one(moved, second, Press.open(ready.settings))
    assert "not published" in refusal.value.message
    assert [one.state for one in licences.every(ready.connection)] == ["published", "reserved"]
    assert len(list((ready.settings.home / "licences").rglob("*.ofd"))) == 1

    issued = licences.by_approval(ready.connection, first)
    assert issued is not None
    with pytest.raises(OrganRuleBroken, match=r"certificate\.differs.*hub licences reseal"):
        make_pdf(moved, issued.number, ready.settings.home / "copy.pdf")
    assert not (ready.settings.home / "copy.pdf").exists()


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
