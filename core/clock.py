"""The time, asked in one place so that a test or a replay can give another answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Protocol, overload

#: China has one time zone and no summer time; a fixed offset needs no table that ages.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, with a time zone."""
        ...


class SystemClock:
    """The machine's own clock, read as Asia/Shanghai."""

    def now(self) -> datetime:
        return datetime.now(SHANGHAI)


class FixedClock:
    """A clock that stands still, for tests and for re-running a figure as of a moment."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs a moment with a time zone")
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def day_text(moment: datetime) -> str:
    """The calendar day of a moment in the district: `2026-11-29`."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"


@overload
def second_text(moment: datetime) -> str: ...
@overload
def second_text(moment: datetime | None) -> str | None: ...
def second_text(moment: datetime | None) -> str | None:
    """A moment in the district to the second, as JSON has it: `2026-11-29T08:30:00+08:00`; None stays None."""
    return None if moment is None else moment.astimezone(SHANGHAI).isoformat(timespec="seconds")


def today(clock: Clock) -> date:
    """The calendar day in the district, whatever zone the clock answers in."""
    return clock.now().astimezone(SHANGHAI).date()
