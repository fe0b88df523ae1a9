"""Issue: number reserved, document drawn, intent written, sealed, verified by our own verifier, recorded, published.

Every step can die and be run again: the register says how far a licence came, and the facts frozen
with the number make the next try draw the same document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import HubError, Permanent, Rejected, Retryable
from hub.approvals import Case, Decided, WaitingApproval, case_of, decide, result_of, settle_issued, settle_unfit
from hub.compose import compose, drawn_from
from hub.context import Hub, OnStep, no_step
from hub.files import read_checked, write_durably
from hub.press import Press
from hub.seals import require_active
from schemas.errors import FaceIncomplete
from schemas.licence_types import LicenceType, licence_type
from store import licences
from store.licences import Licence

__all__ = ["Decided", "IssueIncomplete", "Issued", "decide", "issue_all", "issue_one"]


class IssueIncomplete(Permanent):
    """Some licences could not be issued; the others were."""

    code: ClassVar[str] = "HUB-705"

    def __init__(self, message: str, issued: Sequence[Issued] = ()) -> None:
        super().__init__(message)
        self.issued = tuple(issued)


class SealRefusedByVerifier(Permanent):
    """What was sealed did not pass our own verifier; it was not recorded and not published."""

    code: ClassVar[str] = "HUB-706"


class NumberInUse(Permanent):
    """A sealed document of this number lies on disk and the register does not know it."""

    code: ClassVar[str] = "HUB-710"


@dataclass(frozen=True, slots=True)
class Issued:
    """A licence that was sealed and published in this call."""

    approval: str
    number: str
    identifier: str
    path: str

    def to_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {"approval": self.approval, "number": self.number, "identifier": self.identifier, "path": self.path}


def issue_all(hub: Hub, approvals: Sequence[str], on_step: OnStep = no_step) -> list[Issued]:
    """Issue each approval; one that fails does not keep the others from their licence.

    Raises:
        SealNotRegistered, SealNotActive: the seal may not be used; nothing was begun, every approval waits.
        Retryable: the first of those that may succeed later, when nothing failed for good.
        IssueIncomplete: some failed for good; the message names them and their errors' codes.
    """
    issued: list[Issued] = []
    later: list[Retryable] = []
    failed: list[str] = []
    if not approvals:
        return issued
    press = Press.open(hub.settings)
    # Asked before any number is reserved, and again with each use: a seal may be suspended in between.
    require_active(hub, press)
    for approval in approvals:
        try:
            done = issue_one(hub, approval, press, on_step)
        except Retryable as error:
            later.append(error)
        except HubError as error:
            failed.append(f"{approval} ({error.code})")
        else:
            if done is not None:
                issued.append(done)
    if failed:
        raise IssueIncomplete(
            f"issued {len(issued)}, not issued {', '.join(failed)}; docs/errors.md says what each code asks for. "
            "Then run the issue again: what has its licence keeps it.",
            issued,
        )
    if later:
        raise later[0]
    return issued


def issue_one(hub: Hub, approval: str, press: Press, on_step: OnStep = no_step) -> Issued | None:
    """Take one approval as far as published.

    None when it was published before, or when its evidence does not hold or cannot be drawn: it waits and says why.

    Raises:
        SealRefusedByVerifier: the sealed document is not what it should be; nothing was published.
        SealNotRegistered, SealNotActive: the seal may not be used.
        TimestampUnavailable: a Retryable; no timestamp, and `press.toml` says to wait for one.
        HubError: of drawing, signing or the store; what was reached stays reached.
    """
    licence = licences.by_approval(hub.connection, approval) or _reserve(hub, approval, press)
    if licence is None or licence.state in ("published", "archived"):
        return None
    on_step("licence.reserved")
    if licence.state == "reserved":
        _seal(hub, licence, press, on_step)
    done = _publish(hub, approval)
    on_step("licence.published")
    return done


def _reserve(hub: Hub, approval: str, press: Press) -> Licence | None:
    result = result_of(hub, approval)
    case = case_of(hub, result) if result is not None else None
    if case is None or isinstance(case, WaitingApproval):
        return None
    item = case.evidence.item
    kind = licence_type(case.licence_type)
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    try:
        return licences.reserve(
            hub.connection,
            hub.vault,
            licence_type=kind.id,
            year=now.year,
            approval=approval,
            item=item.code,
            holder=_holder(hub, case),
            compose=lambda sequence: compose(case, kind, press.bureau, sequence, now, test_mark=press.is_test),
            now=now,
        )
    except Rejected as refusal:
        # Somebody has to complete a record; until then this one waits, and no number was used.
        settle_unfit(hub, approval, item.code, _unfit_lines(refusal, kind), refusal.code)
        return None


def _unfit_lines(refusal: Rejected, kind: LicenceType) -> str:
    """The lines of the face that are at fault, as printed."""
    if isinstance(refusal, FaceIncomplete):
        return "、".join(refusal.labels)
    field = getattr(refusal, "field", "")
    return next((line.label for line in kind.face if line.key == field), kind.name)


def _holder(hub: Hub, case: Case) -> bytes:
    subject = case.evidence.roles["applicant"]
    if subject is None:
        raise Permanent("an item's evidence has no applicant; this is a fault of the item's declaration")
    return hub.subject(subject.kind, subject.value)


def _seal(hub: Hub, licence: Licence, press: Press, on_step: OnStep) -> None:
    drawn = drawn_from(licences.facts(hub.connection, hub.vault, licence), press.bureau)
    draft = sm3(drawn.package.to_bytes())
    on_step("licence.drawn")
    now = hub.clock.now()
    tried_before = licences.intend(
        hub.connection, licence, seal_sm3=press.seal_sm3, es_id=press.bureau.seal_id, draft_sm3=draft, now=now
    )
    on_step("licence.intended")
    path = Path("licences") / str(licence.year) / f"{licence.licence_type}-{licence.year}-{licence.sequence:05d}.ofd"
    if not tried_before and (hub.settings.home / path).exists():
        raise NumberInUse(
            f"{path} is there, but the register never sealed licence {licence.number}: the database is older than the "
            "files, as after restoring an early backup. Nothing was sealed and the file was not touched. Restore the "
            "newest backup; runbook: restoring."
        )
    sealed = press.seal(drawn.package, drawn.places, now)
    on_step("licence.sealed")
    report = press.verify(sealed, now)
    if report.verdict.value != "valid":
        raise SealRefusedByVerifier(
            f"licence {licence.number}: our own verifier finds the sealed document {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). It was not recorded and not published. Check seal, certificates "
            "and trust anchors (`hub verify`), then run the issue again."
        )
    on_step("licence.verified")
    write_durably(hub.settings.home / path, sealed)
    on_step("licence.written")
    licences.record_sealed(
        hub.connection,
        licence,
        document_sm3=sm3(sealed),
        timestamped=all(seal.stamped_at is not None for seal in report.seals),
        path=path.as_posix(),
        now=hub.clock.now(),
    )
    on_step("licence.recorded")


def _publish(hub: Hub, approval: str) -> Issued:
    """Show the document to the world, after reading back from disk that it is the one that was recorded."""
    licence = licences.by_approval(hub.connection, approval)
    if licence is None or licence.document_path is None or licence.document_sm3 is None:
        raise Permanent(f"approval {approval} has no recorded document to publish; run `hub issue` again")
    read_checked(hub.settings.home / licence.document_path, licence.document_sm3)
    licences.record_published(hub.connection, licence, hub.clock.now())
    settle_issued(hub, approval, licence.item)
    return Issued(approval, licence.number, licence.identifier, licence.document_path)
