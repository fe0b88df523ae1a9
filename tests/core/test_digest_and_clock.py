"""SM3 gives the digests that the `openssl` command gives; clocks speak with a zone."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI, FixedClock, SystemClock, day_text, second_text, today
from core.digest import sm3, sm3_hex


def test_the_example_of_the_standard() -> None:
    # GB/T 32905, example 1, as every implementation prints it.
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 1000])
def test_the_openssl_command_agrees(length: int) -> None:
    data = bytes(number % 251 for number in range(length))
    asked = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True)
    assert sm3(data) == asked.stdout


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - it adds the zone
def test_a_day_is_the_districts_day(moment: datetime) -> None:
    assert today(FixedClock(moment)) == moment.astimezone(SHANGHAI).date()


def test_midnight_in_the_district_is_the_day_before_in_london() -> None:
    moment = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert today(FixedClock(moment)) == date(2026, 3, 2)
    assert day_text(moment) == "2026-03-02"
    assert (second_text(moment), second_text(None)) == ("2026-03-02T00:00:00+08:00", None)


def test_a_clock_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        FixedClock(datetime(2026, 3, 2))  # noqa: DTZ001


def test_the_system_clock_has_a_zone() -> None:
    assert SystemClock().now().tzinfo is SHANGHAI
