"""The identifier of an electronic licence 电子证照标识 (GB/T 36904, as three implementations build it)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from schemas.errors import IdentifierRefused
from schemas.identifiers.value import Identifier
from schemas.text import tidied

NAME: Final = "电子证照标识"
#: The root under which licence identifiers are registered.
ROOT: Final = "1.2.156.3005.2"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE: Final = re.compile(
    rf"(?:{re.escape(ROOT)}\.)?([0-9A-Z]{{18}}[0-9]{{3}})\.([0-9A-Z]{{18}})\.([0-9A-Z]{{1,64}})\.([0-9]{{3}})\.([0-9A-Z])"
)


def _step(product: int, value: int) -> int:
    return ((product + value) % 36 or 36) * 2 % 37


# One look-up a character: the state after `state` and a sign.
_STEPS: Final = [{sign: _step(state, value) for value, sign in enumerate(_ALPHABET)} for state in range(37)]


def check_character(payload: str) -> str:
    """The MOD 37,36 check (ISO/IEC 7064) over type, issuer, serial and version without dots.

    A result of 36 becomes 0: forgetting that is a known bug in the wild.
    """
    state = 36
    for sign in payload:
        state = _STEPS[state][sign]
    return _ALPHABET[(37 - state) % 36]


@dataclass(frozen=True, slots=True, repr=False, init=False)
class LicenceId(Identifier):
    """A licence's identifier: root, type, issuer, serial, version and check, joined by dots.

    Attributes:
        text: always with the root.
    """

    @classmethod
    def parse(cls, text: str) -> LicenceId:
        """Read an identifier with its dots; the root may be left out, as on many licence faces.

        The credit codes inside are not checked: the check character covers them, and codes of
        defining authorities are often placeholders.

        Raises:
            IdentifierRefused: R-070 shape, R-071 check character.
        """
        found = _SHAPE.fullmatch(text)
        notes: tuple[str, ...] = ()
        if found is None:
            text, notes = tidied(text)
            found = _SHAPE.fullmatch(text)
            if found is None:
                raise IdentifierRefused(NAME, "R-070")
        if check_character("".join(found.groups()[:4])) != found[5]:
            raise IdentifierRefused(NAME, "R-071")
        return cls._made(text if text.startswith(ROOT) else f"{ROOT}.{text}", notes)

    @classmethod
    def compose(cls, type_code: str, issuer: str, serial: str, version: int = 1) -> LicenceId:
        """Build an identifier and its check character.

        Args:
            type_code: credit code of the defining authority and a 3-digit sequence (21 characters).
            issuer: credit code of the issuing organ.
            serial: 1 to 64 upper-case letters and digits.
            version: 1 to 999.

        Raises:
            IdentifierRefused: R-070, a part that has not this shape.
        """
        payload = f"{type_code}.{issuer}.{serial}.{version:03d}"
        found = _SHAPE.fullmatch(f"{payload}.0")
        if found is None or not 1 <= version <= 999:
            raise IdentifierRefused(NAME, "R-070")
        return cls._made(f"{ROOT}.{payload}.{check_character(payload.replace('.', ''))}")

    def next_version(self) -> LicenceId:
        """The identifier of the same licence issued again; R-070 after version 999."""
        return self.compose(self.type_code, self.issuer, self.serial, self.version + 1)

    @property
    def type_code(self) -> str:
        """The licence type: defining authority and sequence."""
        return self._part(0)

    @property
    def issuer(self) -> str:
        """The issuing organ's credit code."""
        return self._part(1)

    @property
    def serial(self) -> str:
        """The licence's own serial."""
        return self._part(2)

    @property
    def version(self) -> int:
        """1 for the first issue, one more for each re-issue."""
        return int(self._part(3))

    @property
    def check(self) -> str:
        """The check character."""
        return self._part(4)

    def _part(self, index: int) -> str:
        return self.text[len(ROOT) + 1 :].split(".")[index]

    def masked(self) -> str:
        """All but the serial's middle: type and issuer are public, the serial finds the licence."""
        serial = self.serial
        hidden = "*" * len(serial) if len(serial) <= 4 else f"{serial[:2]}{'*' * (len(serial) - 4)}{serial[-2:]}"
        return f"{ROOT}.{self.type_code}.{self.issuer}.{hidden}.{self.version:03d}.{self.check}"
