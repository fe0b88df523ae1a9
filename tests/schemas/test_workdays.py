"""Working days: against the notices' own words, and what happens where there is no table."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CalendarBroken
from schemas.workdays import HOLIDAYS, WorkingDays, read_year, working_days

CALENDAR = working_days()
TABLE = """year = 2030
source = "test"
verified = true
worked = [2030-01-05]
off = [{ name = "元旦", first = 2030-01-01, last = 2030-01-03 }]
"""


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-01-26", True), ("2025-01-28", False), ("2025-02-04", False), ("2025-02-08", True), ("2025-10-11", True),
        ("2026-01-01", False), ("2026-01-04", True), ("2026-02-14", True), ("2026-02-15", False), ("2026-02-23", False),
        ("2026-02-24", True), ("2026-02-28", True), ("2026-03-01", False), ("2026-05-05", False), ("2026-05-09", True),
        ("2026-09-20", True), ("2026-09-25", False), ("2026-10-07", False), ("2026-10-08", True), ("2026-10-10", True),
    ],
)  # fmt: skip
def test_the_notices_of_2025_and_2026_hold(day: str, worked: bool) -> None:
    assert CALENDAR.is_worked(date.fromisoformat(day)) is worked


def test_the_days_off_are_as_many_as_the_notice_counts() -> None:
    table = CALENDAR.years[2026]
    assert [(entry.last - entry.first).days + 1 for entry in table.off] == [3, 9, 3, 5, 3, 3, 7]


def test_ten_working_days_over_the_spring_festival_are_twenty_days() -> None:
    due = CALENDAR.after(date(2026, 2, 11), 10)
    # 12, 13, 14 (worked), then 24 to 28 (28 worked), then 2 and 3 March
    assert (due.day, due.verified) == (date(2026, 3, 3), True)
    assert not due.passed(date(2026, 3, 3))
    assert due.passed(date(2026, 3, 4))


def test_a_deadline_that_reaches_into_an_unchecked_year_is_an_estimate() -> None:
    assert CALENDAR.after(date(2026, 12, 21), 5).verified
    assert not CALENDAR.after(date(2026, 12, 28), 10).verified
    assert not CALENDAR.after(date(2040, 1, 4), 1).verified
    assert CALENDAR.after(date(2040, 1, 6), 1).day == date(2040, 1, 9)


def test_no_working_day_after_means_the_day_itself_or_the_next_one_worked() -> None:
    assert CALENDAR.after(date(2026, 2, 24), 0).day == date(2026, 2, 24)
    assert CALENDAR.after(date(2026, 2, 16), 0).day == date(2026, 2, 24)
    with pytest.raises(ValueError, match="ahead"):
        CALENDAR.after(date(2026, 2, 16), -1)


@given(start=st.dates(date(2024, 6, 1), date(2028, 1, 1)), days=st.integers(0, 60))
def test_counting_back_gives_the_days_counted_forward(start: date, days: int) -> None:
    due = CALENDAR.after(start, days)
    assert CALENDAR.is_worked(due.day)
    if days:
        assert CALENDAR.between(start, due.day) == days
        assert CALENDAR.between(start, due.day - timedelta(days=1)) == days - 1
    assert CALENDAR.between(due.day, start - timedelta(days=1)) == 0


def test_every_table_says_where_it_comes_from_and_only_checked_ones_say_so() -> None:
    assert {2025, 2026, 2027} <= set(CALENDAR.years)
    assert [year for year, table in CALENDAR.years.items() if not table.verified] == [2027]
    for path in HOLIDAYS.glob("*.toml"):
        assert read_year(path).source


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2030-01-05", "2030-01-07", "2030-01-07"),
        ("2030-01-05", "2030-01-02", "2030-01-02"),
        ("last = 2030-01-03", "last = 2029-12-31", "ends before"),
        ("first = 2030-01-01", "first = 2029-12-31", "another year"),
        ("year = 2030", "year = 2031", "another year"),
        ('source = "test"', "", "source"),
        ("off = [", "off = [[", "TOML"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_by_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "2030.toml"
    path.write_text(TABLE, encoding="utf-8")
    assert working_days(tmp_path).is_worked(date(2030, 1, 5))
    path.write_text(TABLE.replace(old, new), encoding="utf-8")
    with pytest.raises(CalendarBroken, match=told) as caught:
        read_year(path)
    assert "2030.toml" in str(caught.value)


def test_a_table_under_another_years_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2029.toml").write_text(TABLE, encoding="utf-8")
    with pytest.raises(CalendarBroken, match="Rename"):
        read_year(tmp_path / "2029.toml")


def test_without_any_table_weekends_count_and_nothing_is_verified() -> None:
    bare = WorkingDays({})
    assert bare.after(date(2026, 2, 13), 1).day == date(2026, 2, 16)
    assert not bare.after(date(2026, 2, 13), 1).verified
