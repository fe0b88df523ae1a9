"""How a material stands, by the ways its item names: licence, stored record, live answer, promise, paper.

Nothing is read here. What is weighed: does a record meet the requirement, is it fresh enough, is its source trusted
enough, and does another source say otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.declaration import Declaration
from connectors.registry import declaration
from core.clock import SHANGHAI
from hub.access import Right
from hub.answer import Contradiction, Fact, MaterialAnswer, MaterialState, Origin
from hub.facts import Facts, OwnLicence
from hub.live import LiveAnswer
from hub.told import facts as told
from hub.told import label
from hub.wording import in_words
from schemas.items import Material, ServiceItem
from schemas.items.model import Trust, Way
from schemas.records import Record
from schemas.records.base import Subject
from schemas.text import name_form

#: Reasons a material is not satisfied, as the log counts them, and what a person reads.
REASONS: Final = {
    "no_record": "来源部门没有该记录",
    "not_met": "有记录，但不符合要求",
    "stale": "数据已超过规定时限，且未能向来源部门核实",
    "conflict": "两个来源的记载不一致，请核实",
    "trust": "数据来源的可信级别低于要求",
    "not_open": "来源部门的系统尚未开通",
    "never_read": "该资源尚未采集",
    "nobody": "由其他记录确定的人员未能找到",
    "no_right": "本单位无权使用该信息",
}
#: Why a department did not answer, in words.
UNANSWERED: Final = {
    "no_answer": "来源部门未在时限内答复",
    "resting": "来源部门的系统近期多次未答复，暂停询问",
    "refused": "来源部门拒绝了查询",
    "not_open": "来源部门的系统尚未开通",
    "not_askable": "来源部门不提供实时核验",
    "not_good": "来源部门答复的内容不合格",
}
#: The elements of a licence that is shown as evidence, by their names in GB/T 36903.
ELEMENTS: Final = {
    "ZZMC": "证照名称",
    "ZZBH": "证照编号",
    "ZZBFJG": "颁发机构",
    "ZZBFRQ": "颁发日期",
    "ZZYXQJZRQ": "有效期至",
}
_OWN: Final = "licence"


@dataclass(frozen=True, slots=True)
class Scale:
    """What all materials of a lookup are weighed with.

    Attributes:
        ages: when each resource was last read to its end.
        live: what departments answered for this lookup, by resource and subject; those not asked are absent.
        promised: codes of the materials promised for the case.
    """

    item: ServiceItem
    right: Right
    facts: Facts
    ages: Mapping[str, datetime | None]
    live: Mapping[tuple[str, Subject], LiveAnswer]
    promised: Collection[str]
    now: datetime


def weigh(scale: Scale, material: Material) -> MaterialAnswer:
    """The material's answer; the first way of the item that satisfies is taken."""
    if scale.facts.roles.get(material.role) is None:
        return _left(scale, material, _bare(material, MaterialState.MISSING, "nobody"))
    answer = _licence(scale, material) or _stored(scale, material)
    if answer.state in _TO_ASK:
        answer = _live(scale, material, answer)
    return answer if answer.state is MaterialState.SATISFIED else _left(scale, material, answer)


def question(scale: Scale, material: Material) -> tuple[str, Subject] | None:
    """Whom to ask live for a material that is not satisfied by what is stored; None where nobody is to be asked."""
    subject = scale.facts.roles.get(material.role)
    if Way.LIVE not in material.ways or subject is None or (material.resource, subject) in scale.live:
        return None
    state = (_licence(scale, material) or _stored(scale, material)).state
    return (material.resource, subject) if state in _TO_ASK else None


_TO_ASK: Final = (MaterialState.STALE, MaterialState.MISSING, MaterialState.UNMET, MaterialState.UNREACHABLE)


def _licence(scale: Scale, material: Material) -> MaterialAnswer | None:
    """Satisfied by an electronic licence; None where there is none that would do."""
    way = material.licence
    if way is None:
        return None
    today = scale.now.astimezone(SHANGHAI).date()
    if way.type is not None:
        for own in scale.facts.licences.get(material.role, ()):
            until = own.elements.get("ZZYXQJZRQ", "")
            if own.licence_type == way.type and (until == "长期" or until >= today.isoformat()):
                return _bare(
                    material, MaterialState.SATISFIED, way=Way.LICENCE, origin=_own_origin(scale), facts=_elements(own)
                )
        return None
    if way.resource is None:
        return None
    declared = declaration(way.resource)
    for found in scale.facts.records[material.role].get(way.resource, ()):
        if not all(condition.holds(found.record, today=today) for condition in way.requirement):
            continue
        origin = _origin(scale, way.resource, batch=found.batch)
        if _trusted(declared, material) and not _too_old(scale, declared, material):
            return _bare(
                material,
                MaterialState.SATISFIED,
                way=Way.LICENCE,
                origin=origin,
                facts=_released(scale, found.record, way.release),
            )
    return None


def _stored(scale: Scale, material: Material) -> MaterialAnswer:
    """By the records the store holds."""
    declared = declaration(material.resource)
    origin = _origin(scale, material.resource)
    if not declared.reach.open:
        return _bare(material, MaterialState.UNREACHABLE, "not_open", origin=origin)
    if Way.SHARED not in material.ways:
        return _bare(material, MaterialState.MISSING, "no_record", origin=origin)
    found = scale.facts.records[material.role].get(material.resource, ())
    if not found:
        read = scale.ages.get(material.resource) is not None
        state = MaterialState.MISSING if read else MaterialState.UNREACHABLE
        return _bare(material, state, "no_record" if read else "never_read", origin=origin)
    today = scale.now.astimezone(SHANGHAI).date()
    proof = next((one for one in found if material.holds(one.record, today=today)), None)
    if proof is None:
        return _bare(material, MaterialState.UNMET, "not_met", origin=origin)
    answer = _by_record(scale, material, proof.record, replace(origin, batch=proof.batch), Way.SHARED)
    if answer.state is MaterialState.SATISFIED and _too_old(scale, declared, material):
        return replace(answer, state=MaterialState.STALE, reason="stale", note=REASONS["stale"])
    return answer


def _live(scale: Scale, material: Material, stored: MaterialAnswer) -> MaterialAnswer:
    """By what the department said just now; where it said nothing, the stored fact stands and says so."""
    subject = scale.facts.roles[material.role]
    said = scale.live.get((material.resource, subject)) if subject is not None else None
    if Way.LIVE not in material.ways or said is None:
        return stored
    if said.records is None:
        return replace(stored, note=f"{UNANSWERED[said.reason]}{_collected_on(stored)}")
    origin = replace(_origin(scale, material.resource), as_of=said.at.astimezone(SHANGHAI), live=True)
    today = scale.now.astimezone(SHANGHAI).date()
    proof = next((record for record in said.records if material.holds(record, today=today)), None)
    if proof is not None:
        return _by_record(scale, material, proof, origin, Way.LIVE)
    if said.records:
        return _bare(material, MaterialState.UNMET, "not_met", origin=origin)
    if stored.facts:
        # It may have been ended, or its source writes the number in another way: which of the two nobody can tell.
        return replace(stored, note=f"向来源部门实时查询未查到该记录{_collected_on(stored)}，请核实")
    return _bare(material, MaterialState.MISSING, "no_record", origin=origin)


def _collected_on(stored: MaterialAnswer) -> str:
    """Of which day the facts shown are; empty where none are."""
    day = stored.origin.as_of if stored.origin and stored.facts else None
    return f"，以下为{day:%Y年%m月%d日}采集的数据" if day is not None else ""


def _by_record(scale: Scale, material: Material, record: Record, origin: Origin, way: Way) -> MaterialAnswer:
    """A record that meets the requirement, with what speaks against it."""
    if not _trusted(declaration(material.resource), material):
        return _bare(material, MaterialState.UNMET, "trust", origin=origin)
    facts = _released(scale, record, material.release)
    if not facts:
        return _bare(material, MaterialState.UNREACHABLE, "no_right", origin=origin)
    against = tuple(_against(scale, material, record))
    if against:
        return replace(
            _bare(material, MaterialState.CONFLICTING, "conflict", origin=origin, facts=facts),
            way=way,
            contradictions=against,
        )
    return _bare(material, MaterialState.SATISFIED, way=way, origin=origin, facts=facts)


def _against(scale: Scale, material: Material, record: Record) -> Iterable[Contradiction]:
    """What other sources say otherwise. One that says nothing of it does not speak against it."""
    for agreement in material.agree:
        here = getattr(record, agreement.field)
        others = [
            (value, found.batch)
            for found in scale.facts.records[material.role].get(agreement.resource, ())
            if (value := getattr(found.record, agreement.there)) is not None
        ]
        if here is None or not others or any(_same(here, value) for value, _ in others):
            continue
        value, batch = others[0]
        seen = scale.right.fields(agreement.resource, (agreement.there,))
        yield Contradiction(
            label(material.resource, agreement.field),
            in_words(here),
            _origin(scale, agreement.resource, batch=batch),
            agreement.there,
            in_words(value) if seen else "（无权查看）",
        )


def _same(here: Any, there: Any) -> bool:
    if isinstance(here, str) and isinstance(there, str):
        return name_form(here) == name_form(there)
    return bool(here == there) or in_words(here) == in_words(there)


def _left(scale: Scale, material: Material, answer: MaterialAnswer) -> MaterialAnswer:
    """What the applicant can still do about it; a promise already given is one."""
    left = tuple(way for way in (Way.PROMISE, Way.UPLOAD) if way in material.ways)
    if material.code in scale.promised and Way.PROMISE in left:
        return replace(answer, state=MaterialState.PROMISED, way=Way.PROMISE, note="申请人已作出告知承诺")
    return replace(
        answer,
        way=answer.way if answer.facts else next(iter(left), None),
        ways_left=left,
        promise=material.promise.clause if material.promise else None,
        upload=material.upload,
    )


def _released(scale: Scale, record: Record, names: Sequence[str]) -> tuple[Fact, ...]:
    return told(record, scale.right.fields(record.schema_name, names))


def _elements(own: OwnLicence) -> tuple[Fact, ...]:
    return tuple(
        Fact(code, words, own.elements[code], own.elements[code])
        for code, words in ELEMENTS.items()
        if own.elements.get(code)
    )


def _trusted(declared: Declaration, material: Material) -> bool:
    return declared.trust.reaches(material.trust)


def _too_old(scale: Scale, declared: Declaration, material: Material) -> bool:
    """Older than the item says, or, where it says nothing, than the source's own cycle allows."""
    read = scale.ages.get(declared.name)
    allowed = (
        timedelta(days=material.max_age_days)
        if material.max_age_days is not None
        else timedelta(hours=declared.late_after_hours)
    )
    return read is None or scale.now - read > allowed


def _origin(scale: Scale, resource: str, batch: int | None = None) -> Origin:
    declared = declaration(resource)
    read = scale.ages.get(resource)
    return Origin(
        resource=resource,
        department=declared.department.zh,
        title=declared.title,
        trust=declared.trust,
        as_of=read.astimezone(SHANGHAI) if read else None,
        batch=batch,
    )


def _own_origin(scale: Scale) -> Origin:
    return Origin(_OWN, scale.item.organ, "电子证照库", Trust.A, scale.now.astimezone(SHANGHAI))


def _bare(
    material: Material,
    state: MaterialState,
    reason: str = "",
    *,
    way: Way | None = None,
    origin: Origin | None = None,
    facts: tuple[Fact, ...] = (),
) -> MaterialAnswer:
    return MaterialAnswer(
        code=material.code,
        name=material.name,
        role=material.role,
        state=state,
        way=way,
        origin=origin,
        facts=facts,
        reason=reason,
        note=REASONS.get(reason, ""),
    )
