"""What the four-property check 四性检测 found: item by item, in Chinese and English, with a verdict of three values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from archive.errors import PackageRefused, PackageUnjudged
from core.verdict import Verdict


class Stage(StrEnum):
    """The stages of DA/T 70-2018; an item's code is the stage and its number, e.g. GD-1-7."""

    FILING = "GD"
    TRANSFER = "YJ"
    KEEPING = "CQ"


class Property(StrEnum):
    """The four properties, and 0 for what our own package form demands."""

    FORM = "包形式"
    AUTHENTICITY = "真实性"
    INTEGRITY = "完整性"
    USABILITY = "可用性"
    SAFETY = "安全性"


class Status(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about an item. `path` is the entry of the package at fault, if it is one."""

    zh: str
    en: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item of the check.

    Attributes:
        key: our own stable name.
        code: DA/T 70-2018 code where its number is confirmed, else None.
        decisive: not having judged it leaves the verdict at "cannot tell".
        weight: how much of its property's score it makes.
        veto: 一票否决; the report names it where it failed.
    """

    key: str
    code: str | None
    property: Property
    title_zh: str
    title_en: str
    status: Status
    findings: Sequence[Finding]
    decisive: bool = False
    weight: int = 0
    veto: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "code": self.code,
            "property": self.property.value,
            "title": {"zh": self.title_zh, "en": self.title_en},
            "status": self.status.value,
            "weight": self.weight,
            "veto": self.veto,
            "findings": [{"zh": f.zh, "en": f.en, "path": f.path} for f in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Score:
    """What the items of one property weigh together, by what came of them. What is not known to be good is `open`."""

    about: Property
    passed: int
    failed: int
    open: int

    @property
    def percent(self) -> float | None:
        """The share that passed, of all there is to pass, 0 to 100; None where nothing weighs anything."""
        whole = self.passed + self.failed + self.open
        return round(100 * self.passed / whole, 1) if whole else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "property": self.about.value,
            "percent": self.percent,
            "passed": self.passed,
            "failed": self.failed,
            "open": self.open,
        }


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All items in their order. `electronic_file_no` is None where the package does not tell.

    Attributes:
        scheme: name of the scheme that gave weights and vetoes.
        scheme_verified: False is 未核实.
    """

    stage: Stage
    sm3: str
    byte_count: int
    electronic_file_no: str | None
    items: Sequence[ItemResult]
    scheme: str = ""
    scheme_verified: bool = False

    @property
    def verdict(self) -> Verdict:
        if any(item.status is Status.FAILED for item in self.items):
            return Verdict.INVALID
        if any(item.decisive and item.status is not Status.PASSED for item in self.items):
            return Verdict.CANNOT_TELL
        return Verdict.VALID

    def item(self, key: str) -> ItemResult:
        """The item of that key; KeyError for a key there is not."""
        for item in self.items:
            if item.key == key:
                return item
        raise KeyError(key)

    def failed(self) -> tuple[ItemResult, ...]:
        return tuple(item for item in self.items if item.status is Status.FAILED)

    def scores(self) -> tuple[Score, ...]:
        """One for each property, in their order."""
        found = []
        for one in Property:
            weight: Counter[Status] = Counter()
            for item in self.items:
                if item.property is one:
                    weight[item.status] += item.weight
            passed, failed = weight[Status.PASSED], weight[Status.FAILED]
            found.append(Score(one, passed, failed, weight.total() - passed - failed))
        return tuple(found)

    def vetoes(self) -> tuple[ItemResult, ...]:
        """What failed and may not fail under any circumstances (一票否决)."""
        return tuple(item for item in self.failed() if item.veto)

    def demand_valid(self) -> None:
        """Go on only with a package found valid.

        Raises:
            PackageRefused: an item failed.
            PackageUnjudged: an item that the verdict rests on could not be judged.
        """
        name = self.electronic_file_no or f"SM3 {self.sm3[:16]}"
        if self.verdict is Verdict.INVALID:
            keys = ", ".join(item.code or item.key for item in self.failed())
            raise PackageRefused(
                f"package {name} fails the check at {keys}. It was not taken in; keep the report and ask for the "
                "package again."
            )
        if self.verdict is Verdict.CANNOT_TELL:
            keys = ", ".join(
                item.code or item.key for item in self.items if item.decisive and item.status is not Status.PASSED
            )
            raise PackageUnjudged(
                f"package {name} could not be judged at {keys}. The package was not taken in; configure the trust "
                "anchors of its signers and check again."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; holds no name and no identifier of a person."""
        found = Counter(item.status for item in self.items)
        counts = {status.value: found[status] for status in Status}
        return {
            "standard": "DA/T 70-2018",
            "stage": self.stage.value,
            "verdict": self.verdict.value,
            "scheme": {"name": self.scheme, "verified": self.scheme_verified},
            "scores": [score.to_dict() for score in self.scores()],
            "vetoes": [item.code or item.key for item in self.vetoes()],
            "sm3": self.sm3,
            "bytes": self.byte_count,
            "electronic_file_no": self.electronic_file_no,
            "counts": counts,
            "items": [item.to_dict() for item in self.items],
        }
