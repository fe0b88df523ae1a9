"""The unified social credit code 统一社会信用代码 (GB 32100)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.errors import IdentifierRefused
from schemas.identifiers.value import Identifier
from schemas.text import tidied

NAME: Final = "统一社会信用代码"
ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE: Final = {sign: value for value, sign in enumerate(ALPHABET)}
# The alphabet's symbols as digits of base 34; everything else becomes "!", which no base has.
_TO_BASE_34: Final = bytes(
    ord("0123456789abcdefghijklmnopqrstuvwx"[_VALUE[chr(byte)]]) if chr(byte) in _VALUE else ord("!")
    for byte in range(256)
)


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 symbols of the alphabet.

    The weights are the powers of 3 modulo 31 from the left, and 34 is 3 modulo 31: so the weighted
    sum is the text read backwards as a number of base 34.
    """
    return ALPHABET[-int(first17.encode("ascii").translate(_TO_BASE_34)[::-1], 34) % 31]


@dataclass(frozen=True, slots=True, repr=False, init=False)
class CreditCode(Identifier):
    """A credit code whose shape and check character are right.

    The organisation code inside has a check digit of its own that some valid codes on file do not
    meet, and the first two characters and the division code come from tables that age: none of
    them is a reason to refuse.

    >>> CreditCode.parse("11370800mb28559184").division
    '370800'
    """

    @classmethod
    def parse(cls, text: str) -> CreditCode:
        """Read 18 characters; outer blanks and lower-case letters are normalised with a note.

        Raises:
            IdentifierRefused: R-020 shape, R-021 check character.
        """
        notes: tuple[str, ...] = ()
        fits = _fits(text)
        if fits is None:
            text, notes = tidied(text)
            fits = _fits(text)
            if fits is None:
                raise IdentifierRefused(NAME, "R-020")
        if not fits:
            raise IdentifierRefused(NAME, "R-021")
        return cls._made(text, notes)

    @property
    def department(self) -> str:
        """The registering department: 1 机构编制, 5 民政, 9 市场监管 (word list from memory, unverified)."""
        return self.text[0]

    @property
    def division(self) -> str:
        """The division of the registering office, which need not be the address's."""
        return self.text[2:8]

    @property
    def organisation_code(self) -> str:
        """The nine characters of the organisation code inside."""
        return self.text[8:17]


def _fits(text: str) -> bool | None:
    """Whether the check character fits; None when the text is no credit code at all."""
    if len(text) != 18 or not text[2:8].isdecimal():
        return None
    try:
        total = int(text.encode("ascii").translate(_TO_BASE_34)[16::-1], 34)
    except ValueError:
        return None
    check = _VALUE.get(text[17])
    return None if check is None else (total + check) % 31 == 0
