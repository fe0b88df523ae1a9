"""The verdict of the public check 证照核验: what the file says of itself, times what the register says of the licence.

Plain values in, one verdict out; nothing is asked of the store here. A file is never called valid unless the register
has exactly that file, and a licence that ended is said to have ended whatever its file looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from core.errors import Retryable
from core.verdict import Verdict
from hub.checking_outcome import Outcome
from hub.checking_parts import TRUST_STEPS, Told, parts_at_fault
from schemas.licence_life import Status
from signing.report import Report, SealFacts, State

#: Length of the credit code at the head of a government signer's organisation.
_CREDIT_CODE: Final = 18


class RegisterSilent(Retryable):
    """The register could not be asked whether a licence is good; that says nothing about the licence."""

    code: ClassVar[str] = "HUB-940"


class Way(StrEnum):
    """How somebody asked: by the address in the QR code, by identifier and number, by sending the file."""

    CODE = "code"
    NUMBER = "number"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class FaceLine:
    """One line of the licence's face; `masked` when it is about a person and only part of it is shown."""

    label: str
    words: str
    masked: bool


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step of the licence's life as anybody may know it; `entry` is its number in the register."""

    word: str
    word_en: str
    effective_on: date
    basis: str
    document_no: str | None
    entry: str


@dataclass(frozen=True, slots=True)
class VersionTold:
    """One version of the licence: what it came of, since when and until when it was current."""

    version: int
    cause: str
    cause_en: str
    published_at: datetime | None
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealTold:
    """Who sealed, under which seal, when. `proven` is False for what only the file says."""

    seal: str
    es_id: str
    organ: str
    signer: str
    sealed_at: datetime | None
    stamped_at: datetime | None
    timestamped: bool | None
    proven: bool


@dataclass(frozen=True, slots=True)
class CopyTold:
    """What an annotated copy 加注件 was made for."""

    receiver: str
    cause: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateTold:
    """What a certificate 档案查询证明 says of what was given out of an archive; persons who came for it are not named.

    Attributes:
        requester: kind of the requester, and the organisation where there is one.
        holder: whose archive it was; None for a person.
        files: how many were given out; `form` says as what.
        ended: it was withdrawn, or closed before its time.
    """

    number: str
    requester: str
    requester_en: str
    holder: str | None
    purpose: str
    form: str
    files: int
    made_at: datetime
    expires_at: datetime
    document_sm3: bytes
    ended: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of one published document, as of the day of the check.

    Attributes:
        status: of the licence that day.
        status_step: the step that led there; None where nothing but time did.
        superseded: another document of the licence is current.
        newer_token: of the current document where there is another; None when it has none.
        entry: number of the register entry by which the document was published.
        copy: what the file is, when it is an annotated copy of the document.
    """

    number: str
    identifier: str
    type_name: str
    issuer: str
    version: int
    document_sm3: bytes | None
    status: Status
    status_since: date | None
    valid_until: date | None
    superseded: bool
    newer_token: str | None = field(repr=False)
    entry: str | None
    status_step: StepTold | None
    steps: tuple[StepTold, ...]
    versions: tuple[VersionTold, ...]
    face: tuple[FaceLine, ...] = field(repr=False)
    seals: tuple[SealTold, ...]
    copy: CopyTold | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the register answers about a file.

    Attributes:
        document: the published document that is this very file, or a copy of it recorded under this SM3.
        identifier_known: the identifier in the file is one of the register's, which has another file under it.
        organs: credit codes of the organs whose seals this hub has or had.
        certificate: the certificate about files of an archive that is this very file.
    """

    document: Registered | None
    identifier_known: bool
    organs: frozenset[str]
    certificate: CertificateTold | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """One verdict and what it rests on.

    Attributes:
        licence: what the register says; None where it has nothing to say or must not.
        reasons: why, where that needs more words than the verdict: parts that were changed, what is not known.
        seals: whom the seals name; of a licence that the register knows, its own.
        newer_token: of the newer version, to be linked to; None when asked by number.
        certificate: what was given out of an archive, where the document is a certificate of that.
    """

    outcome: Outcome
    way: Way
    at: datetime
    licence: Registered | None = None
    reasons: tuple[Told, ...] = ()
    seals: tuple[SealTold, ...] = ()
    newer_token: str | None = field(default=None, repr=False)
    report: Report | None = field(default=None, repr=False)
    certificate: CertificateTold | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """That a licence stands in the register, for anybody to check without the hub.

    Attributes:
        body: the proof as it is handed out.
        number: of the entry in the log, from 0.
        head, at: number and time of the signed head it leads to; None where none covers the entry yet.
        size, root: of the tree the proof leads to.
    """

    body: Mapping[str, Any] = field(repr=False)
    entry: str
    number: int
    size: int
    root: str
    head: int | None
    at: datetime | None


_ENDED: Final = {
    Status.WITHDRAWN: Outcome.WITHDRAWN,
    Status.REVOKED: Outcome.REVOKED,
    Status.CANCELLED: Outcome.CANCELLED,
    Status.EXPIRED: Outcome.EXPIRED,
}


def outcome_of(found: Registered, at: datetime) -> Outcome:
    """What the register alone says of a document at a moment. The licence's own end weighs more than its document's."""
    if found.status in _ENDED:
        return _ENDED[found.status]
    if found.status is Status.SUSPENDED:
        return Outcome.SUSPENDED
    if found.status is not Status.VALID:
        return Outcome.NOT_FOUND
    if found.copy is not None and at > found.copy.expires_at:
        return Outcome.ANNOTATED_EXPIRED
    if found.superseded:
        return Outcome.SUPERSEDED
    return Outcome.VALID if found.copy is None else Outcome.ANNOTATED


def judge_register(found: Registered | None, way: Way, at: datetime) -> Checked:
    """The verdict for a token or a number; one and the same for all that is not there, not published, or no match."""
    outcome = Outcome.NOT_FOUND if found is None else outcome_of(found, at)
    if found is None or outcome is Outcome.NOT_FOUND:
        return Checked(Outcome.NOT_FOUND, way, at)
    newer = _newer(found) if way is not Way.NUMBER else None
    return Checked(outcome, way, at, found, seals=found.seals, newer_token=newer)


def outcome_of_certificate(found: CertificateTold, at: datetime) -> Outcome:
    """Whether a certificate holds at a moment."""
    return Outcome.CERTIFICATE_EXPIRED if found.ended or at > found.expires_at else Outcome.CERTIFICATE


def judge_certificate(found: CertificateTold, at: datetime) -> Checked:
    """The verdict for the token of a certificate."""
    return Checked(outcome_of_certificate(found, at), Way.CODE, at, certificate=found)


def judge_file(report: Report, known: Known | None, at: datetime) -> Checked:
    """The verdict for a file.

    Args:
        report: of the file verifier.
        known: what the register answers; None when it cannot be asked.
    """
    outcome, reasons = _file_outcome(report, known, at)
    found = known.document if known is not None and outcome not in _SAYS_NOTHING else None
    proven = report.verdict is Verdict.VALID
    return Checked(
        outcome,
        Way.FILE,
        at,
        found,
        tuple(reasons),
        tuple(_told(one, proven=proven) for one in report.seals),
        _newer(found) if found is not None else None,
        report,
        known.certificate if known is not None and outcome not in _SAYS_NOTHING else None,
    )


#: Verdicts on a file by which nothing of a licence may be shown: the file proves nothing about it.
_SAYS_NOTHING: Final = frozenset(
    {Outcome.TAMPERED, Outcome.UNREADABLE, Outcome.FOREIGN, Outcome.NOT_REGISTERED, Outcome.CANNOT_NOW}
)
#: Steps before anything sealed was found.
_SHAPE_STEPS: Final = frozenset({"CONTAINER", "ENTRY", "RECORDS"})


def _file_outcome(report: Report, known: Known | None, at: datetime) -> tuple[Outcome, list[Told]]:
    failed = {one.step.name for one in report.findings if one.state is State.FAILED}
    if failed or not report.seals:
        return _refused(report, failed, known, at)
    if report.verdict is Verdict.CANNOT_TELL:
        return _ended(known, at) or Outcome.CANNOT_NOW, _unknown(report)
    if known is None:
        return Outcome.CANNOT_NOW, [
            Told(
                "文件自签章后未被改动，印章可信；但登记簿现在无法查询，证照是否仍然有效不能断定",
                "The file is unchanged and its seal is trusted, but the register cannot be asked, so whether the "
                "licence is still in force cannot be told",
            )
        ]
    if known.certificate is not None:
        return outcome_of_certificate(known.certificate, at), []
    if known.document is not None:
        outcome = outcome_of(known.document, at)
        return (outcome, []) if outcome is not Outcome.NOT_FOUND else (Outcome.NOT_REGISTERED, [])
    if not any(one.organisation[:_CREDIT_CODE] in known.organs for one in report.seals):
        return Outcome.FOREIGN, [
            Told(
                "文件自签章后未被改动，印章属于下列机关，请向该机关核实",
                "The file is unchanged and bears the seal of the organ below; ask that organ",
            )
        ]
    if known.identifier_known:
        return Outcome.NOT_REGISTERED, [
            Told(
                "登记簿中该电子证照标识对应的是另一个文件",
                "Under the identifier of this file the register has another file",
            )
        ]
    return Outcome.NOT_REGISTERED, [
        Told("登记簿中没有这个文件的摘要", "The register has no document with the digest of this file")
    ]


def _refused(report: Report, failed: set[str], known: Known | None, at: datetime) -> tuple[Outcome, list[Told]]:
    if failed <= _SHAPE_STEPS and not report.seals:
        return Outcome.UNREADABLE, parts_at_fault(report)
    if not failed <= TRUST_STEPS:
        return Outcome.TAMPERED, parts_at_fault(report)
    if known is not None and known.document is not None:
        return _ended(known, at) or Outcome.SEAL_UNTRUSTED, parts_at_fault(report)
    if known is not None and known.certificate is not None:
        return Outcome.SEAL_UNTRUSTED, parts_at_fault(report)
    return Outcome.FOREIGN, [
        Told(
            "印章或签章证书不可信；下列名称仅为文件自称，未经证实，可能是冒用",
            "The seal or its certificate is not trusted; the names below are only what the file says and may be false",
        ),
        *parts_at_fault(report),
    ]


def _newer(found: Registered) -> str | None:
    """The newer version's token: for who has the older one, not for who was given a copy of it for one use."""
    return found.newer_token if found.copy is None else None


def _ended(known: Known | None, at: datetime) -> Outcome | None:
    """The licence's end, if it ended: the register has this very file, so bad news is sure whoever sealed it."""
    outcome = outcome_of(known.document, at) if known is not None and known.document is not None else None
    return outcome if outcome in _ENDED.values() else None


def _unknown(report: Report) -> list[Told]:
    return [
        Told("文件未发现改动，但有检查项缺少依据", "Nothing was found changed, but something could not be judged"),
        *dict.fromkeys(Told(one.zh, one.en) for one in report.findings if one.state is State.CANNOT_TELL),
    ]


def _told(facts: SealFacts, *, proven: bool) -> SealTold:
    code = facts.organisation[:_CREDIT_CODE]
    named = facts.organisation[_CREDIT_CODE:] if code.isascii() and code.isalnum() else facts.organisation
    return SealTold(
        seal=facts.seal_name,
        es_id=facts.es_id,
        organ=named or facts.organisation,
        signer=facts.signer,
        sealed_at=facts.signed_at,
        stamped_at=facts.stamped_at,
        timestamped=facts.stamped_at is not None,
        proven=proven,
    )
