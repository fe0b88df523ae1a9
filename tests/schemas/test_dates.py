"""Dates and validities as the departments write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI, SystemClock, today
from schemas.dates import Validity, chinese_date, current_day, read_date, read_moment, read_month_end
from schemas.errors import DateRefused

days = st.dates(date(1800, 1, 1), date(2999, 12, 31))


@given(days)
def test_every_form_of_a_day_is_read(day: date) -> None:
    assert read_date(day.isoformat()) == (day, ())
    for text in (
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02d}.{day.day:02d}",
        f"{day.year}-{day.month}-{day.day}" if day.month < 10 else f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        chinese_date(day),
        f"{day} 08:09:10",
        f"{day}T08:09:10.123456",
        f"{day:%Y%m%d}080910",
        f"{day:%Y/%m/%d} 8:09",
    ):
        assert read_date(text) == (day, ("N-006",)), text


def test_full_width_digits_are_read() -> None:
    assert read_date("２０２０年０１月０２日")[0] == date(2020, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "", "2019-02-30", "20191301", "2019-13-45", "去年三月", "2O19-05-06", "201905", "43521.0", "2019/05-06",
        "0001-01-01", "1000-01-01", "19-05-06", "2019-05-06 25:00:00", "2019050612", "+019-05-06", "2019-05-06x",
        "0000-00-00",
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(DateRefused) as refusal:
        read_date(text)
    assert refusal.value.reasons == ("R-040",)
    assert not text or text not in str(refusal.value)


def test_a_moment_is_in_the_districts_time() -> None:
    assert read_moment("2026-03-01 08:09:10") == (datetime(2026, 3, 1, 8, 9, 10, tzinfo=SHANGHAI), ())
    moment, notes = read_moment("2026-03-01T00:09:10Z")
    assert (moment, notes) == (datetime(2026, 3, 1, 8, 9, 10, tzinfo=SHANGHAI), ("N-006",))
    assert read_moment("2026-03-01T02:09:10+02:00")[0] == datetime(2026, 3, 1, 0, 9, 10, tzinfo=UTC)
    with pytest.raises(DateRefused):
        read_moment("2026-03-01 08:61:10")


@pytest.mark.parametrize("text", ["202402", "2024-02", "2024/2", "2024年2月"])
def test_a_month_is_read_as_its_last_day(text: str) -> None:
    assert read_month_end(text)[0] == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["", "202413", "20240", "2024-02-01", "二月"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(DateRefused):
        read_month_end(text)


@pytest.mark.parametrize("text", ["长期", "长期有效", " 长期 ", "永久", "无固定期限"])
def test_without_end_is_a_validity_of_its_own(text: str) -> None:
    validity = Validity.parse(text)
    assert validity.long_term
    assert validity.text == validity.chinese == "长期"
    assert validity == Validity(None)
    assert validity.covers(date(9999, 12, 31))


@given(days)
def test_a_validity_covers_its_last_day_and_no_more(day: date) -> None:
    validity = Validity.parse(f"{day:%Y%m%d}")
    assert validity.notes == ("N-006",)
    assert validity.covers(day)
    assert not validity.covers(day + timedelta(days=1))
    assert Validity.parse(validity.text) == validity


def test_a_validity_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DateRefused):
        Validity.parse("很久")


def test_today_is_asked_of_the_clock() -> None:
    assert current_day() == today(SystemClock())
