"""Codes of administrative divisions 行政区划代码 (GB/T 2260 and its extensions)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.errors import IdentifierRefused
from schemas.identifiers.value import Identifier
from schemas.text import tidied

NAME: Final = "行政区划代码"


@dataclass(frozen=True, slots=True, repr=False, init=False)
class DivisionCode(Identifier):
    """A division: 6 digits for a county, 9 with the street, 12 with the village.

    Shape only. Whether it exists is a question with a date, and a code abolished long ago is right
    in an old record.
    """

    @classmethod
    def parse(cls, text: str) -> DivisionCode:
        """Read 6, 9 or 12 digits, the first not 0.

        Raises:
            IdentifierRefused: R-030.
        """
        notes: tuple[str, ...] = ()
        if not _shaped(text):
            text, notes = tidied(text)
            if not _shaped(text):
                raise IdentifierRefused(NAME, "R-030")
        return cls._made(text, notes)

    @property
    def county(self) -> str:
        """The six digits of the county or district."""
        return self.text[:6]

    def masked(self) -> str:
        """A division is nobody's secret."""
        return self.text


def _shaped(text: str) -> bool:
    return len(text) in (6, 9, 12) and text.isascii() and text.isdecimal() and text[0] != "0"
