"""A package back as the case it was built from: what was written is read, nothing is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from archive.case import ArchiveCode, CaseEvent, CaseFile, CaseFileEntry, CaseFolder, FolderKind, Outcome
from archive.errors import CaseUnfit
from archive.metadata import BASE_INFO, OPTIONAL_FIELDS, PROCESS_INFO, BaseInfo, read_base_info, read_process_info
from archive.opened import LIMITS
from archive.retention import Retention, RetentionRule
from documents.package import Package

T = TypeVar("T")
_CODE_PARTS = (*OPTIONAL_FIELDS[2:], "archive_code")


def read_case(data: bytes) -> CaseFile:
    """The case in a package; packing it again gives the same metadata and files.

    Whether the package is genuine and whole is not asked here: `archive.check` does.

    Raises:
        ContainerRefused: not a plain container.
        MetadataUnreadable: an XML file of it cannot be read.
        CaseUnfit: its metadata lack a value, hold one that is none, or name a file that is not there.
    """
    entries = Package.read(data, LIMITS).entries
    return case_of(entries)


def case_of(entries: Mapping[str, bytes]) -> CaseFile:
    """As `read_case`, of a package's files."""
    base = read_base_info(_part(entries, BASE_INFO))
    process = read_process_info(_part(entries, PROCESS_INFO))
    faults = [*base.faults, *process.faults]
    if faults:
        raise _unfit(f"its metadata are not complete or have too much: {', '.join(faults[:5])}")
    values = base.values
    code = tuple(values.get(name) for name in _CODE_PARTS)
    return CaseFile(
        electronic_file_no=values["electronic_file_no"],
        project_no=values["project_no"],
        item_code=values["item_code"],
        item_name=values["item_name"],
        item_version=values["item_version"],
        applicant_name=values["applicant_name"],
        applicant_code_masked=values.get("applicant_code"),
        organ_name=values["organ_name"],
        organ_code=values["organ_code"],
        retention=RetentionRule(
            _value("retention_period", Retention, values["retention_period"]),
            base.attributes.get("basis", ""),
            base.attributes.get("verified") == "true",
        ),
        accepted=_value("accept_date", date.fromisoformat, values["accept_date"]),
        decided=_value("result_date", date.fromisoformat, values["result_date"]),
        outcome=_value("result", Outcome, values["result"]),
        packed_at=_value("package_creation_time", datetime.fromisoformat, values["package_creation_time"]),
        folders=_folders(base, entries),
        events=tuple(
            CaseEvent(
                event["what"], event["who"], _value("when", datetime.fromisoformat, event["when"]), event["result"]
            )
            for event in process.events
        ),
        archive_code=None if code[0] is None else ArchiveCode(*(part or "" for part in code)),
    )


def _folders(base: BaseInfo, entries: Mapping[str, bytes]) -> tuple[CaseFolder, ...]:
    files: dict[FolderKind, list[CaseFileEntry]] = {}
    for index, (title, file) in enumerate(base.files):
        kind = _value("folder", FolderKind, title)
        files.setdefault(kind, []).append(
            CaseFileEntry(
                file["file_standard_name"],
                file["file_actual_name"],
                _part(entries, base.path_of(index)),
                file["format_information"],
                _value("file_creation_time", datetime.fromisoformat, file["computer_file_creation_time"]),
            )
        )
    return tuple(CaseFolder(kind, tuple(files[kind])) for kind in FolderKind if kind in files)


def _part(entries: Mapping[str, bytes], path: str) -> bytes:
    if path not in entries:
        raise _unfit(f"{path.rpartition('/')[2] if path.endswith('.xml') else 'a file its metadata name'} is missing")
    return entries[path]


def _value(name: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError:
        raise _unfit(f"the value of {name} is none") from None


def _unfit(why: str) -> CaseUnfit:
    return CaseUnfit(f"the package cannot be read back as a case: {why}. Nothing was taken in; ask for it again.")
