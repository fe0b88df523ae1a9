"""What the desk and the terminal ask of the hub. Answers carry a person's facts: they are never logged or cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hub.answer import Answer, MaterialAnswer
from hub.caller import Caller


@dataclass(frozen=True, slots=True)
class PurposeChoice:
    """A purpose an item's facts may be asked for, in words, with its legal basis."""

    code: str
    title: str
    basis: str


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """A service item as somebody chooses it.

    Attributes:
        kinds: whose number is asked for: `citizen`, `company` or both.
        materials: names of what is looked up, in the item's order.
        levels: where it is handled, in words.
    """

    code: str
    name: str
    organ: str
    kinds: tuple[str, ...]
    purposes: tuple[PurposeChoice, ...]
    materials: tuple[str, ...]
    levels: tuple[str, ...] = ()


class Taken(StrEnum):
    """What was taken in place of a fact nobody could give."""

    PROMISE = "promise"
    UPLOAD = "upload"
    LATER = "later"


class Outcome(StrEnum):
    """How a case opened at the desk ends."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class DeskVerbs(Protocol):
    """The hub's verbs the desk needs. Each call may block; each may raise a `core.errors.HubError`."""

    def find_items(self, text: str, caller: Caller) -> Sequence[ItemChoice]:
        """Items this caller may ask about that the text finds: name, initials of its pinyin, code; all for none."""
        ...

    def item(self, code: str, caller: Caller) -> ItemChoice:
        """The item of a code with the purposes this caller may name; ItemUnknown when none is declared."""
        ...

    def open_case(self, *, caller: Caller, item: str, identifier: str) -> str:
        """Open a case of this applicant; its number."""
        ...

    def lookup(self, *, caller: Caller, item: str, identifier: str, purpose: str, case_no: str) -> Answer:
        """Ask, and have it logged."""
        ...

    def settle(self, *, caller: Caller, case_no: str, item: str, material: MaterialAnswer, way: Taken) -> None:
        """Record what was taken for a material."""
        ...

    def taken(self, *, case_no: str) -> Mapping[str, Taken]:
        """Material code to what was taken for it in this case before; of several the paper, then the promise."""
        ...

    def may_close(self, case_no: str) -> bool:
        """Whether the number is of a case opened at a desk or terminal; others end in the bureau's own system."""
        ...

    def close_case(self, *, caller: Caller, case_no: str, outcome: Outcome) -> None:
        """End the case; nothing is released for it any more."""
        ...
