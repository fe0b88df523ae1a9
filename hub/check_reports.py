"""The reports of a package's four-property checks, as they are kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from archive.report import CheckReport, Property
from core.clock import second_text
from core.errors import Permanent
from hub.context import Hub
from store import archive_checks
from store.archive_checks import CheckEntry, KeptCheck


class PackageNotHeld(Permanent):
    """The archive holds no package of the number, and has no report of one."""

    code: ClassVar[str] = "HUB-972"


class CheckUnknown(Permanent):
    """The package has no check of the number that was asked for, or none at all."""

    code: ClassVar[str] = "HUB-993"


@dataclass(frozen=True, slots=True)
class KeptReport:
    """One report that was kept, of the package of that electronic file number.

    `intact` is False where it is not the one its digest was taken of.
    """

    id: int
    file_no: str
    at: datetime
    stage: str
    verdict: str
    score: Mapping[str, float | None]
    sm3: str
    intact: bool
    report: Mapping[str, Any]

    @property
    def failed(self) -> tuple[str, ...]:
        """Codes of the items that failed, and what was wrong with the file as a whole or could not be told."""
        keeping = self.report.get("keeping", {})
        fault = keeping.get("fault") or keeping.get("doubt")
        items = (item["code"] or item["key"] for item in self.report["items"] if item["status"] == "failed")
        return (*((fault,) if fault else ()), *items)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "check": self.id,
            "at": second_text(self.at),
            "stage": self.stage,
            "verdict": self.verdict,
            "score": dict(self.score),
            "sm3": self.sm3,
            "intact": self.intact,
            "report": dict(self.report),
        }


def entry_of(report: CheckReport, verdict: str | None = None, **more: Any) -> CheckEntry:
    """What is kept of a report; `verdict` where more than the package itself decided it, and `more` says what."""
    whole = report.to_dict()
    told = {**whole, **more}
    score = {one["property"]: one["percent"] for one in whole["scores"]}
    return CheckEntry(report.stage.value, verdict or report.verdict.value, score, told)


def reports_of(hub: Hub, file_no: str) -> list[KeptReport]:
    """The reports of a package by its electronic file number, the newest first; none for one of an earlier release.

    Raises:
        PackageNotHeld: there is no such package.
    """
    found = [_kept(one) for one in archive_checks.of_package(hub.connection, file_no)]
    if not found and not archive_checks.is_held(hub.connection, file_no):
        raise PackageNotHeld("the archive holds no package of this number. Take the number from the package's name.")
    return found


def report_of(hub: Hub, file_no: str, check: int | None = None) -> KeptReport:
    """One report of a package, by the number of the check, or the newest.

    Raises:
        PackageNotHeld: there is no such package.
        CheckUnknown: it has no such check.
    """
    found = archive_checks.one_of(hub.connection, file_no, check)
    if found is None:
        reports_of(hub, file_no)
        raise CheckUnknown(
            "the package has no check of this number, or none at all. `hub archive reports FILE_NO` lists its checks; "
            "`hub archive walk` checks one of an earlier release."
        )
    return _kept(found)


def newest(hub: Hub, *, verdict: str | None = None, before: int | None = None, limit: int = 50) -> list[KeptReport]:
    """Reports of all packages, the newest first: of one verdict or of all, and older than the check `before`."""
    found = archive_checks.newest(hub.connection, verdict=verdict, before=before, limit=limit)
    return [_kept(one) for one in found]


def _kept(one: KeptCheck) -> KeptReport:
    entry = one.entry
    # the database keeps no order of names
    score = {about.value: entry.score[about.value] for about in Property if about.value in entry.score}
    return KeptReport(
        one.id, one.package, one.at, entry.stage, entry.verdict, score, one.sm3.hex(), one.intact, entry.report
    )
