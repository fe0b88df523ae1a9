"""Retrieval 档案查询利用 as it is asked for, decided and answered: the values its verbs take and give back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from archive.stages import VolumePart
from core.clock import second_text
from hub.caller import Caller

#: Largest file of a proof, in bytes, and the most files of one request.
LARGEST_PROOF: Final = 10_000_000
MOST_PROOFS: Final = 10
#: Longest names of an organisation and a person, purpose, and reason of a decision, in characters.
LONGEST_NAME: Final = 100
LONGEST_PURPOSE: Final = 200
LONGEST_REASON: Final = 500
#: What the files of an answer are called that no package holds.
CERTIFICATE: Final = "档案查询证明.ofd"
FACTS: Final = "机读档案.json"


class Requester(StrEnum):
    """Who wants to see an archive."""

    AUTHORITY = "authority"
    ENTITY = "entity"
    LAWYER = "lawyer"
    PARTNER = "partner"

    @property
    def chinese(self) -> str:
        """As a page and a certificate name it."""
        return _REQUESTERS[self]


class Proof(StrEnum):
    """What a requester shows."""

    OFFICIAL_LETTER = "official_letter"
    VALID_ID = "valid_id"
    AUTHORISATION = "authorisation"
    PRACTICE_CERTIFICATE = "practice_certificate"
    FIRM_CERTIFICATE = "firm_certificate"
    UNDERTAKING = "undertaking"
    SIGNED_IN = "signed_in"
    """The hub itself knows who asks: the holder in 我的数据, or a partner's system by its token. Never brought as a
    file: `ask` adds it by itself."""

    @property
    def chinese(self) -> str:
        """As a page and a certificate name it."""
        return _PROOFS[self]


class Form(StrEnum):
    """In which form an archive is seen."""

    FACTS = "facts"
    ORIGINALS = "originals"

    @property
    def chinese(self) -> str:
        """As a page and a certificate name it."""
        return {"facts": "机读档案", "originals": "书式档案"}[self.value]


class Stage(StrEnum):
    """How far a request has come. Waiting ones wait for a person; the last four are its ends."""

    WAITING = "waiting"
    GRANTED = "granted"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def chinese(self) -> str:
        """As a page names it."""
        return _STAGES[self]

    @property
    def open(self) -> bool:
        """Whether somebody still has something to do, or a file can still be had."""
        return self in (Stage.WAITING, Stage.GRANTED, Stage.ANSWERED)


_REQUESTERS: Final = {
    Requester.AUTHORITY: "公安、国家安全、检察、审判、纪检监察、审计等国家机关",
    Requester.ENTITY: "市场主体本身",
    Requester.LAWYER: "律师",
    Requester.PARTNER: "其他单位（银行、税务、不动产等）",
}
_PROOFS: Final = {
    Proof.OFFICIAL_LETTER: "公函",
    Proof.VALID_ID: "有效证件",
    Proof.AUTHORISATION: "授权委托书",
    Proof.PRACTICE_CERTIFICATE: "律师执业证",
    Proof.FIRM_CERTIFICATE: "律师事务所证明",
    Proof.UNDERTAKING: "承诺书",
    Proof.SIGNED_IN: "系统已验明身份",
}
_STAGES: Final = {
    Stage.WAITING: "待审核",
    Stage.GRANTED: "已同意，待出具",
    Stage.ANSWERED: "已出具",
    Stage.REFUSED: "未同意",
    Stage.EXPIRED: "已到期",
    Stage.WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """The holder of an archive, signed in in 我的数据.

    Attributes:
        subject: keyed hash of the number, as in the store.
        label: his name as the page has it.
    """

    subject: bytes
    label: str = "本人"


@dataclass(frozen=True, slots=True, repr=False)
class PickUp:
    """Whoever brings the pick-up code 提取码 that the answer was given out with."""

    code: str


#: Who takes a step.
By = Caller | Holder


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a volume is asked for: files by number, whole parts, or (with neither) all of it."""

    files: tuple[str, ...] = ()
    parts: tuple[VolumePart, ...] = ()

    @property
    def all(self) -> bool:
        """Whether the whole volume is meant."""
        return not self.files and not self.parts


@dataclass(frozen=True, slots=True, repr=False)
class ProofGiven:
    """A proof as it is brought: its file, or None for a paper that was shown at the counter and seen by the clerk."""

    kind: Proof
    data: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A request as it is made.

    Attributes:
        organisation: of an authority, law firm or partner; None for an entity.
        person: who comes for it, by name; None for a holder who signed in and for a system.
        subject: number of whose archive it is, as typed; empty for a holder who signed in: his own.
        purpose: what for, 1 to 200 characters; stands on the certificate.
        withheld_until, withheld_basis: an authority the law lets do so keeps the request from the holder until a day.
    """

    requester: Requester
    organisation: str | None
    person: str | None
    subject: str
    form: Form
    purpose: str
    proofs: Sequence[ProofGiven] = ()
    scope: Scope = Scope()
    withheld_until: date | None = None
    withheld_basis: str = ""


@dataclass(frozen=True, slots=True)
class ProofKept:
    """A proof of a request. `part` names its file (`hub.retrieval_answer.proof_file`); None where it was only seen."""

    kind: Proof
    part: int | None
    media_type: str | None
    bytes: int | None
    sm3: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Event:
    """One step: what, when, who (account; `rules` for the table, `clock` for time) and why. `entry`: in the audit log.

    `step` is a word of `Stage`, or `asked`, `fetched` (files were handed out).
    """

    step: str
    at: datetime
    who: str
    who_name: str
    why: str
    entry: str

    @property
    def chinese(self) -> str:
        """As a page names the step."""
        return {"asked": "申请", "fetched": "领取"}.get(self.step) or _STAGES[Stage(self.step)]


@dataclass(frozen=True, slots=True, repr=False)
class Handed:
    """One file of an answer.

    Attributes:
        name: by which it is fetched, unique within the answer, e.g. `001-2026-420112-SP-000001/营业执照.ofd`.
        file_no, archive_code: the package it is of, and its 档号 where it has one; None for what no package holds.
        title: what the item's list calls it.
        pages: of an OFD or PDF; None where it has no pages, or cannot be counted.
        masked: third parties' data are hidden, so it is not the original's bytes.
    """

    name: str
    title: str
    media_type: str
    bytes: int
    sm3: str
    file_no: str | None = None
    archive_code: str | None = None
    pages: int | None = None
    masked: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class LeftOut:
    """A file that was asked for and stays in the archive; `reason` says why, in Chinese."""

    file_no: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """What a request came to.

    Attributes:
        files: in the order of the certificate's list; the certificate itself is not among them.
        certificate: 档案查询证明, a sealed OFD; fetched by the name `CERTIFICATE`.
        left_out: what stays in the archive, and why.
        expires_at: up to and with this moment files are given out and the certificate holds.
        pick_up: code with which whoever has it fetches the files; told once, when the answer is made, else empty.
    """

    number: str
    files: tuple[Handed, ...]
    certificate: Handed
    left_out: tuple[LeftOut, ...]
    answered_at: datetime
    expires_at: datetime
    pick_up: str = field(default="")

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; without the pick-up code."""
        return {
            "number": self.number,
            "files": [_handed(one) for one in self.files],
            "certificate": _handed(self.certificate),
            "left_out": [{"file_no": one.file_no, "title": one.title, "reason": one.reason} for one in self.left_out],
            "answered_at": second_text(self.answered_at),
            "expires_at": second_text(self.expires_at),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request as those who have to do with it see it.

    Attributes:
        id: UUID; stands in addresses. `number` stands on paper.
        subject: the number it was asked under, its middle hidden; None for a holder who signed in.
        holder: the newest name the archive has; None for a person.
        row: id of the row of the table that allowed it; `row_verified` is False where nobody confirmed it (未核实).
        decided_by_rule: no person had to decide.
        may_unmask: whoever decides may let third parties' data be seen; `masked` is what was decided.
        withheld_until: the holder does not see the request before this day.
        answer: None as long as there is none.
    """

    id: str
    number: str
    requester: Requester
    organisation: str | None
    person: str | None
    subject: str | None
    holder: str | None
    form: Form
    purpose: str
    scope: Scope
    proofs: tuple[ProofKept, ...]
    row: str
    row_basis: str
    row_verified: bool
    stage: Stage
    asked_at: datetime
    asked_by: str
    asked_by_name: str
    decided_by_rule: bool
    may_unmask: bool
    masked: bool
    events: tuple[Event, ...]
    answer: Answered | None = None
    withheld_until: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; without names of persons."""
        return {
            "id": self.id,
            "number": self.number,
            "requester": self.requester.value,
            "organisation": self.organisation,
            "form": self.form.value,
            "purpose": self.purpose,
            "scope": {"files": list(self.scope.files), "parts": [part.value for part in self.scope.parts]},
            "proofs": [{"kind": one.kind.value, "bytes": one.bytes, "sm3": one.sm3} for one in self.proofs],
            "row": self.row,
            "row_verified": self.row_verified,
            "stage": self.stage.value,
            "asked_at": second_text(self.asked_at),
            "asked_by": self.asked_by,
            "decided_by_rule": self.decided_by_rule,
            "masked": self.masked,
            "events": [
                {"step": one.step, "at": second_text(one.at), "who": one.who, "entry": one.entry} for one in self.events
            ],
            "answer": self.answer.to_dict() if self.answer else None,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Choice:
    """A file of a volume as somebody chooses what to ask for."""

    file_no: str
    part: VolumePart
    item_name: str
    outcome: str
    decided_on: str
    archive_code: str | None
    licence_number: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Fetched:
    """Bytes that may leave now; that they do is in the audit log."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class FactsTold:
    """Facts for a partner's system: `facts` as JSON, `entry` their use in the audit log, `row` what allowed it."""

    facts: dict[str, Any]
    entry: str
    row: str
    row_basis: str
    row_verified: bool


def _handed(one: Handed) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "file_no": one.file_no,
        "archive_code": one.archive_code,
        "media_type": one.media_type,
        "bytes": one.bytes,
        "pages": one.pages,
        "sm3": one.sm3,
        "masked": one.masked,
    }
