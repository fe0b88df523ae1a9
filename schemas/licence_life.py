"""A licence's life 证照生命周期: its states, the steps between them, and which state holds on a day.

Which step may follow which state rests on 行政许可法 art. 70 as far as 注销 goes (a permit that expired, was withdrawn
or was revoked is cancelled); the rest is the house's own reading, 未核实.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final

from core.errors import Rejected


class Status(StrEnum):
    """Where a licence stands; `chinese` is the word for people. The official list is not known to us."""

    RESERVED = "reserved"
    """A number is taken, and no document was published yet."""
    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOID = "void"
    """The number was taken and will never bear a licence; why is on record."""

    @property
    def chinese(self) -> str:
        """`有效`, `暂停` …"""
        return _STATUS_ZH[self]


class Step(StrEnum):
    """What may happen to a licence."""

    ISSUE = "issue"
    CHANGE = "change"
    RENEW = "renew"
    REPLACE = "replace"
    RESEAL = "reseal"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    CANCEL = "cancel"
    EXPIRE = "expire"
    VOID = "void"

    @property
    def chinese(self) -> str:
        """`颁发`, `变更` …"""
        return _STEP_ZH[self]

    @property
    def makes_version(self) -> bool:
        """Whether a new document comes of it."""
        return self in _VERSIONS


class StepRefused(Rejected):
    """A licence in this state does not take this step."""

    code: ClassVar[str] = "HUB-240"


_STATUS_ZH: Final[Mapping[Status, str]] = {
    Status.RESERVED: "制证中", Status.VALID: "有效", Status.SUSPENDED: "暂停", Status.WITHDRAWN: "撤销",
    Status.REVOKED: "吊销", Status.CANCELLED: "注销", Status.EXPIRED: "过期", Status.VOID: "作废",
}  # fmt: skip
_STEP_ZH: Final[Mapping[Step, str]] = {
    Step.ISSUE: "颁发", Step.CHANGE: "变更", Step.RENEW: "延续", Step.REPLACE: "补发", Step.RESEAL: "换章",
    Step.SUSPEND: "暂停", Step.RESUME: "恢复", Step.WITHDRAW: "撤销", Step.REVOKE: "吊销", Step.CANCEL: "注销",
    Step.EXPIRE: "过期", Step.VOID: "作废",
}  # fmt: skip
_VERSIONS: Final = frozenset({Step.ISSUE, Step.CHANGE, Step.RENEW, Step.REPLACE, Step.RESEAL})
#: From which state a step leads where. None is the same state again.
_STEPS: Final[Mapping[Step, Mapping[Status, Status]]] = {
    Step.ISSUE: {Status.RESERVED: Status.VALID},
    Step.VOID: {Status.RESERVED: Status.VOID},
    Step.CHANGE: {Status.VALID: Status.VALID},
    # Of an expired one only where it was decided before the last day was over: the hub heard of it later.
    Step.RENEW: {Status.VALID: Status.VALID, Status.EXPIRED: Status.VALID},
    Step.REPLACE: {Status.VALID: Status.VALID, Status.SUSPENDED: Status.SUSPENDED},
    Step.RESEAL: {Status.VALID: Status.VALID, Status.SUSPENDED: Status.SUSPENDED},
    Step.SUSPEND: {Status.VALID: Status.SUSPENDED},
    Step.RESUME: {Status.SUSPENDED: Status.VALID},
    Step.WITHDRAW: dict.fromkeys((Status.VALID, Status.SUSPENDED, Status.EXPIRED), Status.WITHDRAWN),
    Step.REVOKE: dict.fromkeys((Status.VALID, Status.SUSPENDED), Status.REVOKED),
    Step.CANCEL: dict.fromkeys(
        (Status.VALID, Status.SUSPENDED, Status.EXPIRED, Status.WITHDRAWN, Status.REVOKED), Status.CANCELLED
    ),
    Step.EXPIRE: dict.fromkeys((Status.VALID, Status.SUSPENDED), Status.EXPIRED),
}


def after(step: Step, before: Status) -> Status:
    """Where a step leads from a state.

    Raises:
        StepRefused: it does not lead from there; the message names the steps that do.
    """
    found = _STEPS[step].get(before)
    if found is None:
        possible = "、".join(one.chinese for one in possible_steps(before)) or "无"
        raise StepRefused(
            f"a licence that is {before.value} ({before.chinese}) does not take the step {step.value} "
            f"({step.chinese}); nothing was changed. Possible from here: {possible}."
        )
    return found


def possible_steps(status: Status) -> tuple[Step, ...]:
    """The steps that lead on from a state."""
    return tuple(step for step in Step if status in _STEPS[step])


def status_on(day: date, stored: Status, valid_until: date | None) -> Status:
    """The state that holds on a day: past its last day a licence has expired at once, whoever has written it down.

    Args:
        stored: the state its last step left.
        valid_until: last day of its validity; None for 长期.
    """
    if stored in (Status.VALID, Status.SUSPENDED) and valid_until is not None and day > valid_until:
        return Status.EXPIRED
    return stored
