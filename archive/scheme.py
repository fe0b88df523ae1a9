"""The scheme of the four-property check as data: what each item weighs, its veto, its stages.

DA/T 70-2018 leaves weights and vetoes to the archive. No official set of them is known to us, so a scheme says whether
somebody compared it with the bureau's own. Weights make scores only: an item that fails makes a package invalid
whatever it weighs, and no scheme can switch off what shows that a package is genuine and whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from archive.errors import SchemeUnfit
from archive.items import ITEMS, Item
from archive.report import Finding, ItemResult, Stage, Status

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


class Row(NamedTuple):
    """An item at a stage: its result where no package can change it, else None, and the one where nothing is wrong."""

    item: Item
    fixed: ItemResult | None
    passed: ItemResult


@dataclass(frozen=True, slots=True)
class Scheme:
    """Every item of the check with its use. `verified`: somebody compared it with the approved one."""

    name: str
    verified: bool
    items: Mapping[str, Use]
    _rows: dict[Stage, tuple[Row, ...]] = field(init=False, default_factory=dict, repr=False, compare=False)

    def rows(self, stage: Stage) -> tuple[Row, ...]:
        """Every item in its order; made once, as they are the same for every package."""
        found = self._rows.get(stage)
        if found is None:
            found = self._rows[stage] = tuple(self._row(item, stage) for item in ITEMS)
        return found

    def _row(self, item: Item, stage: Stage) -> Row:
        passed, fixed = self.result(item, stage, Status.PASSED), None
        if stage not in self.items[item.key].stages:
            unused = Finding("检测方案在本阶段不使用此项", "the scheme does not use this item at this stage")
            fixed = self.result(item, stage, Status.NOT_CHECKED, (unused,))
        elif item.key == "container":
            # what is not one is refused before any item is looked at
            fixed = passed
        elif item.rule is None:
            fixed = self.result(item, stage, Status.NOT_CHECKED, (Finding(*item.why_not),))
        return Row(item, fixed, passed)

    def result(self, item: Item, stage: Stage, status: Status, findings: Sequence[Finding] = ()) -> ItemResult:
        """What was found of an item, with what it weighs."""
        use = self.items[item.key]
        return ItemResult(
            key=item.key,
            code=f"{stage.value}-{item.number}" if item.number else None,
            property=item.property,
            title_zh=item.zh,
            title_en=item.en,
            status=status,
            findings=tuple(findings),
            decisive=item.decisive,
            weight=use.weight if stage in use.stages else 0,
            veto=use.veto,
        )

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
