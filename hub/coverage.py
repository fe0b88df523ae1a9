"""How many cases were handled with one number and nothing to bring, what stood in the way, and what to mend first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from connectors.registry import declarations
from core.clock import SHANGHAI
from core.errors import Permanent
from hub.caller import issuing
from hub.context import Hub
from schemas.items import Material, Way, all_items, all_versions
from schemas.items import item as item_of
from store import coverage as counted

#: Said with every figure, so that none stands without its base.
DEFINITION: Final = (
    "分母：期间内为申请人查询过材料（受理、决定、自助办理）并得到答复的办件，一件办件一个事项算一次，以期间内最后一次答复为准。"
    "分子：其中每个材料都已取得或者已告知承诺（承诺核查不实的除外），且没有让申请人提交或者后补任何一份的办件。"
    "没有办件号的查询、被拒绝的查询、证照制发和事中事后核查的查询不算；开了办件却没有查询的另外列出。"
)

#: Purposes that serve no applicant at the counter: they come after the decision.
_LATER: Final = ("follow_up", "issuing")
_DATA_WAYS: Final = frozenset({Way.LICENCE, Way.SHARED, Way.LIVE})


class PeriodReversed(Permanent):
    """A period that ends before it begins."""

    code: ClassVar[str] = "HUB-792"


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its base. `promised` of the numerator rest on a promise of the applicant."""

    numerator: int
    denominator: int
    promised: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where there was no case."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def text(self) -> str:
        """`3/4 = 75.00 %`; never the rate alone."""
        rate = "没有办件" if self.value is None else f"{self.value:.2%}"
        return f"{self.numerator}/{self.denominator} = {rate}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "share": None if self.value is None else round(self.value, 4)}


@dataclass(frozen=True, slots=True)
class Failing:
    """A material that was not obtained in `cases` cases; `reasons` with their numbers, the most frequent first."""

    code: str
    name: str
    source: str
    cases: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ItemCoverage:
    """One item; `failing` is sorted, the material that fails most first."""

    item: str
    name: str
    share: Share
    failing: tuple[Failing, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "item": self.item,
            "name": self.name,
            **self.share.to_dict(),
            "failing": [{**asdict(one), "reasons": dict(one.reasons)} for one in self.failing],
        }


@dataclass(frozen=True, slots=True)
class Miss:
    """Papers that had to be brought although a department holds the fact."""

    resource: str
    source: str
    reason: str
    papers: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """A period's figures.

    Attributes:
        until: the last day that counts.
        items: those with a case, the lowest share first.
        misses: by source and reason, the most frequent first.
        never_asked: cases opened at the desk without an answered lookup; they are in no share.
        without_cases: names of the items in force that had no case.
    """

    since: date
    until: date
    total: Share
    items: tuple[ItemCoverage, ...]
    misses: tuple[Miss, ...]
    never_asked: int
    without_cases: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "definition": DEFINITION,
            "all": self.total.to_dict(),
            "items": [one.to_dict() for one in self.items],
            "misses": [asdict(one) for one in self.misses],
            "never_asked": self.never_asked,
            "without_cases": list(self.without_cases),
        }


def coverage(hub: Hub, since: date, until: date, item: str | None = None) -> Coverage:
    """The figures of a period, both days included, in Asia/Shanghai.

    Args:
        item: only this item's code.

    Raises:
        PeriodReversed: `until` lies before `since`.
        ItemUnknown: no item is declared under the code.
    """
    if until < since:
        raise PeriodReversed(f"the period ends ({until}) before it begins ({since}); nothing was counted. Swap them.")
    if item is not None and item not in all_versions():
        item_of(item)
    period = counted.Period(
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)),
        item=item,
        callers=(issuing().id,),
        purposes=_LATER,
    )
    failing = _failing(counted.failures(hub.connection, period))
    items = [
        ItemCoverage(
            one.item,
            _item_name(one.item),
            Share(one.whole, one.cases, one.promised),
            tuple(failing.get(one.item, ())),
        )
        for one in counted.cases(hub.connection, period)
    ]
    items.sort(key=lambda one: (one.share.value or 0.0, -one.share.denominator, one.item))
    seen = {one.item for one in items}
    return Coverage(
        since=since,
        until=until,
        total=Share(
            sum(one.share.numerator for one in items),
            sum(one.share.denominator for one in items),
            sum(one.share.promised for one in items),
        ),
        items=tuple(items),
        misses=_misses(counted.papers(hub.connection, period)),
        never_asked=counted.never_asked(hub.connection, period),
        without_cases=tuple(
            one.name for code, one in all_items(until).items() if code not in seen and item in (None, code)
        ),
    )


def _failing(rows: Iterable[counted.FailureCount]) -> dict[str, list[Failing]]:
    by_material: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    versions: dict[tuple[str, str], int | None] = {}
    for row in rows:
        by_material[row.item, row.code][row.reason] += row.cases
        versions[row.item, row.code] = max(row.version or 0, versions.get((row.item, row.code)) or 0)
    found: dict[str, list[Failing]] = defaultdict(list)
    for (item, code), reasons in by_material.items():
        material = _material(item, versions[item, code], code)
        found[item].append(
            Failing(
                code,
                material.name if material else code,
                _source(material.resource) if material else "",
                sum(reasons.values()),
                tuple(reasons.most_common()),
            )
        )
    for several in found.values():
        several.sort(key=lambda one: (-one.cases, one.code))
    return found


def _misses(rows: Iterable[counted.PaperCount]) -> tuple[Miss, ...]:
    papers: Counter[tuple[str, str]] = Counter()
    items: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        material = _material(row.item, row.version, row.code)
        if material is None or not _DATA_WAYS & set(material.ways):
            continue  # nobody but the applicant has it
        key = (row.resource, row.reason)
        papers[key] += row.papers
        items[key][_item_name(row.item)] += row.papers
    return tuple(
        Miss(
            resource,
            _source(resource),
            reason,
            number,
            tuple(name for name, _ in items[resource, reason].most_common()),
        )
        for (resource, reason), number in papers.most_common()
    )


def _material(item: str, version: int | None, code: str) -> Material | None:
    """The material as the version had it; as the last version has it where that one is gone."""
    versions = all_versions().get(item, ())
    had = next((one for one in versions if one.version == version), versions[-1] if versions else None)
    return next((one for one in had.materials if one.code == code), None) if had else None


def _item_name(code: str) -> str:
    versions = all_versions().get(code)
    return versions[-1].name if versions else code


def _source(resource: str) -> str:
    found = declarations().get(resource)
    return f"{found.department.zh}·{found.title}" if found else resource


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)
