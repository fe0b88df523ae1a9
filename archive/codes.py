"""档号: the rule by which an archive numbers its files, as data; every archive has its own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from archive.case import ArchiveCode
from archive.errors import CodesUnfit
from archive.retention import Retention

#: Fields within which running numbers count; a pattern has all of them, or two files could get one code.
_SERIES: Final = ("fonds", "category", "year", "retention")
_FIELDS: Final = (*_SERIES, "unit", "item")
_FIELD: Final = re.compile(r"\{([a-z]+)(?::0?([0-9]{1,2}))?\}")
#: What a part may consist of: nothing that separates parts.
_PART: Final = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{1,20}")
_KEYS: Final = frozenset({"verified", "fonds", "category", "unit", "pattern", "retention", "categories", "units"})


@dataclass(frozen=True, slots=True)
class Series:
    """What a running number counts in; `key` is it as one text."""

    fonds: str
    category: str
    year: str
    retention: str

    @property
    def key(self) -> str:
        """The parts, joined by a sign none of them holds."""
        return "/".join((self.fonds, self.category, self.year, self.retention))


@dataclass(frozen=True, slots=True)
class CodeRule:
    """How the 档号 of a file is put together.

    Attributes:
        fonds: 全宗号; None: no 档号 is assigned.
        category, unit: of items that have none of their own in `categories` and `units`.
        pattern: with the fields fonds, category, year, retention, unit and item, the last with its width.
        retention: code of each retention period.
        verified: somebody compared the rule with the one the archive authority approved; else it is 未核实.
    """

    fonds: str | None
    pattern: str
    retention: Mapping[Retention, str]
    category: str | None = None
    unit: str | None = None
    categories: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    verified: bool = False

    @classmethod
    def from_toml(cls, text: str) -> CodeRule:
        """Read a rule.

        Raises:
            CodesUnfit: it is no TOML, or could give two files one code, or a code that cannot be read.
        """
        try:
            return cls._read(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise CodesUnfit(
                f"the rule of the 档号 cannot be used: {error}. No case was packed; correct it (docs/archive.md)."
            ) from None

    @classmethod
    def _read(cls, read: Mapping[str, Any]) -> CodeRule:
        if unknown := set(read) - _KEYS:
            raise ValueError(f"{', '.join(sorted(unknown))} is nothing a rule has")
        retention = {Retention(period): _demanded(code) for period, code in read["retention"].items()}
        if len(set(retention.values())) != len(retention):
            raise ValueError("two retention periods have one code")
        return cls(
            fonds=_part(read.get("fonds")),
            pattern=_pattern(str(read["pattern"])),
            retention=retention,
            category=_part(read.get("category")),
            unit=_part(read.get("unit")),
            categories={str(item): _demanded(code) for item, code in read.get("categories", {}).items()},
            units={str(item): _demanded(code) for item, code in read.get("units", {}).items()},
            verified=read.get("verified") is True,
        )

    def series(self, item: str, period: Retention, decided: date) -> Series | None:
        """The series a case counts in; None while no fonds is set.

        Raises:
            CodesUnfit: the rule gives the item no category or unit, or the period no code.
        """
        if self.fonds is None:
            return None
        category = self.categories.get(item, self.category)
        if category is None or period not in self.retention or self._unit(item) is None:
            raise CodesUnfit(
                f"the rule of the 档号 has no category or unit for item {item}, or no code for {period}. Its cases "
                "stay unpacked; add the row to HUB_HOME/archive-codes.toml."
            )
        return Series(self.fonds, category, str(decided.year), self.retention[period])

    def code(self, series: Series, item: str, running: int) -> ArchiveCode:
        """The 档号 of the file with a running number."""
        values = {
            "fonds": series.fonds, "category": series.category, "year": series.year, "retention": series.retention,
            "unit": self._unit(item) or "", "item": str(running),
        }  # fmt: skip
        width = next(int(found[2] or "1") for found in _FIELD.finditer(self.pattern) if found[1] == "item")
        number = str(running).zfill(width)
        text = _FIELD.sub(lambda found: number if found[1] == "item" else values[found[1]], self.pattern)
        return ArchiveCode(series.fonds, series.category, series.year, values["unit"], number, text)

    def fits(self, code: ArchiveCode) -> bool:
        """Whether a 档号 is one this rule gives, and says what its parts say."""
        found = self._form().fullmatch(code.text)
        parts = {"fonds": code.fonds, "category": code.category, "year": code.year, "item": code.item}
        return found is not None and all(found[name] == part for name, part in parts.items())

    def _form(self) -> re.Pattern[str]:
        one_of = {
            "fonds": [self.fonds or ""],
            "category": [*self.categories.values(), *filter(None, (self.category,))],
            "retention": list(self.retention.values()),
            "unit": [*self.units.values(), *filter(None, (self.unit,))],
        }
        form, last = "", 0
        for found in _FIELD.finditer(self.pattern):
            form += re.escape(self.pattern[last : found.start()])
            last = found.end()
            if found[1] == "year":
                values = r"[12][0-9]{3}"
            elif found[1] == "item":
                values = rf"[0-9]{{{int(found[2] or '1')},9}}"
            else:
                values = "|".join(map(re.escape, one_of[found[1]]))
            form += f"(?P<{found[1]}>{values})"
        return re.compile(form + re.escape(self.pattern[last:]))

    def _unit(self, item: str) -> str | None:
        return self.units.get(item, self.unit)


def _pattern(text: str) -> str:
    found = list(_FIELD.finditer(text))
    names = [one[1] for one in found]
    if rest := set(names) - set(_FIELDS):
        raise ValueError(f"the pattern has {', '.join(sorted(rest))}, which is no field")
    missing = [name for name in (*_SERIES, "item") if names.count(name) != 1]
    if missing or names.count("unit") > 1:
        raise ValueError(f"the pattern needs each of {', '.join((*_SERIES, 'item'))} once")
    if any(one[2] for one in found if one[1] != "item"):
        raise ValueError("only the running number `item` has a width")
    between = _FIELD.sub("\0", text).split("\0")
    if any(not separator for separator in between[1:-1]):
        raise ValueError("two fields of the pattern stand side by side with nothing between them")
    if any(sign.isspace() or sign in "{}/" or not sign.isprintable() for sign in "".join(between)):
        raise ValueError("a separator of the pattern is a blank, a brace or a slash")
    return text


def _part(value: object) -> str | None:
    return None if value is None else _demanded(value)


def _demanded(value: object) -> str:
    if not isinstance(value, str) or not _PART.fullmatch(value):
        raise ValueError(f"{value!r} is no part of a 档号: letters, digits or Chinese signs, at most 20")
    return value
