"""Which licence an approved change 变更, renewal 延续, replacement 补发 or cancellation 注销 is about.

The bureau's case tables name the applicant and the item, and no licence: it is the one of the item's type that he has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.clock import today
from hub.context import Hub
from schemas.licence_life import Status, Step, possible_steps
from schemas.records import Result
from schemas.records.base import Subject
from store import licence_life
from store.licence_life import Licence, history

_IN_FORCE = (Status.VALID, Status.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Target:
    """The licence a step is about, or None and the word of `hub.approvals.Lack` for why there is none."""

    licence: Licence | None
    lack: str = ""


def target_of(hub: Hub, licence_type: str, applicant: Subject, step: Step, result: Result) -> Target:
    """The applicant's one licence of a type that takes the step.

    A renewal is judged by the day of its decision: one decided while the licence was in force holds, although it came
    to the hub after the last day. Of several in force it is the one whose number the result states, or none; a
    cancellation may also end what is over.
    """
    own = licence_life.of_holder(hub.connection, hub.subject(applicant.kind, applicant.value), licence_type)
    day = today(hub.clock)
    named = [one for one in own if one.number == (result.certificate_no or "").strip()]
    standing = [(one, _status(hub, one, step, day, result.decided_on)) for one in named or own]
    in_force = [(one, status) for one, status in standing if status in _IN_FORCE]
    if len(in_force) > 1:
        return Target(None, "several_licences")
    others = standing if step is Step.CANCEL else []
    fit = [(one, status) for one, status in in_force or others if step in possible_steps(status)]
    if len(fit) == 1:
        return Target(fit[0][0])
    if fit:
        return Target(None, "several_licences")
    told = in_force or [pair for pair in standing if pair[1] is not Status.VOID]
    return Target(None, f"licence_{told[-1][1].value}" if told else "no_own_licence")


def _status(hub: Hub, licence: Licence, step: Step, day: date, decided_on: date) -> Status:
    in_time = licence.valid_until is None or decided_on <= licence.valid_until
    if step is not Step.RENEW or not in_time:
        return licence.status_on(day)
    if licence.status is not Status.EXPIRED:
        return licence.status
    return next(one.before for one in reversed(history(hub.connection, licence.id)) if one.step is Step.EXPIRE)
