"""Issue: an approval with its evidence gets its number, and the document is made (`hub.making`).

Every step can die and be run again: an approval whose number is reserved goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from core.clock import SHANGHAI
from core.errors import HubError, Permanent, Rejected, Retryable
from hub.approvals import Case, Decided, WaitingApproval, case_of, decide, result_of, settle_issued, settle_unfit
from hub.compose import compose
from hub.context import Hub, OnStep, no_step
from hub.designation import address_of, first
from hub.making import Made, make
from hub.organ_rule import require_issuer
from hub.press import Press
from hub.seals import require_active
from schemas.errors import FaceIncomplete
from schemas.licence_types import LicenceType, licence_type
from store import licence_making, licences
from store.licence_making import Composed
from store.licences import LicenceVersion
from store.register_entries import Grounds

__all__ = ["Decided", "IssueIncomplete", "Made", "decide", "issue_all", "issue_one"]


class IssueIncomplete(Permanent):
    """Some licences could not be issued; the others were."""

    code: ClassVar[str] = "HUB-705"

    def __init__(self, message: str, issued: Sequence[Made] = ()) -> None:
        super().__init__(message)
        self.issued = tuple(issued)


def issue_all(hub: Hub, approvals: Sequence[str], on_step: OnStep = no_step) -> list[Made]:
    """Issue each approval; one that fails does not keep the others from their licence.

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


def issue_one(hub: Hub, approval: str, press: Press, on_step: OnStep = no_step) -> Made | None:
    """Take one approval as far as published.

    None when it was published before, or when its evidence does not hold or cannot be drawn: it waits and says why.

    Raises:
        SealRefusedByVerifier: the sealed document is not what it should be; nothing was published.
        IssuerUnfit: the press is not an organ in force, or not of this licence type; no number was reserved.
        OrganRuleBroken: the sealed document does not name one organ; nothing was published.
        SealNotRegistered, SealNotActive: the seal may not be used.
        TimestampUnavailable: a Retryable; no timestamp, and `press.toml` says to wait for one.
        HubError: of drawing, signing or the store; what was reached stays reached.
    """
    version = licences.by_approval(hub.connection, approval) or _reserve(hub, approval, press)
    if version is None:
        return None
    done = make(hub, version, press, on_step)
    if version.state != "dropped":
        # Also of one that was published by a process which died before it could note this.
        settle_issued(hub, approval, version.item)
    return done


def _reserve(hub: Hub, approval: str, press: Press) -> LicenceVersion | None:
    result = result_of(hub, approval)
    case = case_of(hub, result) if result is not None else None
    if case is None or isinstance(case, WaitingApproval):
        return None
    item = case.evidence.item
    kind = licence_type(case.licence_type)
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    require_issuer(hub.settings, press.bureau, kind, now.date())

    def composed(sequence: int, place: int) -> Composed:
        designation = first(kind, press.bureau, sequence, place, now.date())
        address = address_of(hub.settings, designation.token)
        return compose(case, kind, press.bureau, designation, now, address=address, test_mark=press.is_test)

    try:
        return licence_making.reserve(
            hub.connection,
            hub.vault,
            licence_type=kind.id,
            year=now.year,
            approval=approval,
            item=item.code,
            holder=_holder(hub, case),
            grounds=Grounds(
                basis=next((one.basis for one in item.purposes if one.code == "decision"), item.name),
                effective_on=now.date(),
                user="hub",
                organisation=press.bureau.name,
            ),
            compose=composed,
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
