"""档号: the rule in force, the number of each file, and the account of every number that was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, ClassVar, Final

from archive.case import ArchiveCode, CaseFile
from archive.codes import CodeRule
from archive.errors import CodesUnfit
from archive.opened import Policy
from core.errors import Permanent
from core.settings import Mode, Settings
from hub.caller import Caller
from hub.context import Hub
from hub.files import read_table
from hub.successions import demand_keeper
from store import archive_codes
from store.archive_codes import Code, Taken

#: A bureau's own rule.
CODES: Final = "archive-codes.toml"


class CodeNotOpen(Permanent):
    """A 档号 that was to be given up was never taken, has its package, or has a reason already."""

    code: ClassVar[str] = "HUB-739"


def codes_of(settings: Settings) -> CodeRule:
    """The bureau's own rule from the home folder; without one a made-up one in demo mode, and none else.

    Raises:
        CodesUnfit: it cannot be read or used.
    """
    own = settings.home / CODES
    if own.exists():
        return CodeRule.from_toml(read_table(own, CodesUnfit, "No case was packed; make it readable."))
    shipped = "codes_demo.toml" if settings.mode is Mode.DEMO else "codes.toml"
    return CodeRule.from_toml((files("archive") / shipped).read_text(encoding="utf-8"))


def coded(hub: Hub, rule: CodeRule, case: CaseFile) -> CaseFile:
    """The case with its 档号, the same one each time it is asked; as it is while no fonds is set.

    Raises:
        CodesUnfit: the rule says nothing of its item or its retention period; no number was taken.
    """
    series = rule.series(case.item_code, case.retention.period, case.decided)
    if series is None:
        return case

    def make(running: int) -> Code:
        made = rule.code(series, case.item_code, running)
        return Code(made.text, made.fonds, made.category, made.year, series.retention, made.unit, made.item)

    taken = archive_codes.reserve(hub.connection, case.electronic_file_no, series.key, make, hub.clock.now())
    code = ArchiveCode(taken.fonds, taken.category, taken.year, taken.unit, taken.item, taken.text)
    return replace(case, archive_code=code)


def policy_of(hub: Hub, rule: CodeRule | None = None) -> Policy:
    """What the check of a package is told of this archive's codes.

    Args:
        rule: that the package was numbered by just now; None for one that is held, whose rule may have been another.
    """
    return Policy(code_rule=rule, code_owner=lambda code: archive_codes.owner(hub.connection, code))


@dataclass(frozen=True, slots=True)
class Counted:
    """One series: how many numbers have their package, which wait for it, were given up with a reason, or are missing.

    Attributes:
        last: the highest running number taken.
        open, void: (档号, electronic file number), and the reason of the latter.
        wrong: 档号 whose package is catalogued under another one.
    """

    series: str
    last: int
    assigned: int
    open: tuple[tuple[str, str], ...]
    void: tuple[tuple[str, str, str], ...]
    missing: tuple[int, ...]
    wrong: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "series": self.series,
            "last": self.last,
            "assigned": self.assigned,
            "open": [{"code": code, "file_no": file_no} for code, file_no in self.open],
            "void": [{"code": code, "file_no": file_no, "reason": why} for code, file_no, why in self.void],
            "missing": list(self.missing),
            "wrong": list(self.wrong),
        }


@dataclass(frozen=True, slots=True)
class Account:
    """Every number accounted for.

    Attributes:
        fonds: of the rule in force; None: no 档号 is assigned. `verified` False: 未核实.
        strangers: (electronic file number, 档号) of packages made here whose code was never taken for them.
        without: packages made here that have none.
    """

    fonds: str | None
    pattern: str
    verified: bool
    series: tuple[Counted, ...]
    strangers: tuple[tuple[str, str], ...]
    without: int

    @property
    def sound(self) -> bool:
        """Whether no number is missing, and none is another's."""
        return not self.strangers and not any(one.missing or one.wrong for one in self.series)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "fonds": self.fonds,
            "pattern": self.pattern,
            "verified": self.verified,
            "series": [one.to_dict() for one in self.series],
            "strangers": [{"file_no": file_no, "code": code} for file_no, code in self.strangers],
            "without": self.without,
            "sound": self.sound,
        }


def account(hub: Hub) -> Account:
    """Go through every number that was taken.

    Raises:
        CodesUnfit: the rule in force cannot be used.
    """
    rule = codes_of(hub.settings)
    by_series: dict[str, list[Taken]] = {}
    for one in archive_codes.taken(hub.connection):
        by_series.setdefault(one.series, []).append(one)
    return Account(
        rule.fonds,
        rule.pattern,
        rule.verified,
        tuple(_counted(series, taken) for series, taken in by_series.items()),
        tuple(archive_codes.strangers(hub.connection)),
        archive_codes.without(hub.connection),
    )


def give_up(hub: Hub, code: str, reason: str, caller: Caller) -> None:
    """Write down why a 档号 has no package and never will; it is not used again.

    Raises:
        ArchivistNeeded: the caller may not.
        CodeNotOpen: there is no such number without a package and without a reason.
    """
    demand_keeper(caller, "nothing was written")
    if not archive_codes.void(hub.connection, code, f"{reason}（{caller.id}）"):
        raise CodeNotOpen(
            "this 档号 was never taken, has its package, or has a reason already; nothing was written. `hub archive "
            "codes check` lists those that are open."
        )


def _counted(series: str, taken: Sequence[Taken]) -> Counted:
    last = max(one.running for one in taken)
    there = {one.running for one in taken}
    return Counted(
        series=series,
        last=last,
        assigned=sum(one.packed for one in taken),
        open=tuple((one.code, one.file_no) for one in taken if not one.packed and one.void is None),
        void=tuple((one.code, one.file_no, one.void) for one in taken if not one.packed and one.void is not None),
        missing=tuple(number for number in range(1, last + 1) if number not in there),
        wrong=tuple(one.code for one in taken if one.packed and one.recorded != one.code),
    )
