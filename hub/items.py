"""Service items for whoever looks for one: by its characters, by its pinyin, by its code."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pypinyin import Style, pinyin

from connectors.registry import declaration
from schemas.dates import current_day
from schemas.items import ServiceItem, all_items, all_purposes, all_versions
from schemas.items import item as item_of
from schemas.registry import MODELS

#: A longer text is no item's name; what stands beyond is not looked at.
_LONGEST = 60


def find(text: str, limit: int = 20, *, on: date | None = None) -> list[ServiceItem]:
    """Items that fit a text, the best first.

    Fits: the code or its beginning; any part of the name; the pinyin of a part of the name, each syllable in full or
    only its first letters (`rlzy`, `renli`, `shipinjy`); last, all the characters in their order with others between.

    Args:
        text: as typed; case, width and blanks do not count. An empty text finds nothing.
        limit: at most so many.
        on: items as in force on that day; today when left out.
    """
    asked = _plain(text)[:_LONGEST]
    if not asked:
        return []
    ranked = [
        (rank, len(entry.name), entry.item.code, entry.item)
        for entry in _index(on or current_day())
        if (rank := entry.rank(asked)) is not None
    ]
    return [found for *_, found in sorted(ranked, key=lambda one: one[:3])[:limit]]


def history(code: str) -> tuple[ServiceItem, ...]:
    """Every version of an item, the earliest first; none for a code nobody declared."""
    return all_versions().get(code, ())


def in_force(on: date | None = None) -> list[ServiceItem]:
    """The items in force on a day, today when left out, by code."""
    return sorted(all_items(on).values(), key=lambda one: one.code)


def one(code: str, *, on: date | None = None) -> ServiceItem:
    """The item of a code as in force on a day, today when left out.

    Raises:
        ItemUnknown, ItemNotInForce: there is none.
    """
    return item_of(code.strip().upper(), on=on)


def purpose_names() -> dict[str, str]:
    """Purpose code to its Chinese name."""
    return {code: word.name for code, word in all_purposes().items()}


def source_name(resource: str) -> str:
    """A resource as a person knows it; what is not open is said."""
    source = declaration(resource)
    return f"{source.department.zh}·{source.title}{'' if source.reach.open else f'（{source.reach.state}）'}"


def field_name(resource: str, field: str) -> str:
    """A field's Chinese label."""
    return MODELS[resource].label(field)[0]


def sources_of(item: ServiceItem) -> tuple[str, ...]:
    """The resources of an item as a person knows them."""
    return tuple(source_name(resource) for resource in item.resources)


def described(item: ServiceItem) -> dict[str, Any]:
    """An item as a dictionary, for JSON: the declaration, and the departments it asks."""
    return {**item.model_dump(mode="json", by_alias=True, exclude_none=True), "sources": list(sources_of(item))}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item as it is looked for; `syllables` are all the ways each character of the name may be read."""

    item: ServiceItem
    name: str
    syllables: tuple[frozenset[str], ...]
    letters: frozenset[str]

    def rank(self, asked: str) -> int | None:
        """How well a text fits, 0 best; None where it does not."""
        code = asked.upper()
        if self.item.code.startswith(code) and len(code) >= 6:
            return 0
        place = self.name.find(asked)
        if place >= 0:
            return 1 if place == 0 else 2
        if asked.isascii() and asked.isalnum() and asked[0] in self.letters:
            at = next((at for at in range(len(self.syllables)) if _reads(asked, self.syllables, at)), None)
            if at is not None:
                return 3 if at == 0 else 4
        if len(code) >= 4 and code.isascii() and code in self.item.code:
            return 5
        rest = iter(self.name)
        return 6 if len(asked) > 1 and all(character in rest for character in asked) else None


def _reads(asked: str, syllables: Sequence[frozenset[str]], at: int) -> bool:
    """Whether the letters are syllables from `at` on, each in full or cut short."""
    if not asked:
        return True
    if at == len(syllables):
        return False
    for syllable in syllables[at]:
        for taken in range(min(len(syllable), len(asked)), 0, -1):
            if syllable.startswith(asked[:taken]) and _reads(asked[taken:], syllables, at + 1):
                return True
    return False


@lru_cache(maxsize=4)
def _index(on: date) -> tuple[_Entry, ...]:
    return tuple(_entry(item) for item in all_items(on).values())


def _entry(item: ServiceItem) -> _Entry:
    name = _plain(item.name)
    # Reading the whole name knows that 行 of 行政 is xing; each character's other readings are taken as well.
    # `list`: letters and digits stand for themselves, one by one (the stub does not know that a list may be given).
    likely = pinyin(name, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]
    others = pinyin(list(name), style=Style.NORMAL, heteronym=True, errors=list)  # type: ignore[arg-type]
    syllables = tuple(
        frozenset(reading for found in both for reading in _spellings(found))
        for both in zip(likely, others, strict=True)
    )
    return _Entry(item, name, syllables, frozenset(reading[0] for readings in syllables for reading in readings))


def _spellings(readings: Sequence[str]) -> set[str]:
    """ü is typed as v or as u."""
    return {spelt for reading in readings for spelt in (reading, reading.replace("v", "u"))}


def _plain(text: str) -> str:
    """One width, one case, no blanks and no punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
