"""The citizen number 公民身份号码 (GB 11643)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from schemas.dates import EARLIEST_YEAR, current_day
from schemas.errors import IdentifierRefused
from schemas.identifiers.value import Identifier
from schemas.text import tidied

NAME: Final = "公民身份号码"
_CHECKS: Final = "10X98765432"
_VALUE: Final = {sign: 10 if sign == "X" else int(sign) for sign in _CHECKS}


class Sex(StrEnum):
    """GB/T 2261.1 as the departments use it."""

    MALE = "1"
    FEMALE = "2"


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 digits.

    The weights of the standard are the powers of 2 modulo 11, and 13 is 2 modulo 11: so the
    weighted sum is the digits read as a number of base 13, twice, which Python does in C.
    """
    return _CHECKS[int(first17, 13) * 2 % 11]


@lru_cache(maxsize=65536)
def _birth(digits: str) -> date | None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return born if born.year >= EARLIEST_YEAR else None


@dataclass(frozen=True, slots=True, repr=False, init=False)
class CitizenId(Identifier):
    """A citizen number whose shape, birth date and check character are right.

    It does not promise that the person exists, nor that the area code was in force: abolished
    codes are common and right, so no table of codes is asked.

    >>> CitizenId.parse(" 11010519491231002x ").born
    datetime.date(1949, 12, 31)
    >>> CitizenId.parse("110105491231002").notes
    ('N-003',)
    """

    @classmethod
    def parse(cls, text: str, *, on: date | None = None) -> CitizenId:
        """Read an 18-digit number, or a 15-digit one of before 1999, which is expanded (19yy).

        Args:
            on: nobody is born after this day; today when left out.

        Raises:
            IdentifierRefused: R-010 shape, R-011 check character, R-012 birth date; the last two together
                when both are wrong.
        """
        notes: tuple[str, ...] = ()
        if not _shaped(text):
            text, notes = tidied(text)
            if len(text) == 15 and text.isascii() and text.isdecimal():
                text = f"{text[:6]}19{text[6:]}"
                text += check_character(text)
                notes += ("N-003",)
            elif not _shaped(text):
                raise IdentifierRefused(NAME, "R-010")
        fits = (int(text[:17], 13) * 2 + _VALUE[text[17]]) % 11 == 1
        born = _birth(text[6:14])
        born_well = born is not None and born <= (on or current_day())
        if not (fits and born_well):
            raise IdentifierRefused(NAME, *([] if fits else ["R-011"]), *([] if born_well else ["R-012"]))
        return cls._made(text, notes)

    @property
    def area(self) -> str:
        """The six digits of the place of first registration."""
        return self.text[:6]

    @property
    def born(self) -> date:
        """The birth date the number holds."""
        born = _birth(self.text[6:14])
        if born is None:  # only a payload written by somebody else can get here
            raise IdentifierRefused(NAME, "R-012")
        return born

    @property
    def sex(self) -> Sex:
        """Odd 17th digit is male, even is female."""
        return Sex.MALE if self.text[16] in "13579" else Sex.FEMALE

    def masked(self) -> str:
        """Area and last four stay, the birth date is hidden."""
        return f"{self.text[:6]}********{self.text[14:]}"


def _shaped(text: str) -> bool:
    return len(text) == 18 and text.isascii() and text[:17].isdecimal() and text[17] in "0123456789X"
