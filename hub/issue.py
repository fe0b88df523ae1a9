"""Issue: an approval with its evidence gets its number, and the document is made (`hub.making`).

Every step can die and be run again: an approval whose number is reserved goes on where it stopped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from core.clock import SHANGHAI
from core.errors import HubError, Permanent, Rejected, Retryable
from hub.approvals import (
    Case,
    Decided,
    WaitingApproval,
    case_of,
    decide,
    followers,
    item_of_approval,
    result_of,
    settle_given_up,
    settle_issued,
    settle_stopped,
    settle_unfit,
    settle_waiting,
)
from hub.approved_steps import grounds_of, next_of, take_approved
from hub.compose import compose
from hub.context import Hub, OnStep, no_step
from hub.designation import Designation, address_of, first
from hub.issuing_stops import is_stopped
from hub.making import Made, make
from hub.organ_rule import require_issuer
from hub.press import Press
from hub.seals import require_active
from schemas.errors import FaceIncomplete
from schemas.licence_life import StepRefused
from schemas.licence_types import LicenceType, licence_type
from schemas.records.bureau import Decision
from store import approval_steps, licence_making, licences
from store.licence_making import Composed
from store.licences import LicenceVersion

__all__ = ["Decided", "IssueIncomplete", "Made", "carried_out", "decide", "issue_all", "issue_one"]


class IssueIncomplete(Permanent):
    """Some licences could not be issued; the others were."""

    code: ClassVar[str] = "HUB-705"

    def __init__(self, message: str, issued: Sequence[Made] = ()) -> None:
        super().__init__(message)
        self.issued = tuple(issued)


def issue_all(
    hub: Hub, approvals: Sequence[str], on_step: OnStep = no_step, *, and_followers: bool = False
) -> list[Made]:
    """Issue each approval; one that fails does not keep the others from their licence.

    Args:
        and_followers: also carry out what waited for it: later steps of the same holder's licence.

    Raises:
        SealNotRegistered, SealNotActive: the seal may not be used; nothing was begun, every approval waits.
        Retryable: the first of those that may succeed later, when nothing failed for good.
        IssueIncomplete: some failed for good; the message names them and their errors' codes.
    """
    issued: list[Made] = []
    later: list[Retryable] = []
    failed: list[str] = []
    if not approvals:
        return issued
    press = Press.open(hub.settings)
    # Asked before any number is reserved, and again with each use: a seal may be suspended in between.
    require_active(hub, press)
    waiting, seen = deque(approvals), set(approvals)
    while waiting:
        approval = waiting.popleft()
        try:
            done = issue_one(hub, approval, press, on_step)
            if done is not None:
                issued.append(done)
            if and_followers:
                fresh = [one for one in followers(hub, approval) if one not in seen]
                waiting.extendleft(reversed(fresh))
                seen.update(fresh)
        except Retryable as error:
            later.append(error)
        except HubError as error:
            failed.append(f"{approval} ({error.code})")
    if failed:
        raise IssueIncomplete(
            f"issued {len(issued)}, not issued {', '.join(failed)}; docs/errors.md says what each code asks for. "
            "Then run the issue again: what has its licence keeps it.",
            issued,
        )
    if later:
        raise later[0]
    return issued


def issue_one(hub: Hub, approval: str, press: Press, on_step: OnStep = no_step) -> Made | None:
    """Take one approval as far as published.

    None when it was published before, or when its evidence does not hold or cannot be drawn, or its type is stopped: it
    waits and says why.

    Raises:
        SealRefusedByVerifier: the sealed document is not what it should be; nothing was published.
        IssuerUnfit: the press is not an organ in force, or not of this licence type; no number was reserved.
        OrganRuleBroken: the sealed document does not name one organ; nothing was published.
        SealNotRegistered, SealNotActive: the seal may not be used.
        TimestampUnavailable: a Retryable; no timestamp, and `press.toml` says to wait for one.
        HubError: of drawing, signing or the store; what was reached stays reached.
    """
    version = licences.by_approval(hub.connection, approval)
    if version is None:
        if approval_steps.licence_of(hub.connection, approval) is not None:
            settle_issued(hub, approval, item_of_approval(hub, approval))
            return None
        case = _case(hub, approval)
        if case is None:
            return None
        if not case.step.makes_version:
            take_approved(hub, case, press.bureau, on_step)
            settle_issued(hub, approval, case.evidence.item.code)
            on_step("approval.settled")
            return None
        version = _reserve(hub, case, press)
    if version is None:
        return None
    if version.state == "reserved" and is_stopped(hub, version.licence_type):
        settle_stopped(hub, approval, version.item, licence_type(version.licence_type).name)
        return None
    done = make(hub, version, press, on_step)
    version = licences.by_identifier(hub.connection, version.identifier) or version
    if version.state == "dropped":
        settle_given_up(hub, version)
        return None
    # Also of one that was published by a process which died before it could note this.
    settle_issued(hub, approval, version.item)
    return done


def carried_out(hub: Hub, approvals: Sequence[str]) -> list[tuple[str, str]]:
    """Of these approvals those that led to a step without a document, each with the licence's number."""
    return approval_steps.numbers_of(hub.connection, list(approvals))


def _case(hub: Hub, approval: str) -> Case | None:
    """The approval with its evidence and its licence; None where it waits, which is noted."""
    result = result_of(hub, approval)
    if result is None or result.decision is not Decision.GRANTED:
        return None
    case = case_of(hub, result)
    if isinstance(case, WaitingApproval):
        settle_waiting(hub, case)
        return None
    return case


def _reserve(hub: Hub, case: Case, press: Press) -> LicenceVersion | None:
    item = case.evidence.item
    kind = licence_type(case.licence_type)
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    require_issuer(hub.settings, press.bureau, kind, now.date())
    grounds = grounds_of(case, press.bureau, now.date())
    approval = case.result.project_no
    if is_stopped(hub, kind.id):
        settle_stopped(hub, approval, item.code, kind.name)
        return None

    def drawn(designation: Designation) -> Composed:
        address = address_of(hub.settings, designation.token)
        return compose(case, kind, press.bureau, designation, now, address=address, test_mark=press.is_test)

    try:
        if case.licence is not None:
            later = next_of(hub, case, press.bureau, now.date())
            return licence_making.reserve_version(
                hub.connection,
                hub.vault,
                licence=case.licence.id,
                step=case.step,
                approval=approval,
                made_for=approval,
                item=item.code,
                grounds=grounds,
                compose=lambda version, place: drawn(later(version, place)),
                now=now,
            )
        return licence_making.reserve(
            hub.connection,
            hub.vault,
            licence_type=kind.id,
            year=now.year,
            approval=approval,
            item=item.code,
            holder=_holder(hub, case),
            grounds=grounds,
            compose=lambda sequence, place: drawn(first(kind, press.bureau, sequence, place, now.date())),
            now=now,
        )
    except StepRefused:
        # The licence's state changed since it was looked at: the approval waits, and says for what.
        _case(hub, approval)
        return None
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
