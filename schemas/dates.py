"""Dates as the departments write them, and validities that may be 长期 (without end)."""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from core.clock import SHANGHAI, SystemClock, today
from schemas.errors import DateRefused
from schemas.text import narrowed, trimmed

#: A date before this year is a filler (0001-01-01, 1000-01-01), not a fact about anybody on file.
EARLIEST_YEAR: Final = 1800

_CLOCK = r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_FORMS = (
    re.compile(r"(\d{4})(\d{2})(\d{2})" + _CLOCK, re.ASCII),
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + _CLOCK, re.ASCII),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})" + _CLOCK, re.ASCII),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})" + _CLOCK, re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日" + _CLOCK, re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})()", re.ASCII),
)
_MONTH_FORMS = re.compile(r"(\d{4})(?:(\d{2})|[-/.](\d{1,2})|年(\d{1,2})月)", re.ASCII)
_WITHOUT_END = frozenset({"长期", "长期有效", "永久", "永久有效", "无固定期限"})
_DATE = "日期"


@lru_cache(maxsize=65536)
def read_date(text: str) -> tuple[date, tuple[str, ...]]:
    """The day `text` names, with its notes.

    Reads yyyyMMdd, yyyy-MM-dd, yyyy/M/d, yyyy.M.d, yyyy年M月d日, each also with a time behind it,
    which is left out. N-006 says that the text was not already yyyy-MM-dd.

    Raises:
        DateRefused: R-040, any other text, a day no calendar has, a year before 1800.
    """
    if len(text) == 10 and text[4] == text[7] == "-":  # the usual form, without the regular expression
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise DateRefused(_DATE, "R-040") from None
        if day.year < EARLIEST_YEAR:
            raise DateRefused(_DATE, "R-040")
        return day, ()
    plain = narrowed(trimmed(text))
    return _moment(plain).date(), ("N-006",)


@lru_cache(maxsize=16384)
def read_moment(text: str) -> tuple[datetime, tuple[str, ...]]:
    """The moment `text` names, in Asia/Shanghai where it names no zone, with its notes.

    Raises:
        DateRefused: R-040, as `read_date`.
    """
    moment = _moment(narrowed(trimmed(text)))
    usual = text == f"{moment:%Y-%m-%d %H:%M:%S}"
    return moment, () if usual else ("N-006",)


@lru_cache(maxsize=4096)
def read_month_end(text: str) -> tuple[date, tuple[str, ...]]:
    """The last day of the month named as yyyyMM, yyyy-MM, yyyy/M or yyyy年M月.

    Raises:
        DateRefused: R-040, any other text.
    """
    found = _MONTH_FORMS.fullmatch(narrowed(trimmed(text)))
    if found is None:
        raise DateRefused("年月", "R-040")
    year, month = int(found[1]), int(found[2] or found[3] or found[4])
    if year < EARLIEST_YEAR or not 1 <= month <= 12:
        raise DateRefused("年月", "R-040")
    return date(year, month, calendar.monthrange(year, month)[1]), ()


def _moment(plain: str) -> datetime:
    found = next((match for form in _FORMS if (match := form.fullmatch(plain))), None)
    if found is None:
        raise DateRefused(_DATE, "R-040")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        zone = datetime.strptime(found[7].replace("Z", "+0000"), "%z").tzinfo if found[7] else SHANGHAI
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise DateRefused(_DATE, "R-040") from None
    if moment.year < EARLIEST_YEAR:
        raise DateRefused(_DATE, "R-040")
    return moment


@dataclass(frozen=True, slots=True)
class Validity:
    """Until when something is valid: a last day, or no end at all (长期).

    Attributes:
        until: the last valid day; None means 长期.
        notes: N-codes of what was normalised on the way in; they do not count in comparisons.
    """

    until: date | None
    notes: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Validity:
        """Read a last day in any form of `read_date`, or 长期 and its synonyms.

        Raises:
            DateRefused: R-040.
        """
        plain = narrowed(trimmed(text))
        if plain in _WITHOUT_END:
            return cls(None, () if text == "长期" else ("N-006",))
        return cls(*read_date(text))

    @property
    def long_term(self) -> bool:
        """Whether it has no end."""
        return self.until is None

    def covers(self, day: date) -> bool:
        """Whether `day` is not past the end; the last day itself is still valid."""
        return self.until is None or day <= self.until

    @property
    def text(self) -> str:
        """`yyyy-MM-dd` or `长期`: the form `parse` reads without a note."""
        return "长期" if self.until is None else self.until.isoformat()

    @property
    def chinese(self) -> str:
        """The form that stands on a licence: 2031年03月01日 or 长期."""
        return "长期" if self.until is None else chinese_date(self.until)


def chinese_date(day: date) -> str:
    """2026年03月02日."""
    return f"{day.year:04d}年{day.month:02d}月{day.day:02d}日"


_SYSTEM_CLOCK = SystemClock()
_DAY_SECONDS = 86_400


def current_day() -> date:
    """Today in the district by the system clock, cheap enough to be asked for every record."""
    return _day_of(int((time.time() + 8 * 3600) // _DAY_SECONDS))


@lru_cache(maxsize=2)
def _day_of(ordinal: int) -> date:
    # The ordinal only says when the cached answer is stale; the clock is still asked in one place.
    return today(_SYSTEM_CLOCK)
