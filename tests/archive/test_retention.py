"""A retention period comes from a table or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

import archive
from archive.errors import RetentionUnset
from archive.retention import Retention, RetentionTable
from schemas.items import all_items

DEMO = Path(archive.__path__[0]) / "retention_demo.toml"
HR = "11420112MB0000000M3000199001000"


def test_the_demo_table_is_read_and_marks_itself_unverified() -> None:
    rule = RetentionTable.from_toml(DEMO.read_text(encoding="utf-8")).rule_for(HR)
    assert rule.period is Retention.YEARS_30
    assert not rule.verified


def test_the_demo_table_has_a_row_for_every_item_whose_case_ends_in_a_document() -> None:
    table = RetentionTable.from_toml(DEMO.read_text(encoding="utf-8"))
    for item in all_items().values():
        if item.licence_step is not None:
            assert not table.rule_for(item.code).verified


def test_production_refuses_an_unverified_row() -> None:
    table = RetentionTable.from_toml(DEMO.read_text(encoding="utf-8"))
    with pytest.raises(RetentionUnset, match="not verified"):
        table.rule_for(HR, demand_verified=True)


def test_a_missing_row_is_an_error_and_no_default() -> None:
    with pytest.raises(RetentionUnset, match="no retention period"):
        RetentionTable({}).rule_for(HR)


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "items = 3",
        "[items.A]\nperiod = '永久'",
        "[items.A]\nperiod = '5年'\nbasis = 'x'",
        "[items.A]\nperiod = '永久'\nbasis = ' '",
        "[items]\nA = 'x'",
    ],
)
def test_a_table_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RetentionUnset):
        RetentionTable.from_toml(text)
