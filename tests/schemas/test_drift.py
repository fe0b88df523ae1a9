"""Drift: what happens to a column is told once with its counts, what happens to a record is not drift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.drift import Change, ChangeKind, Profile, changes, profile, shape_of
from schemas.errors import SchemaUnknown
from tests.schemas.conftest import Row

NAME = "tax.registration"


def many(row: Row, count: int = 40, **values: Any) -> list[dict[str, Any]]:
    return [row(NAME, **values) for _ in range(count)]


def told(found: tuple[Change, ...]) -> list[tuple[str, str, int, int]]:
    return [(change.kind.name, change.column, change.count, change.of) for change in found]


def test_a_batch_as_declared_has_not_changed(row: Row, schema: str) -> None:
    seen = profile(schema, [row(schema) for _ in range(20)])
    assert changes(seen) == ()
    assert changes(seen, before=seen) == ()


def test_a_new_column_is_told_with_the_rows_that_have_it(row: Row) -> None:
    rows = many(row) + many(row, 10, XINLIE="1")
    seen = profile(NAME, rows)
    assert told(changes(seen)) == [("UNKNOWN", "xinlie", 10, 50)]
    assert changes(seen, ignored=["xinlie"]) == ()


def test_columns_of_the_exchange_and_known_ones_nobody_takes_are_no_drift(row: Row) -> None:
    assert changes(profile(NAME, many(row, CD_BATCH="1", cd_time="x", zzjgdm="MA0000001", yhzh="1"))) == ()


def test_a_missing_column_is_told_and_an_optional_one_is_not(row: Row) -> None:
    rows = [{name: value for name, value in line.items() if name not in ("zgbm", "fzch")} for line in many(row)]
    assert told(changes(profile(NAME, rows), optional=["fzch"])) == [("MISSING", "zgbm", 40, 40)]


def test_an_empty_batch_says_nothing_about_its_columns() -> None:
    assert changes(profile(NAME, [])) == ()


def test_a_column_that_lost_all_its_values_is_told_only_against_an_earlier_batch(row: Row) -> None:
    now, before = profile(NAME, many(row, zgbm="N/A")), profile(NAME, many(row))
    assert changes(now) == ()
    assert told(changes(now, before=before)) == [("EMPTIED", "zgbm", 40, 40)]


def test_a_column_whose_values_became_another_thing_is_told_with_the_counts(row: Row) -> None:
    rows = many(row, 30) + many(row, 10, djrq="二〇一六年二月")
    assert told(changes(profile(NAME, rows))) == [("TYPE", "djrq", 10, 40)]


def test_a_single_bad_value_is_a_matter_of_its_record(row: Row) -> None:
    rows = many(row, 59) + many(row, 1, djrq="昨天", qyzt="不明", sfzhm="1")
    assert changes(profile(NAME, rows)) == ()


def test_a_fault_that_says_nothing_about_the_kind_is_no_drift(row: Row) -> None:
    assert changes(profile(NAME, many(row, sfzhm="420112198001011010", djrq="2099-01-01"))) == ()


def test_words_outside_the_value_set_are_told_and_not_shown(row: Row) -> None:
    found = changes(profile(NAME, many(row, 30) + many(row, 10, qyzt="清算中")))
    assert told(found) == [("VALUES", "qyzt", 10, 40)]
    assert "清算中" not in str(found[0])


def test_garbled_text_is_told_as_such(row: Row) -> None:
    assert told(changes(profile(NAME, many(row, nsrmc="姝︽眽娴嬭瘯鏈夐檺鍏徃")))) == [("GARBLED", "nsrmc", 40, 40)]


def test_another_writing_that_can_still_be_read_is_told_against_an_earlier_batch(row: Row) -> None:
    now, before = profile(NAME, many(row, djrq="20160203")), profile(NAME, many(row))
    assert changes(now) == ()
    (change,) = changes(now, before=before)
    assert told((change,)) == [("TYPE", "djrq", 40, 40)]
    assert str(change) == "changed type djrq: 40 of 40 (before date yyyy-MM-dd, now date yyyyMMdd)"


def test_a_writing_that_was_rare_before_is_told_when_it_becomes_many(row: Row) -> None:
    before = profile(NAME, many(row, 970) + many(row, 30, djrq="20160203"))
    assert changes(profile(NAME, many(row, 37) + many(row, 3, djrq="20160203")), before=before) == ()
    assert changes(profile(NAME, many(row, 930) + many(row, 70, djrq="20160203")), before=before) == ()
    found = changes(profile(NAME, many(row, 20) + many(row, 20, djrq="20160203")), before=before)
    assert told(found) == [("TYPE", "djrq", 20, 40)]


def test_free_text_has_changed_only_when_nearly_all_of_it_has(row: Row) -> None:
    before = profile(NAME, many(row, zgbm="国家税务总局"))
    assert (
        changes(profile(NAME, many(row, 30, zgbm="国家税务总局") + many(row, 10, zgbm="42011201")), before=before) == ()
    )
    found = changes(profile(NAME, many(row, zgbm="42011201")), before=before)
    assert [(change.kind, change.column) for change in found] == [(ChangeKind.TYPE, "zgbm")]


def test_a_profile_survives_being_stored_and_holds_no_value(row: Row) -> None:
    seen = profile(NAME, many(row, xinlie="张三丰"))
    stored = json.dumps(seen.to_dict(), ensure_ascii=False)
    assert Profile.from_dict(json.loads(stored)) == seen
    for value in ("张三丰", *row(NAME).values()):
        assert not value or value not in stored


def test_a_sample_of_a_thousand_rows_is_looked_at_in_about_a_second(row: Row) -> None:
    import time

    rows = many(row, 1000)
    began = time.perf_counter()
    profile(NAME, rows)
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, None), (" ", None), ("n/a", None), ("202603", "year and month"), ("20260302", "date yyyyMMdd"),
        ("2026-3-2", "date yyyy-MM-dd"), ("2026年3月2日", "date, otherwise written"), ("42", "whole number"),
        ("2026-03-02 10:11:12", "date and time"), ("1,234.50", "number"), ("MA-1", "letters and digits"),
        ("武汉", "text"), (7, "number, not as text"), (True, "true or false"), ([1], "structure"),
    ],
)  # fmt: skip
def test_shapes_have_their_names(value: object, shape: str | None) -> None:
    assert shape_of(value) == shape


def test_a_schema_nobody_knows_is_an_error_of_the_caller() -> None:
    with pytest.raises(SchemaUnknown):
        profile("tax.nothing", [])
