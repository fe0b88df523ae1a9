"""The public check's answer to programs: one verdict in Chinese and English, and what it rests on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.checking import Checked, Registered, StepTold, VersionTold
from hub.checking_outcome import WORDS, Outcome
from web.check_port import Shown


class Said(BaseModel):
    """Words in Chinese and English."""

    zh: str
    en: str


class Line(BaseModel):
    """A line of the face; where it is about a person, `masked`, only part of it is told."""

    model_config = ConfigDict(from_attributes=True)

    label: str
    words: str
    masked: bool


class StepAnswer(BaseModel):
    """A step of the licence's life: what happened, from which day on, by which law or decision."""

    zh: str
    en: str
    effective_on: date
    basis: str
    document_no: str | None
    entry: str


class VersionAnswer(BaseModel):
    """A version of the licence: what it came of, when it was current."""

    version: int
    zh: str
    en: str
    published_at: datetime | None
    superseded_at: datetime | None


class SealAnswer(BaseModel):
    """Whom a seal names; believed only where `proven`."""

    model_config = ConfigDict(from_attributes=True)

    seal: str
    es_id: str
    organ: str
    signer: str
    sealed_at: datetime | None
    stamped_at: datetime | None
    timestamped: bool | None
    proven: bool


class CopyAnswer(BaseModel):
    """What an annotated copy was made for."""

    model_config = ConfigDict(from_attributes=True)

    receiver: str
    cause: str
    made_at: datetime
    expires_at: datetime


class CertificateAnswer(BaseModel):
    """What a certificate 档案查询证明 was made for, and how many files of the archive it is about."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    requester: str
    holder: str | None
    purpose: str
    form: str
    files: int
    made_at: datetime
    expires_at: datetime


class LicenceAnswer(BaseModel):
    """What the register says of the document."""

    number: str
    identifier: str
    type: str
    issuer: str
    version: int
    status: str
    status_zh: str
    status_since: date | None
    status_basis: str | None
    valid_until: date | None
    superseded: bool
    document_sm3: str | None
    face: list[Line]
    steps: list[StepAnswer]
    versions: list[VersionAnswer]
    annotated: CopyAnswer | None


class CheckAnswer(BaseModel):
    """The verdict. Only `valid` lets anybody rely on the licence, and `annotated` the receiver it names; `certificate`
    is of no licence, but of what an archive gave out.

    `newer` is the path of the newer version's page; `proof` an inclusion proof for
    `hub register check-proof`, with the register's entry as `body` and how to check both.
    """

    verdict: Outcome
    title: Said
    says: Said
    reasons: list[Said]
    way: str
    checked_at: datetime
    licence: LicenceAnswer | None
    certificate: CertificateAnswer | None
    seals: list[SealAnswer]
    newer: str | None
    proof: dict[str, Any] | None


def answer_of(shown: Shown) -> CheckAnswer:
    """As programs read it."""
    checked = shown.checked
    words = WORDS[checked.outcome]
    return CheckAnswer(
        verdict=checked.outcome,
        title=Said(zh=words.zh, en=words.en),
        says=Said(zh=words.says_zh, en=words.says_en),
        reasons=[Said(zh=one.zh, en=one.en) for one in checked.reasons],
        way=checked.way.value,
        checked_at=checked.at,
        licence=_licence(checked.licence) if checked.licence is not None else None,
        certificate=CertificateAnswer.model_validate(checked.certificate) if checked.certificate is not None else None,
        seals=[SealAnswer.model_validate(one) for one in checked.seals],
        newer=newer_path(checked),
        proof=dict(shown.proof.body) if shown.proof is not None else None,
    )


def newer_path(checked: Checked) -> str | None:
    """Where the newer version's page is; None when it must not be told or has none."""
    return f"/v/{checked.newer_token}" if checked.newer_token else None


def proof_path(entry: str) -> str:
    """Where the proof of a register entry can be fetched: no token is in it."""
    return f"/api/check/proof/{entry}"


def _licence(found: Registered) -> LicenceAnswer:
    return LicenceAnswer(
        number=found.number,
        identifier=found.identifier,
        type=found.type_name,
        issuer=found.issuer,
        version=found.version,
        status=found.status.value,
        status_zh=found.status.chinese,
        status_since=found.status_since,
        status_basis=found.status_step.basis if found.status_step is not None else None,
        valid_until=found.valid_until,
        superseded=found.superseded,
        document_sm3=found.document_sm3.hex() if found.document_sm3 is not None else None,
        face=[Line.model_validate(one) for one in found.face],
        steps=[_step(one) for one in found.steps],
        versions=[_version(one) for one in found.versions],
        annotated=CopyAnswer.model_validate(found.copy) if found.copy is not None else None,
    )


def _step(one: StepTold) -> StepAnswer:
    return StepAnswer(
        zh=one.word,
        en=one.word_en,
        effective_on=one.effective_on,
        basis=one.basis,
        document_no=one.document_no,
        entry=one.entry,
    )


def _version(one: VersionTold) -> VersionAnswer:
    return VersionAnswer(
        version=one.version,
        zh=one.cause,
        en=one.cause_en,
        published_at=one.published_at,
        superseded_at=one.superseded_at,
    )
