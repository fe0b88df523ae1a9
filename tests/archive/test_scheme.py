"""A scheme gives weights, vetoes and stages; it is read strictly, and it cannot make an unknown thing count as good."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from archive.check import ITEMS
from archive.errors import SchemeUnfit
from archive.package import build
from archive.report import Property, Stage, Status
from archive.scheme import Scheme, demo_scheme
from core.settings import Mode, Settings
from core.verdict import Verdict
from hub.check_scheme import scheme_of
from tests.archive.cases import OTHER_KEY, case, check, sign, verify

TEXT = (files("archive") / "scheme.toml").read_text(encoding="utf-8")
GOOD = build(case(), sign).data
UNVERIFIED = {"1-2", "1-4", "1-9", "2-8", "3-4", "3-5", "3-6", "3-7", "4-4", "4-5", "4-6"}


def row(key: str, name: str, value: str) -> str:
    """The demo scheme with one value changed."""
    text, changes = re.subn(rf"(\[items\.{key}\][^[]*?{name} = ).*", rf"\g<1>{value}", TEXT, count=1)
    assert changes == 1
    return text


def test_the_scheme_that_comes_with_the_hub_says_that_it_is_not_verified() -> None:
    assert not demo_scheme().verified
    assert set(demo_scheme().items) == {item.key for item in ITEMS}


def test_every_number_is_listed_and_unconfirmed_ones_are_never_passed() -> None:
    items = {item.code: item for item in check(GOOD, verify).items if item.code}
    wanted = {1: 14, 2: 11, 3: 8, 4: 7}
    assert set(items) == {f"GD-{one}-{two}" for one, most in wanted.items() for two in range(1, most + 1)}
    for number in UNVERIFIED:
        assert items[f"GD-{number}"].status is Status.NOT_CHECKED
        assert "未核实" in items[f"GD-{number}"].findings[0].zh


def test_a_score_counts_as_passed_only_what_was_looked_at_and_is_good() -> None:
    scores = {score.about: score for score in check(GOOD, verify).scores()}
    safety = scores[Property.SAFETY]
    assert safety.open > 0 and safety.failed == 0
    assert safety.percent == round(100 * safety.passed / (safety.passed + safety.open), 1) < 100
    assert scores[Property.FORM].percent == 100


def test_a_veto_is_named_and_a_failure_without_one_is_invalid_too() -> None:
    data = build(case(), OTHER_KEY.sign).data
    report = check(data, verify)
    assert [item.key for item in report.vetoes()] == ["signature"]
    mild = check(data, verify, scheme=Scheme.from_toml(row("signature", "veto", "false")))
    assert mild.vetoes() == () and mild.verdict is Verdict.INVALID


def test_an_item_not_used_at_a_stage_is_not_done_and_weighs_nothing() -> None:
    scheme = Scheme.from_toml(row("compression", "stages", '["YJ"]'))
    item = check(GOOD, verify, scheme=scheme).item("compression")
    assert (item.status, item.weight) == (Status.NOT_CHECKED, 0)
    assert check(GOOD, verify, stage=Stage.TRANSFER, scheme=scheme).item("compression").status is Status.PASSED


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "",
        TEXT.replace("verified = false", 'verified = "no"'),
        TEXT.replace("verified = false", "verified = false\nother = 1"),
        TEXT.replace("[items.virus]", "[items.viruses]"),
        TEXT + "\n[items.more]\nweight = 1\nveto = false\nstages = []\n",
        row("virus", "weight", "-1"),
        row("virus", "weight", "1.5"),
        row("virus", "weight", "true"),
        row("virus", "veto", "1"),
        row("virus", "stages", '["GD", "GD"]'),
        row("virus", "stages", '["XX"]'),
        row("virus", "stages", '"GD"'),
        row("signature", "stages", '["GD", "YJ"]'),
    ],
)
def test_a_scheme_that_is_not_as_it_must_be_is_refused(text: str) -> None:
    with pytest.raises(SchemeUnfit, match="HUB-970"):
        Scheme.from_toml(text)


def test_the_bureau_s_own_scheme_lies_in_the_home_folder(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "", tmp_path / "s", tmp_path / "k", Mode.DEMO)
    assert scheme_of(settings) is demo_scheme()
    own = tmp_path / "check-scheme.toml"
    own.write_text(TEXT.replace("演示检测方案", "本局方案").replace("verified = false", "verified = true"))
    assert (scheme_of(settings).name, scheme_of(settings).verified) == ("本局方案", True)
    own.write_bytes(b"\xff")
    with pytest.raises(SchemeUnfit):
        scheme_of(settings)
