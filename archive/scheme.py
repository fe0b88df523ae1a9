"""The scheme of the four-property check as data: what each item weighs, its veto, its stages.

DA/T 70-2018 leaves weights and vetoes to the archive. No official set of them is known to us, so a scheme says whether
somebody compared it with the bureau's own. Weights make scores only: an item that fails makes a package invalid
whatever it weighs, and no scheme can switch off what shows that a package is genuine and whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from archive.errors import SchemeUnfit
from archive.items import ITEMS
from archive.report import Stage

_MOST_WEIGHT = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """How a scheme uses an item.

    Attributes:
        weight: 0 to 1,000, relative to the other items of the same property.
        veto: 一票否决; its failure is named first.
        stages: at which it is looked at.
    """

    weight: int
    veto: bool
    stages: frozenset[Stage]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Every item of the check with its use. `verified`: somebody compared it with the approved one."""

    name: str
    verified: bool
    items: Mapping[str, Use]

    @classmethod
    def from_toml(cls, text: str) -> Scheme:
        """Read `name`, `verified`, and a table `[items.KEY]` with `weight`, `veto` and `stages` for every item.

        Raises:
            SchemeUnfit: not TOML; an item is missing or unknown; a value is absent, unknown or out of bounds; or an
                item that the verdict rests on is left out of a stage.
        """
        try:
            told = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _unfit(f"it is not TOML ({error})") from None
        _exactly(told, {"name", "verified", "items"}, "the scheme")
        name, verified, rows = told["name"], told["verified"], told["items"]
        if not isinstance(name, str) or not name.strip() or not isinstance(verified, bool):
            raise _unfit("`name` has to be words and `verified` true or false")
        if not isinstance(rows, dict):
            raise _unfit("`items` has to be a table")
        _exactly(rows, {item.key for item in ITEMS}, "[items]")
        return cls(name.strip(), verified, {item.key: _use(item.key, rows[item.key], item.decisive) for item in ITEMS})


@lru_cache(maxsize=1)
def demo_scheme() -> Scheme:
    """The scheme that comes with the hub; its weights are made up (未核实)."""
    return Scheme.from_toml((files("archive") / "scheme.toml").read_text(encoding="utf-8"))


def _use(key: str, row: Any, decisive: bool) -> Use:
    if not isinstance(row, dict):
        raise _unfit(f"items.{key} has to be a table")
    _exactly(row, {"weight", "veto", "stages"}, f"items.{key}")
    weight, veto, stages = row["weight"], row["veto"], row["stages"]
    if type(weight) is not int or not 0 <= weight <= _MOST_WEIGHT:
        raise _unfit(f"items.{key}.weight has to be a whole number from 0 to {_MOST_WEIGHT}")
    if type(veto) is not bool:
        raise _unfit(f"items.{key}.veto has to be true or false")
    known = {stage.value for stage in Stage}
    if not isinstance(stages, list) or not all(isinstance(one, str) and one in known for one in stages):
        raise _unfit(f"items.{key}.stages has to list {', '.join(sorted(known))} or some of them")
    if len(set(stages)) != len(stages):
        raise _unfit(f"items.{key}.stages names a stage twice")
    if decisive and set(stages) != known:
        raise _unfit(f"items.{key} is what the verdict rests on and has to be used at every stage")
    return Use(weight, veto, frozenset(map(Stage, stages)))


def _exactly(table: Mapping[str, Any], names: set[str], where: str) -> None:
    missing, unknown = sorted(names - set(table)), sorted(set(table) - names)
    if missing or unknown:
        told = [f"{word} {', '.join(some)}" for word, some in (("lacks", missing), ("has unknown", unknown)) if some]
        raise _unfit(f"{where} {' and '.join(told)}")


def _unfit(why: str) -> SchemeUnfit:
    return SchemeUnfit(
        f"the scheme of the four-property check cannot be used: {why}. Nothing was checked; correct check-scheme.toml, "
        "or take it away to use the hub's own."
    )
