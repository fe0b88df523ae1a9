"""The catalogue 档案目录: under which number, name, part and day each package of the archive is found."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any, ClassVar, Final, cast

from archive.case import CaseFile, FolderKind
from archive.errors import CaseUnfit
from archive.reading import read_case
from archive.report import CheckReport
from archive.stages import Stages, StagesUnfit
from core.digest import sha256
from core.errors import Permanent, Rejected
from core.settings import Settings
from hub.archive_store import ArchiveStore
from hub.check_reports import entry_of
from hub.context import Hub
from hub.files import read_table
from hub.sources import ACCEPT
from hub.subjects import LEGACY
from schemas.judge import restore
from schemas.names import folded
from schemas.records import Accept
from schemas.records.base import Subject, legacy_subjects
from schemas.records.bureau import ApplicantKind
from store import archive_packages, licences
from store.archive_packages import NewPackage, Record, Stored
from store.archive_parties import Identity, Name
from store.connection import transaction

#: A bureau's own table of the parts of a volume.
STAGES: Final = "archive-stages.toml"
#: The file of a package that names the applicant in full.
_ACCEPTED: Final = "受理信息"


class HolderUntold(Permanent):
    """A package does not tell whose it is, so nobody would ever find it."""

    code: ClassVar[str] = "HUB-907"


def stages_of(settings: Settings) -> Stages:
    """The bureau's own table from the home folder, the hub's suggestion where there is none.

    Raises:
        StagesUnfit: it cannot be read.
    """
    own = settings.home / STAGES
    if own.exists():
        return Stages.from_toml(read_table(own, StagesUnfit, "No package was filed; make it readable."))
    return Stages.from_toml((files("archive") / "stages.toml").read_text(encoding="utf-8"))


def holder_of(case: CaseFile) -> Subject:
    """The applicant of a case, by the full number that its materials hold.

    Raises:
        HolderUntold: none of them does.
    """
    for folder in case.folders:
        if folder.kind is FolderKind.APPLICATION:
            for entry in folder.files:
                if entry.standard_name == _ACCEPTED:
                    return _applicant(case, entry.data)
    raise HolderUntold(
        f"package {case.electronic_file_no} has no {_ACCEPTED} with the applicant's number; it was not filed. Say "
        "whose it is, or pack the case again."
    )


def record_of(
    hub: Hub,
    case: CaseFile,
    holder: Subject,
    *,
    stage: str,
    licence_number: str | None = None,
    archive_code: str | None = None,
    origin: str | None = None,
) -> Record:
    """The catalogue's line of a case.

    Args:
        stage: the part of the holder's volume it stands in (`archive.stages.VolumePart`).
        archive_code: the 档号 as one text.
        origin: the transfer it came by.
    """
    # Of persons nothing readable is kept: a dump of the catalogue must be no list of citizens.
    public = holder.kind in ("company", *LEGACY)
    flat = folded(case.applicant_name)
    basis = f"办件 {case.project_no}" if origin is None else f"迁入档案 {origin}"
    return Record(
        holder=Identity(hub.subject(holder.kind, holder.value), holder.kind, case.decided, basis),
        name=Name(
            name_key(hub, case.applicant_name),
            case.applicant_name if public else None,
            flat if public else None,
            case.decided,
        ),
        project_no=case.project_no,
        item=case.item_code,
        item_name=case.item_name,
        licence_number=licence_number,
        stage=stage,
        outcome=case.outcome.value,
        accepted_on=case.accepted,
        decided_on=case.decided,
        retention=case.retention.period.value,
        organ=case.organ_name,
        archive_code=archive_code,
        origin=origin,
    )


def package_of(
    data: bytes,
    report: CheckReport,
    record: Record,
    *,
    file_no: str,
    path: str,
    licence: str | None = None,
    proven_at: datetime | None = None,
    **told: Any,
) -> NewPackage:
    """A package as it comes into the archive, with the report of its check.

    Args:
        report: of these bytes; their SM3 is taken from it.
        path: where it lies in the archive's store.
        licence, proven_at: as `NewPackage` has them.
        told: what the report that is kept says besides.
    """
    return NewPackage(
        file_no=file_no,
        sm3=bytes.fromhex(report.sm3),
        sha256=sha256(data),
        size=len(data),
        path=path,
        check=entry_of(report, **told),
        record=record,
        licence=licence,
        proven_at=proven_at,
    )


def name_key(hub: Hub, name: str) -> bytes:
    """The keyed hash a name is searched by; full and half width, brackets and blanks make no difference."""
    return hub.subject("holder_name", folded(name))


def file_older(hub: Hub) -> tuple[int, int]:
    """Enter packages of a release before the catalogue; how many were, and how many cannot be read (they stay out).

    Raises:
        StagesUnfit: the table of the parts of a volume cannot be read; none was entered.
        ArchiveAway: their store does not answer; those entered are.
    """
    unfiled = archive_packages.unfiled(hub.connection)
    if not unfiled:
        return 0, 0
    store, stages = ArchiveStore.of(hub.settings), stages_of(hub.settings)
    entered = left = 0
    for stored in unfiled:
        try:
            record = _read(hub, store, stages, stored)
        except (Permanent, Rejected):
            left += 1
            continue
        with transaction(hub.connection) as cursor:
            archive_packages.file(cursor, stored.file_no, record)
        entered += 1
    return entered, left


def _read(hub: Hub, store: ArchiveStore, stages: Stages, stored: Stored) -> Record:
    case = read_case(store.get_checked(stored.path, stored.sm3))
    version = licences.by_id(hub.connection, stored.licence) if stored.licence is not None else None
    return record_of(
        hub,
        case,
        holder_of(case),
        stage=stages.part(case.item_code, version.cause if version is not None else None).value,
        licence_number=version.number if version is not None else None,
        archive_code=(case.archive_code.text or None) if case.archive_code is not None else None,
    )


def _applicant(case: CaseFile, data: bytes) -> Subject:
    try:
        accept = cast(Accept, restore(ACCEPT, data))
        applicant = accept.subjects()[0]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CaseUnfit(
            f"the {_ACCEPTED} of package {case.electronic_file_no} cannot be read; it was not filed. Pack the case "
            "again."
        ) from None
    if applicant.kind == "other" and accept.applicant_kind is ApplicantKind.ORGANISATION:
        # an organisation that applied by a number of before 2015 is found under it, whatever its case calls the number
        old = legacy_subjects(None, applicant.value, applicant.value)
        return old[0] if old else applicant
    return applicant
