"""Working days: weekends, public holidays and the weekend days worked in exchange, from one table a year.

The tables lie in `schemas/holidays/`, each with where it comes from and whether that was checked. A day
reckoned over a year without a checked table is an estimate and says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError, model_validator

from schemas.declared import Declared
from schemas.errors import CalendarBroken

HOLIDAYS: Final = Path(__file__).parent / "holidays"
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class Holiday(Declared):
    """Days off in a row, the first and the last included."""

    name: str
    first: date
    last: date


class HolidayYear(Declared):
    """One year's table.

    Attributes:
        source: where the table comes from.
        verified: whether it was compared with the State Council's notice for that year.
        off: the holidays.
        worked: days of a weekend that are worked in exchange.
    """

    year: int
    source: str
    verified: bool
    off: tuple[Holiday, ...]
    worked: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> HolidayYear:
        days = self.days_off()
        if any(holiday.last < holiday.first for holiday in self.off):
            raise ValueError("a holiday ends before it begins")
        if len(set(days)) != len(days):
            raise ValueError("one day is off twice")
        if any(day.year != self.year for day in (*days, *self.worked)):
            raise ValueError("a day is of another year")
        if wrong := [day.isoformat() for day in self.worked if day.weekday() < _SATURDAY or day in days]:
            raise ValueError(f"{', '.join(wrong)}: worked in exchange can only be a day of a weekend that is not off")
        return self

    def days_off(self) -> list[date]:
        """Every day off, in order."""
        return [
            holiday.first + timedelta(days=number)
            for holiday in self.off
            for number in range((holiday.last - holiday.first).days + 1)
        ]


@dataclass(frozen=True, slots=True)
class Due:
    """A day by which something is due.

    Attributes:
        day: the last day on which it is still in time.
        verified: whether every year reckoned over has a checked table; otherwise `day` is an estimate.
    """

    day: date
    verified: bool

    def passed(self, today: date) -> bool:
        """Whether it is late: the last day itself is still in time."""
        return today > self.day


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked. A year without a table counts Monday to Friday and is not verified."""

    years: Mapping[int, HolidayYear]

    def is_worked(self, day: date) -> bool:
        """Whether offices work on `day`, as far as is known."""
        table = self.years.get(day.year)
        if table is not None:
            if day in table.worked:
                return True
            if any(holiday.first <= day <= holiday.last for holiday in table.off):
                return False
        return day.weekday() < _SATURDAY

    def verified(self, first: date, last: date) -> bool:
        """Whether every year from `first` to `last` has a checked table."""
        return all(
            (table := self.years.get(year)) is not None and table.verified for year in range(first.year, last.year + 1)
        )

    def after(self, start: date, days: int) -> Due:
        """The `days`-th working day after `start`, whose own day does not count.

        With 0 it is `start` itself, or the next working day where that is none.
        """
        if days < 0:
            raise ValueError("a deadline lies ahead, so the number of working days is 0 or more")
        day = start
        if days == 0:
            while not self.is_worked(day):
                day += _DAY
        for _ in range(days):
            day += _DAY
            while not self.is_worked(day):
                day += _DAY
        return Due(day, self.verified(start, day))

    def between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and with `end`; 0 where `end` is not later."""
        return sum(self.is_worked(start + timedelta(days=number)) for number in range(1, (end - start).days + 1))


def read_year(path: Path) -> HolidayYear:
    """One year's table.

    Raises:
        CalendarBroken: unreadable, no TOML, or it contradicts itself.
    """
    try:
        table = HolidayYear.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CalendarBroken(f"{path}: cannot be read as TOML ({type(error).__name__}). Correct the table.") from None
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, line['loc'])) or 'the table'}: {line['msg']}"
            for line in error.errors(include_url=False, include_input=False)
        )
        raise CalendarBroken(f"{path}: {told}. Correct the table; no deadline was reckoned.") from None
    if path.stem != str(table.year):
        raise CalendarBroken(f"{path}: says it is of {table.year}, but its name says otherwise. Rename it.")
    return table


@lru_cache(maxsize=4)
def working_days(folder: Path = HOLIDAYS) -> WorkingDays:
    """All tables of a folder; read once a process.

    Raises:
        CalendarBroken: see `read_year`.
    """
    return WorkingDays({table.year: table for table in map(read_year, sorted(folder.glob("*.toml")))})
