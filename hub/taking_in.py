"""Packages of other archives are taken in: checked as at transfer 移交接收 (YJ), then filed, or refused; never half.

What is taken in lies in the archive like a package of our own: with its report, an entry of the archive's log and a
line of the catalogue. The report of what was refused is kept too, under the number the package tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from archive.case import CaseFile
from archive.reading import read_case
from archive.report import Stage
from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import Rejected
from core.verdict import Verdict
from hub.archive_store import FOLDER, ArchiveStore
from hub.catalogue import holder_of, package_of, record_of, stages_of
from hub.check_reports import entry_of
from hub.context import Hub, OnStep, no_step
from hub.forms import BroughtIn, Form, bring_in
from hub.inspect import PackageReport
from store import archive_checks, archive_packages
from store.connection import transaction
from store.turns import only_one

__all__ = ["AlreadyHeld", "TakenIn", "take_in"]


class AlreadyHeld(Rejected):
    """The archive holds a package of the same electronic file number 电子文件号 or archive code 档号 already."""

    code: ClassVar[str] = "HUB-995"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A package that is in the archive now: the form it came in, where it lies in the archive's store, its check."""

    file_no: str
    form: Form
    path: str
    sm3: bytes
    size: int
    report: PackageReport

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file_no": self.file_no,
            "form": self.form.value,
            "path": self.path,
            "bytes": self.size,
            "sm3": self.sm3.hex(),
            **self.report.to_dict(),
        }


def take_in(hub: Hub, data: bytes, *, origin: str | None = None, on_step: OnStep = no_step) -> TakenIn:
    """Check a package, in whichever form it came, as at transfer, and take the package in it into the archive.

    Args:
        origin: the transfer by which it came, for the catalogue.

    Raises:
        ContainerRefused, FormRefused, MetadataUnreadable, CaseUnfit: it cannot be read; nothing was kept.
        AlreadyHeld: there is a package of this number or code; nothing was kept.
        PackageRefused, PackageUnjudged: it failed its check, or could not be judged; the report is kept.
        HolderUntold: it does not tell whose it is, so nobody would find it; nothing was kept.
        TurnTaken: a Retryable; another process takes in the same one.
        PackageOccupied: another file lies where it is to be put; nothing was recorded.
        ArchiveAway, DiskRefuses, StoreUnavailable: Retryable; it was not taken in.
        ArchiveRefuses, ArchiveUnset: the store of the packages is not there, or refuses.
    """
    found = bring_in(data, hub.settings, stage=Stage.TRANSFER)
    on_step("package.checked")
    case = read_case(found.package)
    with only_one(hub.connection, f"take in package {found.electronic_file_no}"):
        _demand_new(hub, found, case)
        report = found.report.check
        if report.verdict is not Verdict.VALID:
            archive_checks.keep(hub.connection, found.electronic_file_no, entry_of(report), hub.clock.now())
            on_step("refusal.recorded")
            report.demand_valid()
        stage = stages_of(hub.settings).part(case.item_code, None).value
        record = record_of(hub, case, holder_of(case), stage=stage, archive_code=_code_of(case), origin=origin)
        path = f"{FOLDER}/{hub.clock.now().astimezone(SHANGHAI).year}/{found.electronic_file_no}.zip"
        ArchiveStore.of(hub.settings).put(path, found.package)
        on_step("package.written")
        new = package_of(found.package, report, record, file_no=found.electronic_file_no, path=path)
        with transaction(hub.connection) as cursor:
            archive_packages.add(cursor, new, hub.clock.now())
        on_step("package.recorded")
    return TakenIn(new.file_no, found.form, new.path, new.sm3, new.size, found.report)


def _demand_new(hub: Hub, found: BroughtIn, case: CaseFile) -> None:
    number = found.electronic_file_no
    held = archive_packages.by_file_no(hub.connection, number)
    if held is not None or archive_checks.is_held(hub.connection, number):
        same = held is not None and held.sm3 == sm3(found.package)
        raise AlreadyHeld(
            f"the archive holds a package {number} already, {'the same one' if same else 'and it is another one'}. "
            "Nothing was taken in" + ("." if same else "; ask its sender which of the two is right.")
        )
    code = _code_of(case)
    if code is not None and (bearer := archive_packages.bearer_of(hub.connection, code)) is not None:
        raise AlreadyHeld(
            f"package {number} bears the archive code of package {bearer}, which the archive holds. Nothing was taken "
            "in; ask its sender for the right 档号."
        )


def _code_of(case: CaseFile) -> str | None:
    """The 档号 as one text; how its parts are joined is each archive's own rule, ours is a hyphen (not verified)."""
    code = case.archive_code
    return None if code is None else "-".join((code.fonds, code.category, code.year, code.unit, code.item))
