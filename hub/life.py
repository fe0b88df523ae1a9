"""Steps of a licence's life that an officer takes: suspend 暂停, resume 恢复, withdraw 撤销, revoke 吊销, cancel 注销,
and void 作废 of a number that never came to bear a licence."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID

from core.clock import today
from core.errors import Rejected
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.expiry import expire_if_due
from hub.licence_usage import logged
from hub.life_grounds import OFFICER_STEPS, step_grounds
from schemas.licence_life import Status, Step, possible_steps
from store import licence_life
from store.licence_life import Licence, Taken, VersionInMaking
from store.register_entries import Grounds

#: Role of those who take steps, of people and of machines.
OFFICER: Final = "licence_officer"
LONGEST_REASON: Final = 500
_LONGEST_BASIS, _LONGEST_DOCUMENT = 200, 100
#: 15 and more digits in a row, however grouped: basis and decision stand in the public register.
_IDENTIFIER: Final = re.compile(r"\d(?:[ \-]?\d){13,}[\dXx]")


class LicenceUnknown(Rejected):
    """No licence of the register bears this number or id."""

    code: ClassVar[str] = "HUB-911"


class StepUnfit(Rejected):
    """What was said of a step is incomplete or cannot be: its basis, decision number, reason or day.

    `field` names which, `zh` says it to the officer.
    """

    code: ClassVar[str] = "HUB-912"

    def __init__(self, message: str, field: str = "", zh: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.zh = zh


class OfficerNeeded(Rejected):
    """Whoever asks has not the role that takes steps of licences."""

    code: ClassVar[str] = "HUB-913"


class StepOvertaken(Rejected):
    """Something happened to the licence after the officer looked at it; his step was not taken."""

    code: ClassVar[str] = "HUB-914"


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """What an officer decides about a licence.

    Attributes:
        basis: law or rule; it stands in the public register, so it names nobody.
        reason: in words; sealed, read by officers only.
        document_no: number of the decision; public too.
        effective_on: the day from which it holds; today where None.
        seen: register entry of the last step the officer saw; None where he did not look.
    """

    step: Step
    basis: str
    reason: str
    document_no: str | None = None
    effective_on: date | None = None
    seen: str | None = None


def may_step(caller: Caller) -> bool:
    """Whether a caller may take steps: officers, machines with that role, and the operator of the machine."""
    return OFFICER in caller.roles or (caller.kind is CallerKind.SYSTEM and "operator" in caller.roles)


def officer_steps(status: Status) -> tuple[Step, ...]:
    """What an officer may do from a state."""
    return tuple(step for step in possible_steps(status) if step in OFFICER_STEPS)


def find(hub: Hub, number: str) -> Licence:
    """The licence that bears a number.

    Raises:
        LicenceUnknown: none does.
    """
    found = licence_life.find(hub.connection, number.strip())
    if found is None:
        raise _unknown()
    return found


def by_id(hub: Hub, licence: str) -> Licence:
    """The licence of an id.

    Raises:
        LicenceUnknown: there is none.
    """
    try:
        found = licence_life.by_id(hub.connection, str(UUID(licence)))
    except ValueError:
        found = None
    if found is None:
        raise _unknown()
    return found


def take(hub: Hub, licence: str, order: Order, caller: Caller) -> Taken:
    """Take a step about a licence (by its id). Of two at once one is taken and the other refused.

    Raises:
        OfficerNeeded, LicenceUnknown, StepUnfit: nothing was written.
        StepRefused: the licence's state does not take it; the message names the steps that are possible.
        StepOvertaken: somebody was first.
        VersionInMaking: a Retryable; a new document of it is being made.
    """
    if not may_step(caller):
        raise OfficerNeeded(f"account {caller.id} has not the role {OFFICER}; no step was taken")
    grounds = checked(hub, order, caller)
    licence_before = by_id(hub, licence)
    with suppress(VersionInMaking):  # the state machine judges below; a final step drops what is in the making
        expire_if_due(hub, licence_before)
    last = licence_life.history(hub.connection, licence_before.id)[-1:]
    seen = order.seen if order.seen is not None else last[0].entry if last else ""

    def admit(cursor: Any, held: Licence) -> None:
        before = licence_life.last_step(cursor, held.id)
        if (before.entry if before else "") != seen:
            raise StepOvertaken(
                f"licence {held.number} was changed since it was looked at: it is "
                f"{held.status_on(today(hub.clock)).value} now. The step {order.step.value} was not taken; look at it "
                "again and decide anew."
            )
        if before is not None and grounds.effective_on < before.grounds.effective_on:
            raise StepUnfit(
                f"the last step ({before.step.value}) holds from {before.grounds.effective_on.isoformat()}, later than "
                "the day given; nothing was changed. Give that day or a later one.",
                "effective_on",
                f"生效日期不能早于上一环节（{before.step.chinese}）的 {before.grounds.effective_on:%Y-%m-%d}",
            )
        logged(cursor, hub, held, caller, purpose="licence_step", basis=grounds.basis, told=(order.step.chinese,))

    return licence_life.take_step(
        hub.connection,
        hub.vault,
        licence_before.id,
        order.step,
        grounds,
        now=hub.clock.now(),
        reason=order.reason.strip(),
        admit=admit,
    )


def checked(hub: Hub, order: Order, caller: Caller) -> Grounds:
    """The grounds of an order that says all it has to.

    Raises:
        StepUnfit: it does not, or the step is none of an officer's.
        GroundsBroken: the bureau's own file of bases cannot be read.
    """
    rules = step_grounds(hub.settings).get(order.step)
    if rules is None:
        raise _unfit("step", f"{order.step.value} is no step of an officer", "该环节不能由工作人员直接办理")
    basis, document, reason = order.basis.strip(), (order.document_no or "").strip(), order.reason.strip()
    if not 0 < len(basis) <= _LONGEST_BASIS or not basis.isprintable():
        raise _unfit("basis", f"the basis has not 1 to {_LONGEST_BASIS} characters in one line", "请选择或填写依据")
    if len(document) > _LONGEST_DOCUMENT or not document.isprintable():
        raise _unfit(
            "document_no", f"the decision's number is longer than {_LONGEST_DOCUMENT} characters", "决定文书编号过长"
        )
    if rules.needs_document and not document:
        raise _unfit("document_no", "the step needs the number of a decision", "请填写决定文书编号")
    for field, name, words in (("basis", "依据", basis), ("document_no", "决定文书编号", document)):
        if _IDENTIFIER.search(words):
            raise _unfit(
                field,
                "basis and decision's number stand in the public register, and one holds what looks like a person's or "
                "company's number",
                f"{name}将公开登记，不能含证件号码",
            )
    if not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        raise _unfit("reason", f"a reason has 1 to {LONGEST_REASON} characters", f"请用{LONGEST_REASON}字以内写明事由")
    day = today(hub.clock)
    effective_on = order.effective_on or day
    if effective_on > day:
        raise _unfit(
            "effective_on",
            f"{effective_on.isoformat()} is in the future; take the step on that day",
            "生效日期不能晚于今天",
        )
    return Grounds(basis, effective_on, caller.id, caller.organisation_name, document or None)


def _unfit(field: str, what: str, zh: str) -> StepUnfit:
    return StepUnfit(f"{what}; nothing was changed.", field, zh)


def _unknown() -> LicenceUnknown:
    return LicenceUnknown("no licence of the register bears this number; nothing was changed. Check the number.")
