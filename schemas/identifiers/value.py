"""What all identifiers share: one text, hidden wherever it might be printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True, repr=False, init=False, order=True)
class Identifier:
    """A checked identifier.

    Attributes:
        text: the full number in its normal form. Whoever writes it anywhere names it explicitly;
            `str`, `repr` and `format` show the masked form only.
        notes: N-codes of what `parse` normalised; they do not count in comparisons.
    """

    text: str
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeError(f"{type(self).__name__} is made by its parse(), which checks the number")

    @classmethod
    def _made(cls, text: str, notes: tuple[str, ...] = ()) -> Self:
        made = object.__new__(cls)
        _set_text(made, text)
        _set_notes(made, notes)
        return made

    @classmethod
    def from_stored(cls, text: str) -> Self:
        """Back from `text` without checking again; only for payloads this hub sealed itself."""
        return cls._made(text)

    def masked(self) -> str:
        """The number with its middle hidden."""
        return f"{self.text[:6]}{'*' * (len(self.text) - 10)}{self.text[-4:]}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()})"

    def __str__(self) -> str:
        return self.masked()

    def __format__(self, spec: str) -> str:
        return format(self.masked(), spec)


# The slots' own setters: the one way past `frozen`, and twice as fast as object.__setattr__.
_set_text = Identifier.__dict__["text"].__set__
_set_notes = Identifier.__dict__["notes"].__set__
