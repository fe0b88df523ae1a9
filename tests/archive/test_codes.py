"""A 档号 is put together by a rule that is data, and judged by the same rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from archive.case import ArchiveCode
from archive.check import Policy, check
from archive.codes import CodeRule
from archive.errors import CodesUnfit
from archive.package import build
from archive.reading import read_case
from archive.report import Status
from archive.retention import Retention
from tests.archive.cases import case, sign, verify

RULE = """
verified = true
fonds = "T001"
category = "XK"
unit = "01"
pattern = "{fonds}-{category}·{year}-{retention}-{item:04}"
[retention]
"永久" = "Y"
"定期10年" = "D10"
[categories]
"I-2" = "DJ"
"""
DAY = date(2024, 12, 31)


def code(item: str, running: int, rule: str = RULE) -> ArchiveCode:
    read = CodeRule.from_toml(rule)
    series = read.series(item, Retention.PERMANENT, DAY)
    assert series is not None
    return read.code(series, item, running)


def test_a_code_is_put_together_as_the_rule_says() -> None:
    assert code("I-1", 7) == ArchiveCode("T001", "XK", "2024", "01", "0007", "T001-XK·2024-Y-0007")
    assert code("I-2", 12345).text == "T001-DJ·2024-Y-12345", "a width is the least"
    other = RULE.replace("{fonds}-{category}·{year}-{retention}-{item:04}",
                         "{retention}.{fonds}.{unit}.{category}.{year}.{item:6}")  # fmt: skip
    assert code("I-1", 7, other).text == "Y.T001.01.XK.2024.000007"


def test_a_rule_knows_its_own_codes_and_no_others() -> None:
    rule = CodeRule.from_toml(RULE)
    good = code("I-1", 7)
    assert rule.fits(good)
    for wrong in ("", "T001-XK·2024-Y-7", "T002-XK·2024-Y-0007", "T001-XK·2024-D30-0007", "T001-XK-2024-Y-0007",
                  "T001-XK·2024-Y-0007x", "T001-XK·2024-Y-0008", "T001-DJ·2024-Y-0007"):  # fmt: skip
        assert not rule.fits(replace(good, text=wrong)), wrong


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("-{item:04}", "", "each of"),
        ("{year}", "{item}", "each of"),
        ("{year}", "{month}", "no field"),
        ("{year}", "{year:04}", "width"),
        ("-{item:04}", "{item:04}", "nothing between"),
        ("·", " ", "blank"),
        ("·", "/", "slash"),
        ("·", "{", "brace"),
        ('"T001"', '"T-1"', "no part"),
        ('"T001"', "1", "no part"),
        ('"D10"', '"Y"', "one code"),
        ('"定期10年"', '"五年"', "五年"),
        ("unit =", "units_ =", "nothing a rule has"),
        ('pattern = "', "pattern = ", "cannot be used"),
    ],
)
def test_a_rule_that_could_mislead_is_refused(old: str, new: str, why: str) -> None:
    assert old in RULE
    with pytest.raises(CodesUnfit, match=why):
        CodeRule.from_toml(RULE.replace(old, new, 1))


def test_what_a_rule_says_nothing_of_gets_no_number() -> None:
    rule = CodeRule.from_toml(RULE)
    with pytest.raises(CodesUnfit):
        rule.series("I-1", Retention.YEARS_30, DAY)
    with pytest.raises(CodesUnfit):
        CodeRule.from_toml(RULE.replace('category = "XK"', "")).series("I-1", Retention.PERMANENT, DAY)


def test_the_shipped_rule_assigns_nothing_and_the_demo_says_what_it_is() -> None:
    shipped, demo = (
        CodeRule.from_toml((files("archive") / name).read_text()) for name in ("codes.toml", "codes_demo.toml")
    )
    assert shipped.series("I-1", Retention.PERMANENT, DAY) is None
    assert demo.fonds is not None and "测试" in demo.fonds
    assert not shipped.verified and not demo.verified


def test_the_check_of_a_package_holds_its_code_against_the_rule_and_its_owner() -> None:
    good = code("I-1", 7)
    package = build(case(archive_code=good), sign).data
    assert read_case(package).archive_code == good
    rule = CodeRule.from_toml(RULE)
    own = case().electronic_file_no

    def status(data: bytes, item: str, **more: object) -> Status:
        return check(data, verify, policy=Policy(**more)).item(item).status  # type: ignore[arg-type] # what is tried

    assert status(package, "archive_code", code_rule=rule) is Status.PASSED
    other = build(case(archive_code=replace(good, text="T001-XK·2024-Y-7")), sign).data
    assert status(other, "archive_code", code_rule=rule) is Status.FAILED
    assert status(other, "archive_code") is Status.PASSED, "another archive has another rule"
    assert status(package, "no_repeats", code_owner=lambda _: own) is Status.PASSED
    assert status(package, "no_repeats", code_owner=lambda _: None) is Status.PASSED
    assert status(package, "no_repeats", code_owner=lambda _: "another") is Status.FAILED
