"""One handled case as it goes into an archive package: plain values, checked when they are made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from archive.errors import CaseUnfit
from archive.formats import agrees
from archive.retention import RetentionRule

_FILE_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Not allowed by the file systems a package is unpacked on.
_UNFIT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')
_LONGEST_NAME = 180


class FolderKind(StrEnum):
    """The folders of a package, one per class of material, in their order."""

    APPLICATION = "申请材料"
    PROCESS = "过程文件"
    RESULT = "结果文件"

    @property
    def id(self) -> str:
        """Two digits, as the attribute `id` of the folder in the metadata."""
        return {"申请材料": "01", "过程文件": "02", "结果文件": "03"}[self.value]


class Outcome(StrEnum):
    """How a case ended."""

    GRANTED = "准予"
    REFUSED = "不予"
    WITHDRAWN = "撤回"


@dataclass(frozen=True, slots=True)
class CaseFileEntry:
    """One file of a case.

    Attributes:
        standard_name: what the item's list of materials calls it (材料标准名称).
        name: the file's own name with its suffix; it becomes part of the path in the package.
        data: the bytes.
        media_type: one of `archive.formats.FORMATS`.
        created: when the bytes came to be, with time zone.
    """

    standard_name: str
    name: str = field(repr=False)
    data: bytes = field(repr=False)
    media_type: str
    created: datetime

    def __post_init__(self) -> None:
        _demand_text("file standard name", self.standard_name)
        _demand_text("file name", self.name)
        _demand_zone("file creation time", self.created)
        if (
            _UNFIT_IN_NAMES.search(self.name)
            or self.name.startswith(".")
            or len(self.name.encode("utf-8")) > _LONGEST_NAME
            or unicodedata.normalize("NFC", self.name) != self.name
        ):
            raise CaseUnfit(
                f"a file of material {self.standard_name!r} has a name that not every file system takes. The case is "
                f'not packed; give it a name in NFC without \\ / : * ? " < > |, not beginning with a dot, '
                f"of at most {_LONGEST_NAME} bytes."
            )
        if not self.data:
            raise CaseUnfit(
                f"a file of material {self.standard_name!r} is empty. The case is not packed; attach the file again."
            )
        if not agrees(self.media_type, self.name, self.data):
            raise CaseUnfit(
                f"a file of material {self.standard_name!r} is not the {self.media_type} it is declared to be, or that "
                "format is not taken. The case is not packed; convert the file or correct its label."
            )


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """The files of one class of material, in the order they are numbered."""

    kind: FolderKind
    files: Sequence[CaseFileEntry] = ()


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """A step of handling: what was done, by whom, when, with what result."""

    what: str
    who: str
    at: datetime
    result: str

    def __post_init__(self) -> None:
        for label, text in (("event", self.what), ("event actor", self.who), ("event result", self.result)):
            _demand_text(label, text)
        _demand_zone("event time", self.at)


@dataclass(frozen=True, slots=True)
class ArchiveCode:
    """The parts of a 档号, kept apart because how they are joined is each archive's own rule.

    Attributes:
        fonds: 全宗号.
        category: 档案门类 or catalogue number 目录号.
        year: 年度, four digits.
        unit: 机构或问题.
        item: 件号.
        text: the whole 档号 as the archive's rule joins it; empty where it was not told.
    """

    fonds: str
    category: str
    year: str
    unit: str
    item: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A finished case with everything its package holds.

    Attributes:
        electronic_file_no: 电子文件号; names the package, so ASCII letters, digits, dot, hyphen and underscore only.
        project_no: 办件编号 of the approval system.
        item_code: 实施编码 of the service item; `item_name` and `item_version` are those in force at acceptance.
        applicant_name: as on the application; never shown in a repr.
        applicant_code_masked: identifier of the applicant with its middle hidden; the full one stands in the
            materials only, so that a list of packages is no list of citizens. None when it is not to be told.
        organ_name: who decided; `organ_code` is its credit code.
        retention: from the bureau's own table, see `archive.retention`.
        accepted, decided: days of acceptance 受理 and of the result 办结.
        outcome: how it ended.
        packed_at: when the package is made, with time zone; given, not asked, so that a re-run makes the same bytes.
        folders: at most one of each kind; a kind that is not given is an empty folder.
        events: handling in the order of time.
        archive_code: parts of the 档号 once the archive has assigned them.
    """

    electronic_file_no: str
    project_no: str
    item_code: str
    item_name: str
    item_version: str
    applicant_name: str = field(repr=False)
    applicant_code_masked: str | None = field(repr=False)
    organ_name: str
    organ_code: str
    retention: RetentionRule
    accepted: date
    decided: date
    outcome: Outcome
    packed_at: datetime
    folders: Sequence[CaseFolder]
    events: Sequence[CaseEvent]
    archive_code: ArchiveCode | None = None

    def __post_init__(self) -> None:
        if not _FILE_NO.fullmatch(self.electronic_file_no):
            raise CaseUnfit(
                "an electronic file number 电子文件号 holds something other than ASCII letters, digits, dot, hyphen "
                "and underscore, or is longer than 100. The case is not packed; correct the number."
            )
        for label, text in (
            ("project number", self.project_no),
            ("item code", self.item_code),
            ("item name", self.item_name),
            ("item version", self.item_version),
            ("applicant name", self.applicant_name),
            ("organ name", self.organ_name),
            ("organ code", self.organ_code),
            ("basis of the retention period", self.retention.basis),
        ):
            _demand_text(label, text)
        if self.applicant_code_masked is not None:
            _demand_text("masked applicant code", self.applicant_code_masked)
            if "*" not in self.applicant_code_masked:
                raise CaseUnfit(
                    f"case {self.electronic_file_no} came with an applicant code in full. It is not packed; "
                    "hide the middle of the code, or leave it out."
                )
        if self.archive_code is not None:
            for label, text in (
                ("fonds", self.archive_code.fonds),
                ("category", self.archive_code.category),
                ("year", self.archive_code.year),
                ("unit", self.archive_code.unit),
                ("item number", self.archive_code.item),
                *((("text", self.archive_code.text),) if self.archive_code.text else ()),
            ):
                _demand_text(f"archive code {label}", text)
        _demand_zone("packing time", self.packed_at)
        kinds = [folder.kind for folder in self.folders]
        if len(set(kinds)) != len(kinds):
            raise CaseUnfit(
                f"case {self.electronic_file_no} has a folder twice. It is not packed; put all files of one class "
                "into one folder."
            )
        if not any(folder.files for folder in self.folders):
            raise CaseUnfit(f"case {self.electronic_file_no} has no file at all. It is not packed; attach its files.")
        if not self.events:
            raise CaseUnfit(
                f"case {self.electronic_file_no} has no handling events. It is not packed; take them over from the "
                "approval system first."
            )
        if self.decided < self.accepted:
            raise CaseUnfit(
                f"case {self.electronic_file_no} was decided before it was accepted. It is not packed; "
                "correct the dates at their source."
            )
        times = [event.at for event in self.events]
        if times != sorted(times):
            raise CaseUnfit(
                f"the handling events of case {self.electronic_file_no} are not in the order of time. It is not "
                "packed; sort them, or correct the times at their source."
            )


def _demand_text(label: str, text: str) -> None:
    """Refuse what would not survive: nothing, outer blanks, and signs that are no text."""
    if not text or text != text.strip() or not fit_text(text):
        raise CaseUnfit(
            f"the {label} of a case is empty, has outer blanks or holds signs that are no text (control signs, "
            "private use, U+FFFD). The case is not packed; correct it at its source."
        )


def _demand_zone(label: str, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise CaseUnfit(f"the {label} of a case has no time zone. The case is not packed; add the zone.")


def fit_text(text: str) -> bool:
    """Whether each character may stand in a name or in metadata: a letter, sign or plain blank that has a meaning."""
    # printable signs are fit but for one, which is no category of its own
    return (text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text) or all(map(_fit_sign, text))


@lru_cache(maxsize=8192)
def _fit_sign(sign: str) -> bool:
    # Unassigned (Cn) is not asked: rare characters of names enter Unicode faster than Python's tables follow.
    number = ord(sign)
    if sign == "\N{REPLACEMENT CHARACTER}" or number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF:
        return False
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
