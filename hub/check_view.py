"""A kept report of the four-property check in the words people read, the same on the page and on the sealed sheet.

What was not done says so with its reason, is counted apart, and is never called passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from archive.report import Property, Status
from hub.check_reports import KeptReport

STAGES: Final = {"GD": "归档", "YJ": "移交接收", "CQ": "长期保存"}
#: Each with how it looks: a colour of the chips.
VERDICTS: Final = {"valid": ("good", "合格"), "invalid": ("bad", "不合格"), "cannot_tell": ("warn", "无法判断")}
RESULTS: Final = {
    Status.PASSED: ("good", "合格"),
    Status.FAILED: ("bad", "不合格"),
    Status.WARNED: ("warn", "注意"),
    Status.NOT_CHECKED: ("idle", "未检测"),
}
#: What keeping says of a package as a whole, by the beginning of its English words, which is what is kept.
_FAULTS: Final = {
    "its file is gone": "文件缺失",
    "its file cannot be read": "文件无法读取",
    "its entry in the archive's log": "档案日志中的条目不成形",
    "its file is not the one that was recorded": "文件与登记的不是同一份",
    "its file is not the one the archive's log": "文件与档案日志所记的不是同一份",
    "a certificate in it ended": "包内有证书已到期，且没有连续的时间戳证明信息包此前已在库中",
}
UNVERIFIED: Final = "未核实"
VETO: Final = "一票否决"


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item. `told` is what was found, or why it was not done."""

    code: str
    title: str
    look: str
    result: str
    told: str
    veto: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """The items of one property; `score` is percent of the weight that passed, — where nothing weighs."""

    name: str
    score: str
    counts: Mapping[str, int]
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """The whole report; `sm3` is that of the report itself, `package_sm3` of the package where it could be read."""

    id: int
    file_no: str
    stage: str
    stage_code: str
    at: datetime
    look: str
    verdict: str
    fault: str
    unchecked: int
    vetoes: tuple[str, ...]
    scheme: str
    package_sm3: str
    bytes: int | None
    sm3: str
    intact: bool
    groups: tuple[GroupView, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Codes of the items that failed, titles of those without one."""
        items = (item for group in self.groups for item in group.items if item.look == "bad")
        return tuple(item.title if item.code == "—" else item.code for item in items)

    @property
    def number(self) -> str:
        """By which the report is known."""
        return f"SXJC-{self.id:08d}"


def view_of(kept: KeptReport) -> ReportView:
    """A report as it is shown. One of a file that could not be read has no items, and says what was wrong; one that was
    changed since its digest was taken is not shown at all, but for what the table says of it.
    """
    told = kept.report if kept.intact else {}
    groups = tuple(_groups(kept)) if kept.intact else ()
    look, verdict = VERDICTS[kept.verdict]
    return ReportView(
        id=kept.id,
        file_no=kept.file_no,
        stage=STAGES[kept.stage],
        stage_code=kept.stage,
        at=kept.at,
        look=look,
        verdict=verdict,
        fault=_fault(told.get("keeping", {})),
        unchecked=sum(group.counts["未检测"] for group in groups),
        vetoes=tuple(told.get("vetoes", ())),
        scheme=_scheme(told.get("scheme")),
        package_sm3=told.get("sm3", ""),
        bytes=told.get("bytes"),
        sm3=kept.sm3,
        intact=kept.intact,
        groups=groups,
    )


def _groups(kept: KeptReport) -> Iterator[GroupView]:
    for about in Property:
        items = tuple(_item(one) for one in kept.report["items"] if one["property"] == about.value)
        if not items:
            continue
        counts = Counter(item.result for item in items)
        percent = kept.score.get(about.value)
        yield GroupView(
            about.value,
            "—" if percent is None else f"{percent:g}",
            {word: counts[word] for _, word in RESULTS.values()},
            items,
        )


def _item(one: Mapping[str, Any]) -> ItemView:
    look, result = RESULTS[Status(one["status"])]
    told = "；".join(f"{found['zh']}（{found['path']}）" if found["path"] else found["zh"] for found in one["findings"])
    return ItemView(one["code"] or "—", one["title"]["zh"], look, result, told, bool(one.get("veto")))


def _scheme(scheme: Mapping[str, Any] | None) -> str:
    if scheme is None:
        return "—"
    return f"{scheme['name']}{'' if scheme['verified'] else f'（{UNVERIFIED}）'}"


def _fault(keeping: Mapping[str, Any]) -> str:
    """What is wrong with the package as a whole, or could not be told."""
    fault: str = keeping.get("fault") or keeping.get("doubt") or ""
    return next((zh for en, zh in _FAULTS.items() if fault.startswith(en)), fault)
