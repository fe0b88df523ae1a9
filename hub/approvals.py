"""Approvals as the bureau's own system reports them: how each ended, and whether a licence can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hub.caller import issuing
from hub.context import Hub
from hub.evidence import Evidence, MaterialState, gather
from hub.siblings import Sibling, open_siblings, place_of
from hub.sources import ACCEPT, RESULT
from hub.targets import Target, target_of
from hub.usage import usage_of
from schemas.items import ServiceItem, Way, all_items
from schemas.judge import restore
from schemas.licence_life import Step
from schemas.licence_types import licence_type
from schemas.records import Accept, Result
from schemas.records.base import Subject
from schemas.records.bureau import Decision
from store import approval_outcomes, approval_steps, audit, licences, records
from store.audit import About, Trace
from store.connection import transaction
from store.licence_life import Licence
from store.licences import LicenceVersion

#: What the hub's own reading for a licence is for, a word of `schemas.items.purposes`.
_PURPOSE = "issuing"
_REASONS = {MaterialState.SATISFIED: "", MaterialState.UNMET: "not_met", MaterialState.MISSING: "no_record"}
#: In place of a material's code: the licence itself is lacking.
_LICENCE = "licence"
_EARLIER = "earlier_approval"
_STATE_ZH = {
    "missing": "没有记录",
    "unmet": "不符合要求",
    "accept": "没有受理信息",
    "item": "事项未登记",
    "no_licence": "该事项在本系统不制发证照",
    "no_own_licence": "申请人名下没有可以办理该环节的证照，请核对持证主体",
    "several_licences": "申请人名下有多件在用的证照，须由审批结果写明证照编号",
    _EARLIER: "同一证照有决定在先的办件待办，办完后接着办理",
    "licence_reserved": "证照尚未发布，待发布后办理",
    "licence_suspended": "证照处于暂停，恢复后办理",
    "licence_expired": "证照已过期，不能再办理该环节",
    "licence_withdrawn": "证照已撤销，不能再办理该环节",
    "licence_revoked": "证照已吊销，不能再办理该环节",
    "licence_cancelled": "证照已注销，不能再办理该环节",
    "number_void": "已取用的编号作废，不再为该办件制证",
    "document_dropped": "证照已终止，新版本停止制作",
    "stopped": "该类证照已停止制发，待人工解除",
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
        material = "证照" if self.material == _LICENCE else self.material
        return f"{material} {self.name}：{_STATE_ZH.get(self.state, f'无法制证（{self.state}）')}"

    def to_dict(self) -> dict[str, str]:
        """As stored and for `--json`."""
        return {"material": self.material, "name": self.name, "state": self.state}


@dataclass(frozen=True, slots=True)
class WaitingApproval:
    """A granted approval that gets no licence yet, and everything it lacks."""

    approval: str
    item: str
    lacks: tuple[Lack, ...]

    @property
    def behind(self) -> bool:
        """Whether it waits for another approval about the same licence."""
        return any(lack.state == _EARLIER for lack in self.lacks)

    def lines(self) -> list[str]:
        """What is lacking, in words."""
        return [lack.line() for lack in self.lacks]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"approval": self.approval, "item": self.item, "missing": [lack.to_dict() for lack in self.lacks]}


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """A granted approval with its two records, the evidence for it, and the licence it leads to.

    Attributes:
        step: what it does to the licence.
        licence: the applicant's licence that takes the step; None where the approval begins one.
    """

    accept: Accept
    result: Result
    evidence: Evidence
    licence_type: str
    step: Step = Step.ISSUE
    licence: Licence | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Every approval in one of four groups."""

    to_issue: tuple[str, ...]
    already: tuple[str, ...]
    waiting: tuple[WaitingApproval, ...]
    not_granted: tuple[str, ...]


def decide(hub: Hub, *, only: Sequence[str] | None = None) -> Decided:
    """Look at every approval that still needs work, or those named, and note how each stands.

    An approval whose number is reserved is to be issued whatever its evidence says today: it was
    complete when the number was taken.
    """
    to_issue: list[str] = []
    already = approval_outcomes.issued(hub.connection) if only is None else []
    waiting: list[WaitingApproval] = []
    behind: list[WaitingApproval] = []
    not_granted: list[str] = []
    for result, version in _results(hub, only):
        number = result.project_no
        begun = licences.by_approval(hub.connection, number)
        if begun is not None and begun.state == "dropped":
            waiting.append(_given_up(begun))
            _settle(hub, number, begun.item, "waiting", waiting[-1].lacks, version)
        elif begun is not None:
            (already if begun.state == "archived" else to_issue).append(number)
            if begun.state == "archived":
                _settle(hub, number, begun.item, "issued", (), version)
        elif approval_steps.licence_of(hub.connection, number) is not None:
            # Perhaps carried out by a process that died before it could note so.
            already.append(number)
            _settle(hub, number, item_of_approval(hub, number), "issued", (), version)
        elif result.decision is not Decision.GRANTED:
            not_granted.append(number)
            _settle(hub, number, "", "not_granted", (), version)
        elif isinstance(judged := case_of(hub, result), WaitingApproval):
            _settle(hub, number, judged.item, "waiting", judged.lacks, version)
            (behind if judged.behind else waiting).append(judged)
        else:
            to_issue.append(number)
    # Behind approvals nobody had looked at yet: by now it is known which of those wait themselves.
    for result, version in _results(hub, [one.approval for one in behind]):
        if isinstance(judged := case_of(hub, result), WaitingApproval):
            _settle(hub, result.project_no, judged.item, "waiting", judged.lacks, version)
            waiting.append(judged)
        else:
            to_issue.append(result.project_no)
    return Decided(tuple(sorted(to_issue)), tuple(sorted(already)), tuple(waiting), tuple(sorted(not_granted)))


def followers(hub: Hub, approval: str) -> list[str]:
    """Approvals about the same applicant's licences of the same type that can be carried out now, the first first."""
    found = _accept_of(hub, approval)
    item = all_items().get(found.item_code) if found is not None else None
    applicant = _applicant(found) if found is not None else None
    if item is None or item.licence_type is None or applicant is None:
        return []
    later = [one.approval for one in _siblings(hub, item, applicant) if one.approval != approval]
    ready = decide(hub, only=later).to_issue if later else ()
    return [one for one in later if one in ready]


def _siblings(hub: Hub, item: ServiceItem, applicant: Subject) -> list[Sibling]:
    return open_siblings(hub, applicant, item.licence_type or "")


def _applicant(accept: Accept) -> Subject | None:
    return next((s for s in accept.subjects() if s.kind in ("citizen", "company")), None)


def _accept_of(hub: Hub, approval: str) -> Accept | None:
    found = records.of_subject(hub.connection, hub.vault, hub.subject("case", approval), [ACCEPT])[ACCEPT]
    return cast(Accept, restore(ACCEPT, found[0].payload)) if found else None


def item_of_approval(hub: Hub, approval: str) -> str:
    """Code of the item an approval is of; empty where its acceptance was never collected."""
    found = _accept_of(hub, approval)
    return found.item_code if found is not None else ""


def _given_up(begun: LicenceVersion) -> WaitingApproval:
    """An approval whose document was given up: the number is void, or the licence ended while it was being made."""
    lack = "number_void" if begun.version == 1 else "document_dropped"
    return WaitingApproval(begun.approval or "", begun.item, (Lack(_LICENCE, begun.number, lack),))


def case_of(hub: Hub, result: Result) -> Case | WaitingApproval:
    """A granted approval with its evidence, or what it lacks. Reading the evidence is logged like any lookup."""
    number = result.project_no
    accept = _accept_of(hub, number)
    if accept is None:
        return WaitingApproval(number, "", (Lack("—", "受理记录", "accept"),))
    item = all_items().get(accept.item_code)
    if item is None:
        return WaitingApproval(number, accept.item_code, (Lack("—", accept.item_name or "事项", "item"),))
    if item.licence_type is None:
        return WaitingApproval(number, item.code, (Lack("—", item.name, "no_licence"),))
    applicant = _applicant(accept)
    if applicant is None or applicant.kind not in item.roles["applicant"].kinds:
        return WaitingApproval(number, item.code, tuple(Lack(m.code, m.name, "missing") for m in item.materials))
    step = Step(item.licence_step or Step.ISSUE)
    target = None
    if step is not Step.ISSUE:
        target = target_of(hub, item.licence_type, applicant, step, result)
        before = [one for one in _siblings(hub, item, applicant) if one < place_of(accept, result)]
        if any(one.approval != number and one.state != "waiting" for one in before):
            target = Target(None, _EARLIER)
    evidence = gather(hub, item, applicant)
    _log(hub, number, evidence)
    lacks = [
        Lack(part.material.code, part.material.name, part.state.value)
        for part in evidence.materials
        if part.state is not MaterialState.SATISFIED
    ]
    if target is not None and target.licence is None:
        lacks.append(Lack(_LICENCE, licence_type(item.licence_type).name, target.lack))
    if lacks:
        return WaitingApproval(number, item.code, tuple(lacks))
    return Case(accept, result, evidence, item.licence_type, step, target.licence if target else None)


def result_of(hub: Hub, approval: str) -> Result | None:
    """The result record of one approval, None when it was never collected."""
    return next((result for result, _ in _results(hub, [approval])), None)


def settle_issued(hub: Hub, approval: str, item: str) -> None:
    """Note that the approval has its licence."""
    _settle(hub, approval, item, "issued", ())


def settle_given_up(hub: Hub, begun: LicenceVersion) -> None:
    """Note that the approval's document was given up while it was being made."""
    given_up = _given_up(begun)
    _settle(hub, given_up.approval, given_up.item, "waiting", given_up.lacks)


def settle_waiting(hub: Hub, waiting: WaitingApproval) -> None:
    """Note what the approval waits for."""
    _settle(hub, waiting.approval, waiting.item, "waiting", waiting.lacks)


def settle_unfit(hub: Hub, approval: str, item: str, lines: str, code: str) -> None:
    """Note that the evidence holds but the face of the licence cannot be drawn from it, and which lines of it."""
    _settle(hub, approval, item, "waiting", (Lack("证面", lines, code),))


def settle_stopped(hub: Hub, approval: str, item: str, licence_type: str) -> None:
    """Note that the evidence holds and the type of licence is stopped."""
    _settle(hub, approval, item, "waiting", (Lack("—", licence_type, "stopped"),))


def _results(hub: Hub, only: Sequence[str] | None) -> Iterator[tuple[Result, int]]:
    """Results with the version of their record: those that still need work, or those of the approvals named."""
    if only is None:
        for row in approval_outcomes.unsettled(hub.connection, hub.vault, RESULT):
            yield cast(Result, restore(RESULT, row.payload)), row.version
        return
    for number in only:
        for row in records.of_subject(hub.connection, hub.vault, hub.subject("case", number), [RESULT])[RESULT]:
            yield cast(Result, restore(RESULT, row.payload)), row.version


def _settle(
    hub: Hub, approval: str, item: str, state: str, lacks: tuple[Lack, ...], result_version: int | None = None
) -> None:
    approval_outcomes.settle(
        hub.connection,
        approval,
        subject=hub.subject("case", approval),
        result_version=result_version,
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
