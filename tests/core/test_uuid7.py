"""UUIDs of version 7 carry their moment, sort by it, and never meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI
from core.uuid7 import uuid7

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bare bounds


@given(MOMENTS)
def test_it_says_its_version_and_its_millisecond(moment: datetime) -> None:
    made = uuid7(moment)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(MOMENTS)
def test_a_later_microsecond_sorts_behind(moment: datetime) -> None:
    assert uuid7(moment) < uuid7(moment + timedelta(microseconds=1))


def test_the_zone_of_the_moment_does_not_matter() -> None:
    moment = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)
    assert uuid7(moment).hex[:16] == uuid7(moment.astimezone(UTC)).hex[:16]


def test_ten_thousand_of_one_moment_differ() -> None:
    moment = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)
    assert len({uuid7(moment) for _ in range(10_000)}) == 10_000
