"""Approvals as the bureau's own system reports them: how each ended, and whether a licence can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hub.caller import issuing
from hub.context import Hub
from hub.evidence import Evidence, MaterialState, gather
from hub.sources import ACCEPT, RESULT
from hub.usage import usage_of
from schemas.items import Way, all_items
from schemas.judge import restore
from schemas.records import Accept, Result
from schemas.records.bureau import Decision
from store import approval_outcomes, audit, licences, records
from store.audit import About, Trace
from store.connection import transaction

#: What the hub's own reading for a licence is for, a word of `schemas.items.purposes`.
_PURPOSE = "issuing"
_REASONS = {MaterialState.SATISFIED: "", MaterialState.UNMET: "not_met", MaterialState.MISSING: "no_record"}
_STATE_ZH = {
    "missing": "没有记录",
    "unmet": "不符合要求",
    "accept": "没有受理信息",
    "item": "事项未登记",
    "no_licence": "该事项在本系统不制发证照",
    "later_step": "是已有证照的后续环节，等待办理，不另发证照",
}


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing an approval waits for.

    `state` says how it is lacking: a material's state, or the code of the error that kept the face from being drawn.
    """

    material: str
    name: str
    state: str

    def line(self) -> str:
        """`M3 法定代表人职业资格证书：没有记录`."""
        return f"{self.material} {self.name}：{_STATE_ZH.get(self.state, f'无法制证（{self.state}）')}"

    def to_dict(self) -> dict[str, str]:
        """As stored and for `--json`."""
        return {"material": self.material, "name": self.name, "state": self.state}


@dataclass(frozen=True, slots=True)
class WaitingApproval:
    """A granted approval that gets no licence yet, and everything it lacks."""

    approval: str
    item: str
    lacks: tuple[Lack, ...]

    def lines(self) -> list[str]:
        """What is lacking, in words."""
        return [lack.line() for lack in self.lacks]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"approval": self.approval, "item": self.item, "missing": [lack.to_dict() for lack in self.lacks]}


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """A granted approval with its two records, the evidence for it, and the licence it leads to."""

    accept: Accept
    result: Result
    evidence: Evidence
    licence_type: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Every approval in one of four groups."""

    to_issue: tuple[str, ...]
    already: tuple[str, ...]
    waiting: tuple[WaitingApproval, ...]
    not_granted: tuple[str, ...]


def decide(hub: Hub, *, only: Sequence[str] | None = None) -> Decided:
    """Look at every approval, or those named, and note how each stands.

    An approval whose number is reserved is to be issued whatever its evidence says today: it was
    complete when the number was taken.
    """
    register = {row.approval: row for row in licences.every(hub.connection)}
    to_issue: list[str] = []
    already: list[str] = []
    waiting: list[WaitingApproval] = []
    not_granted: list[str] = []
    for result in _results(hub, only):
        number = result.project_no
        licence = register.get(number)
        if licence is not None:
            (already if licence.state == "archived" else to_issue).append(number)
        elif result.decision is not Decision.GRANTED:
            not_granted.append(number)
            _settle(hub, number, "", "not_granted", ())
        else:
            judged = case_of(hub, result)
            if isinstance(judged, WaitingApproval):
                waiting.append(judged)
                _settle(hub, number, judged.item, "waiting", judged.lacks)
            else:
                to_issue.append(number)
    return Decided(tuple(sorted(to_issue)), tuple(sorted(already)), tuple(waiting), tuple(sorted(not_granted)))


def case_of(hub: Hub, result: Result) -> Case | WaitingApproval:
    """A granted approval with its evidence, or what it lacks. Reading the evidence is logged like any lookup."""
    number = result.project_no
    found = records.of_subject(hub.connection, hub.vault, hub.subject("case", number), [ACCEPT])[ACCEPT]
    if not found:
        return WaitingApproval(number, "", (Lack("—", "受理记录", "accept"),))
    accept = cast(Accept, restore(ACCEPT, found[0].payload))
    item = all_items().get(accept.item_code)
    if item is None:
        return WaitingApproval(number, accept.item_code, (Lack("—", accept.item_name or "事项", "item"),))
    if item.licence_type is None:
        return WaitingApproval(number, item.code, (Lack("—", item.name, "no_licence"),))
    if not item.issues:
        return WaitingApproval(number, item.code, (Lack("—", item.name, "later_step"),))
    applicant = next((s for s in accept.subjects() if s.kind in ("citizen", "company")), None)
    if applicant is None or applicant.kind not in item.roles["applicant"].kinds:
        return WaitingApproval(number, item.code, tuple(Lack(m.code, m.name, "missing") for m in item.materials))
    evidence = gather(hub, item, applicant)
    _log(hub, number, evidence)
    if not evidence.complete:
        return WaitingApproval(
            number,
            item.code,
            tuple(
                Lack(part.material.code, part.material.name, part.state.value)
                for part in evidence.materials
                if part.state is not MaterialState.SATISFIED
            ),
        )
    return Case(accept, result, evidence, item.licence_type)


def result_of(hub: Hub, approval: str) -> Result | None:
    """The result record of one approval, None when it was never collected."""
    return next(_results(hub, [approval]), None)


def settle_issued(hub: Hub, approval: str, item: str) -> None:
    """Note that the approval has its licence."""
    _settle(hub, approval, item, "issued", ())


def settle_unfit(hub: Hub, approval: str, item: str, lines: str, code: str) -> None:
    """Note that the evidence holds but the face of the licence cannot be drawn from it, and which lines of it."""
    _settle(hub, approval, item, "waiting", (Lack("证面", lines, code),))


def _results(hub: Hub, only: Sequence[str] | None) -> Iterator[Result]:
    if only is None:
        for row in records.of_resource(hub.connection, hub.vault, RESULT):
            yield cast(Result, restore(RESULT, row.payload))
        return
    for number in only:
        for row in records.of_subject(hub.connection, hub.vault, hub.subject("case", number), [RESULT])[RESULT]:
            yield cast(Result, restore(RESULT, row.payload))


def _settle(hub: Hub, approval: str, item: str, state: str, lacks: tuple[Lack, ...]) -> None:
    approval_outcomes.settle(
        hub.connection,
        approval,
        item=item,
        state=state,
        missing=[lack.to_dict() for lack in lacks],
        now=hub.clock.now(),
    )


def _log(hub: Hub, approval: str, evidence: Evidence) -> None:
    item = evidence.item
    about = tuple(
        About(hub.subject(who.kind, who.value), role, _given(evidence, role), None, True)
        for role, who in evidence.roles.items()
        if who is not None
    )
    usage = usage_of(
        issuing(),
        item,
        case_no=approval,
        purpose=_PURPOSE,
        basis=next((one.basis for one in item.purposes if one.code == _PURPOSE), ""),
        outcome="complete" if evidence.complete else "partial",
        refusal=None,
        about=about,
        materials=tuple(
            Trace(part.material.code, part.state.value, Way.SHARED.value, part.material.resource, _REASONS[part.state])
            for part in evidence.materials
        ),
    )
    with transaction(hub.connection) as cursor:
        audit.append(cursor, usage, hub.clock.now())


def _given(evidence: Evidence, role: str) -> dict[str, list[str]]:
    """Material code to the fields read for the licence, of what is about one role."""
    return {
        part.material.code: [f"{part.material.resource}.{name}" for name in part.material.release]
        for part in evidence.materials
        if part.material.role == role and part.proof is not None
    }
