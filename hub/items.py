"""Service items for whoever looks for one: by its characters, by its pinyin, by its code."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
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


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a version has otherwise than the one before; `before` or `after` is empty where it was not."""

    place: str
    before: str
    after: str


def changes(earlier: ServiceItem, later: ServiceItem) -> list[Change]:
    """What is different in a later version: by key, of materials by their codes."""
    before, after = _flat(earlier), _flat(later)
    return [
        Change(place, before.get(place, ""), after.get(place, ""))
        for place in dict.fromkeys([*before, *after])
        if before.get(place) != after.get(place) and place not in ("version", "in_force_from", "changed_by")
    ]


def _flat(item: ServiceItem) -> dict[str, str]:
    told = item.model_dump(mode="json", by_alias=True, exclude_none=True)
    flat = {key: _text(value) for key, value in told.items() if key != "materials"}
    for material in told["materials"]:
        flat |= {f"{material['code']}.{key}": _text(value) for key, value in material.items() if key != "code"}
    return flat


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def sources_of(item: ServiceItem) -> tuple[str, ...]:
    """The resources of an item as a person knows them."""
    return tuple(source_name(resource) for resource in item.resources)


def described(item: ServiceItem) -> dict[str, Any]:
    """An item as a dictionary, for JSON: the declaration, and the departments it asks."""
    return {**item.model_dump(mode="json", by_alias=True, exclude_none=True), "sources": list(sources_of(item))}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item as it is looked for.

    Attributes:
        syllables: all the ways each character of the name may be read; `firsts` are their first letters.
        letters: the first letters of all.
    """

    item: ServiceItem
    name: str
    syllables: tuple[frozenset[str], ...]
    firsts: tuple[frozenset[str], ...]
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
            first = asked[0]
            at = next(
                (
                    at
                    for at, letters in enumerate(self.firsts)
                    if first in letters and _reads(asked, self.syllables, at)
                ),
                None,
            )
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


def forget() -> None:
    """Read the items anew at the next search, as the bureau's own may have changed."""
    _index.cache_clear()


def _entry(item: ServiceItem) -> _Entry:
    name = _plain(item.name)
    # Reading the whole name knows that 行 of 行政 is xing; each character's other readings are taken as well.
    # `list`: letters and digits stand for themselves, one by one (the stub does not know that a list may be given).
    likely = pinyin(name, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]
    syllables = tuple(
        _spellings(found) | _all_readings(character) for found, character in zip(likely, name, strict=True)
    )
    firsts = tuple(frozenset(reading[0] for reading in readings) for readings in syllables)
    return _Entry(item, name, syllables, firsts, frozenset().union(*firsts))


@cache
def _all_readings(character: str) -> frozenset[str]:
    return _spellings(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


def _spellings(readings: Sequence[str]) -> frozenset[str]:
    """ü is typed as v or as u."""
    return frozenset(spelt for reading in readings for spelt in (reading, reading.replace("v", "u")))


def _plain(text: str) -> str:
    """One width, one case, no blanks and no punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
