"""One seal everywhere, looked for: which licences of a folder or the register break the organ rule, and whose they are.

Files are opened for reading and nothing else. What is wrong is told; a licence of another organ is never touched, and
our own get a new version by `hub licences reseal`.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.digest import sm3
from core.errors import HubError
from core.settings import Settings
from core.verdict import Verdict
from documents.package import Limits
from hub.organ_claims import PDF_MARK, claims_of
from hub.pdf import verify_pdf
from hub.trust import anchors_of, trust_of
from schemas.organs import Claims, Judgement, Organ, OrganTable, Ruling, judge
from signing.ofd.verify import verify
from signing.report import Report, printable
from signing.trust import Trust

#: Real licences have some hundred kilobytes. Two of these bounds at once fit any machine.
_LIMITS: Final = Limits(file_bytes=64 << 20, entry_bytes=32 << 20, total_bytes=96 << 20)
_LONGEST_CELL: Final = 200


class Standing(StrEnum):
    """How one file stands to the rule."""

    KEEPS = "keeps"
    BREAKS = "breaks"
    OUTDATED = "outdated"
    CANNOT_TELL = "cannot_tell"
    UNREADABLE = "unreadable"

    @property
    def zh(self) -> str:
        """Chinese."""
        return _STANDINGS[self][0]

    @property
    def en(self) -> str:
        """English."""
        return _STANDINGS[self][1]


_STANDINGS: Final = {
    Standing.KEEPS: ("一致", "keeps the rule"),
    Standing.BREAKS: ("不一致", "breaks the rule"),
    Standing.OUTDATED: ("机关已承继", "sealed by the organ of before"),
    Standing.CANNOT_TELL: ("无法判断", "cannot be told"),
    Standing.UNREADABLE: ("无法读取", "cannot be read"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a file; `word` is stable, `label` says in Chinese what it means, without names."""

    word: str
    label: str
    zh: str
    en: str

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"word": self.word, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One file and what was found. It holds nothing about the licence's holder.

    Attributes:
        path: as it is shown.
        owner_code, owner: whose the licence is today, "" when nobody can tell.
        issuer_code: credit code of the organ that issued it, "" when the table does not know it.
        ours: whether it is this bureau's.
        verdict: our verifier's, of the file as a file; it needs the roots of whoever sealed it.
        status: in the register, "" for a file from elsewhere.
    """

    path: str
    standing: Standing
    wrong: tuple[Wrong, ...]
    licence: str = ""
    number: str = ""
    identifier: str = ""
    issuer: str = ""
    issuer_code: str = ""
    owner: str = ""
    owner_code: str = ""
    ours: bool = False
    signed_on: date | None = None
    seals: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    verdict: str = ""
    status: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.path,
            "standing": self.standing.value,
            "licence": self.licence,
            "number": self.number,
            "identifier": self.identifier,
            "issuer": self.issuer,
            "issuer_code": self.issuer_code,
            "owner": self.owner,
            "owner_code": self.owner_code,
            "ours": self.ours,
            "signed_on": self.signed_on.isoformat() if self.signed_on is not None else None,
            "seals": list(self.seals),
            "signers": list(self.signers),
            "verdict": self.verdict,
            "status": self.status,
            "findings": [one.to_dict() for one in self.wrong],
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """One file to look at.

    Attributes:
        path: where it lies.
        shown: as it is told; of bytes that are no text, what can be printed.
        sm3: the digest the register recorded; None for a file from elsewhere.
        number, status: of the register's licence.
    """

    path: str
    shown: str
    sm3: bytes | None = None
    number: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """By what is judged; the same for every file, and handed to other processes.

    Attributes:
        anchors: certificates to trust in place of this hub's own.
        at: the moment of the audit.
    """

    table: OrganTable
    settings: Settings
    anchors: tuple[bytes, ...] | None
    at: datetime
    today: date


class Judge:
    """Looks at one file after the other; whom to trust is read once."""

    def __init__(self, ground: Ground) -> None:
        """Raises CertificateRefused, PressMalformed: what is trusted cannot be read."""
        self._ground = ground
        self._anchors = list(ground.anchors) if ground.anchors is not None else anchors_of(ground.settings)
        self._trust: Trust = trust_of(ground.settings, self._anchors)

    def look(self, asked: Asked) -> AuditRow:
        """The row of one file. Whatever the file holds is an answer, not an exception."""
        try:
            data = _bytes_of(asked.path)
        except OSError as error:
            return unread(asked, "file.unreadable", "文件无法打开", f"it cannot be opened ({error.strerror})")
        if data is None:
            most = _LIMITS.file_bytes >> 20
            zh, en = f"不是普通文件，或超过 {most} MiB", f"it is no regular file, or larger than {most} MiB"
            return unread(asked, "file.unfit", zh, en)
        if asked.sm3 is not None and sm3(data) != asked.sm3:
            return unread(asked, "file.altered", "不是登记簿记录的文件", "it is not the file the register recorded")
        return self._judged(asked, data)

    def _judged(self, asked: Asked, data: bytes) -> AuditRow:
        report = self._verified(data)
        claims = claims_of(data, report, _LIMITS)
        found = judge(claims, self._ground.table, self._ground.today)
        return _row(asked, self._ground.table, self._ground.today, report, claims, found)

    def _verified(self, data: bytes) -> Report:
        if data.startswith(PDF_MARK):
            return verify_pdf(data, self._ground.settings, anchors=self._anchors, at=self._ground.at)
        return verify(data, trust=self._trust, at=self._ground.at, limits=_LIMITS)


def unread(asked: Asked, word: str, zh: str, en: str) -> AuditRow:
    """The row of a file that could not be looked at."""
    return AuditRow(
        asked.shown, Standing.UNREADABLE, (Wrong(word, zh, zh, en),), number=asked.number, status=asked.status
    )


def _row(asked: Asked, table: OrganTable, today: date, report: Report, claims: Claims, found: Judgement) -> AuditRow:
    wrong = tuple(Wrong(one.word, one.label, one.zh, one.en) for one in found.findings)
    standing = _standing(found)
    if standing is Standing.OUTDATED and found.issuer is not None:
        wrong += (_succeeded(table, found.issuer, claims.licence, today),)
    if report.verdict is Verdict.INVALID:
        fault = _fault(report)
        if not claims.seals and claims.issuer_code is None and claims.face is None:
            standing, wrong = Standing.UNREADABLE, (fault,)
        else:
            # What a file claims that does not verify is nobody's word.
            standing = standing if standing is Standing.BREAKS else Standing.CANNOT_TELL
            wrong += (fault,)
    return AuditRow(
        path=asked.shown,
        standing=standing,
        wrong=wrong,
        licence=_cell(claims.licence),
        number=_cell(claims.number) or asked.number,
        identifier=_cell(claims.identifier),
        issuer=_cell(claims.issuer or claims.face),
        issuer_code="" if found.issuer is None else found.issuer.credit_code,
        owner=_name(found.owner),
        owner_code="" if found.owner is None else found.owner.credit_code,
        ours=found.owner is table.own,
        signed_on=found.day,
        seals=tuple(_cell(one.name) for one in claims.seals if one.name is not None),
        signers=tuple(_cell(one.organisation) for one in claims.seals),
        verdict=report.verdict.value,
        status=asked.status,
    )


def _fault(report: Report) -> Wrong:
    said = report.first_fault
    zh, en = ("", "") if said is None else (said.zh, said.en)
    return Wrong("document.invalid", "文件核验无效", f"文件核验无效：{zh}", f"the file is not valid: {en}")


def _succeeded(table: OrganTable, issuer: Organ, licence: str | None, today: date) -> Wrong:
    steps = table.chain(issuer, today, licence)
    if not steps:
        now = issuer.name_on(today)
        return Wrong(
            "issuer.renamed",
            "颁发机构已更名",
            f"签章时一致；颁发机构其后更名为{now}",
            f"it kept the rule when sealed; since then called {now}",
        )
    last, heir = steps[-1], table.heir(issuer, today, licence)
    mark = "" if last.verified else "，未核实"
    return Wrong(
        "issuer.succeeded",
        "颁发机构已由他机关承继",
        f"签章时一致；{last.effective} 起由{heir.name}承继（{last.basis}{mark}）",
        f"it kept the rule when sealed; followed by {heir.name} on {last.effective}",
    )


def _standing(found: Judgement) -> Standing:
    if found.ruling is Ruling.BREAKS:
        return Standing.BREAKS
    if found.outdated:
        return Standing.OUTDATED
    return Standing.CANNOT_TELL if found.ruling is Ruling.CANNOT_TELL else Standing.KEEPS


def _name(organ: Organ | None) -> str:
    return "" if organ is None else organ.name


def _cell(text: str | None) -> str:
    """Text of a stranger's file for a cell: one line, and it has an end."""
    return "" if text is None else printable(text[:_LONGEST_CELL])


def _bytes_of(path: str) -> bytes | None:
    """The file's bytes; None for what is no regular file, or too large. Opened for reading only, and only when it is a
    file: to open a device can have effects, and a pipe keeps one waiting."""
    if not _fit(Path(path).stat()):
        return None
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(handle, "rb") as stream:
        return stream.read(_LIMITS.file_bytes) if _fit(os.fstat(handle)) else None


def _fit(told: os.stat_result) -> bool:
    return stat.S_ISREG(told.st_mode) and told.st_size <= _LIMITS.file_bytes


def safely(judge: Judge, asked: Asked) -> AuditRow:
    """As `Judge.look`; a fault of ours over one file is told of that file, and the others are still looked at."""
    try:
        return judge.look(asked)
    except HubError as error:
        return unread(asked, "file.refused", f"无法核验（{error.code}）", f"it could not be judged ({error.code})")
    except TimeoutError:
        return unread(asked, "file.too_slow", "读取超时，已跳过", "it took too long to read and was left")
    except (MemoryError, RecursionError):
        return unread(asked, "file.too_costly", "读取所需内存过大，已跳过", "it needs too much memory and was left")
    except Exception as error:  # noqa: BLE001 - one strange file of a hundred thousand must not end the audit
        kind = type(error).__name__
        return unread(asked, "file.fault", f"读取时出错（{kind}）", f"reading it went wrong ({kind}); please report it")
