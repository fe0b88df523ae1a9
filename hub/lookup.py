"""One number answers what a service item needs: its fields, their source and age, and nothing else.

A lookup that needs no department's word is one transaction: right, case and quota are checked, the records read, the
entry written to the audit log, and only then does the answer leave. Where a department has to be asked first, it is
asked between two transactions, and the second reads everything anew. A refused lookup is logged all the same.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final

from core.clock import today
from core.errors import HubError, Permanent, Retryable
from hub import cases, quota
from hub.access import Right
from hub.answer import Answer, MaterialAnswer
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.facts import Facts, read_facts, resources_of
from hub.live import LiveAnswer
from hub.means import Means
from hub.subjects import SubjectUnfit, Typed, read_number, resolve
from hub.usage import usage_of
from hub.weighing import Scale, question, weigh
from schemas.identifiers.check import check
from schemas.items import ServiceItem
from schemas.items import item as item_of
from schemas.records.base import Subject
from store import records
from store.audit import About, Pending, Trace, Usage
from store.connection import transaction

__all__ = ["Means", "PurposeMissing", "SubjectUnfit", "lookup"]

#: Departments are asked again only for whom their own first answers name: the legal representative of a company.
_ROUNDS: Final = 2


class PurposeMissing(Permanent):
    """A lookup that does not say what it is for."""

    code: ClassVar[str] = "HUB-703"


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """A lookup as it is asked.

    Attributes:
        item: code of the service item; it decides which fields may be released.
        identifier: citizen number, credit code, old 15-digit number, registration number or organisation code.
        purpose: code of one of the item's purposes.
        case_no: the open case it is for; only the hub itself and its operator may do without.
        withheld_until, withheld_basis: an organ the law lets do so keeps the entry from the person looked at until
            that day, and says by which law. It is never kept from the log.
    """

    caller: Caller
    item: str
    identifier: str
    purpose: str
    case_no: str | None = None
    withheld_until: date | None = None
    withheld_basis: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A lookup that was refused; its entry is written in the same transaction."""

    error: HubError


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """How far an ask was understood, before anything is read; what the log tells of it.

    Attributes:
        refused: why it is answered no further; the other three are there where it is None.
    """

    ask: Ask
    item: ServiceItem | None = None
    right: Right | None = None
    typed: Typed | None = None
    refused: HubError | None = None


#: Whom to ask live: resource and subject.
Questions = list[tuple[str, Subject]]
LiveAnswers = Mapping[tuple[str, Subject], LiveAnswer]


def lookup(
    hub: Hub,
    *,
    caller: Caller,
    item: str,
    identifier: str,
    purpose: str,
    means: Means,
    case_no: str | None = None,
    withheld_until: date | None = None,
    withheld_basis: str = "",
) -> Answer:
    """Answer and log; the entry is committed before the answer leaves. For the arguments see `Ask`.

    Raises:
        PurposeMissing, ItemUnknown, IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous,
        NotAllowed, CaseMissing, CaseUnknown, CaseClosed, CaseOfAnother, QuotaUsedUp, CallerStopped,
        WithholdingRefused: refused, and logged as refused.
        StoreUnavailable and other Retryable errors: nothing was answered; they may leave no entry.
    """
    return go_on(hub, Ask(caller, item, identifier, purpose, case_no, withheld_until, withheld_basis), means)


def go_on(hub: Hub, ask: Ask, means: Means, first: Questions | None = None) -> Answer:
    """`lookup`, beginning with questions that an earlier attempt has left."""
    live: dict[tuple[str, Subject], LiveAnswer] = {}
    known = understand(ask, means)
    questions = first or []
    rounds, spent = _ROUNDS, 0.0
    while True:
        if questions and means.live is not None:
            began = time.monotonic()
            live |= means.live.ask(questions, spent=spent)
            spent += time.monotonic() - began
            rounds -= 1
        with transaction(hub.connection) as cursor:
            log = Pending()
            came = attempt(cursor, log, hub, known, means, live, may_ask=rounds > 0)
            log.write(cursor)
        if isinstance(came, Answer):
            return came
        if isinstance(came, Refused):
            raise came.error
        questions = came


def understand(ask: Ask, means: Means) -> Known:
    """What can be said of an ask without reading anything: item, number, right."""
    known = Known(ask)
    try:
        if not ask.purpose.strip():
            raise PurposeMissing("a lookup needs a purpose; nothing was looked up. Say what the facts are for.")
        item = item_of(ask.item)
        known = Known(ask, item, None, read_number(ask.identifier, item.roles["applicant"].kinds))
        right = means.access.right(ask.caller, item, ask.purpose)
        known = Known(ask, item, right, known.typed)
        if ask.withheld_until is not None:
            _may_withhold(right, ask.withheld_basis)
    except Retryable:
        raise
    except HubError as error:
        return replace(known, refused=error)
    return known


def read_ahead(cursor: Any, hub: Hub, many: Sequence[Known]) -> None:
    """Read at once, for this transaction, what its lookups will ask for: cases, the applicants' records, quotas."""
    sound = [known for known in many if known.refused is None]
    if numbers := list(dict.fromkeys(known.ask.case_no for known in sound if known.ask.case_no)):
        cases.read_ahead(cursor, numbers)
    wanted: dict[tuple[bytes, str], None] = {}
    paid: Counter[tuple[str, int]] = Counter()
    for known in sound:
        if known.item is None or known.typed is None or known.right is None:
            continue
        if not known.typed.legacy:
            subject = hub.subject(known.typed.subject.kind, known.typed.subject.value)
            wanted |= dict.fromkeys((subject, name) for name in resources_of(known.item, "applicant"))
        if known.right.quota is not None:
            paid[known.ask.caller.id, known.right.quota] += 1
    if wanted:
        records.read_ahead(cursor, list(wanted))
    quota.pay_ahead(cursor, paid, hub.clock.now())


def attempt(
    cursor: Any, log: Pending, hub: Hub, known: Known, means: Means, live: LiveAnswers, *, may_ask: bool
) -> Answer | Refused | Questions:
    """One try within the caller's transaction: an answer or a refusal, with its entry; or whom to ask first.

    Nothing may leave before the log is written and the transaction committed.

    Args:
        log: takes the entry.
        live: what departments have said for this lookup.
        may_ask: False where nobody is to be asked any more.
    """
    error = known.refused
    if error is None and known.item is not None and known.right is not None and known.typed is not None:
        try:
            return _weighed(cursor, log, hub, known, known.item, known.right, known.typed, means, live, may_ask=may_ask)
        except Retryable:
            raise
        except HubError as refusal:
            error = refusal
    if error is None:
        raise Permanent("a lookup was neither understood nor refused; this is a fault of the program")
    log.add(_usage(hub, known, error.code), hub.clock.now())
    return Refused(error)


def _weighed(
    cursor: Any,
    log: Pending,
    hub: Hub,
    known: Known,
    item: ServiceItem,
    right: Right,
    typed: Typed,
    means: Means,
    live: LiveAnswers,
    *,
    may_ask: bool,
) -> Answer | Questions:
    ask = known.ask
    now = hub.clock.now()
    subject = resolve(cursor, hub, typed)
    if ask.case_no is not None or ask.caller.kind is not CallerKind.SYSTEM:
        cases.check(cursor, hub, case_no=ask.case_no, item=item, subject=subject, caller=ask.caller)
    said = {key: answer.records for key, answer in live.items() if answer.records is not None}
    facts = read_facts(cursor, hub, item, subject, today(hub.clock), said)
    promised = cases.promised(cursor, ask.case_no) if ask.case_no is not None else frozenset[str]()
    scale = Scale(item, right, facts, means.ages.of(cursor, item.resources), live, promised, now)
    if may_ask and means.live is not None and (questions := _questions(scale, item)):
        return questions
    quota.take(cursor, caller=ask.caller, right=right, now=now)
    materials = tuple(weigh(scale, material) for material in item.materials)
    entry = log.add(_usage(hub, known, None, subject, scale, materials), now)
    return Answer(
        entry=entry,
        item=item.code,
        item_name=item.name,
        item_version=item.version,
        case_no=ask.case_no,
        subject_masked=typed.masked,
        materials=materials,
    )


def _questions(scale: Scale, item: ServiceItem) -> Questions:
    """Whom to ask, each once."""
    return list(dict.fromkeys(q for material in item.materials if (q := question(scale, material)) is not None))


def _may_withhold(right: Right, basis: str) -> None:
    if not right.may_withhold or not basis.strip():
        raise WithholdingRefused(
            "this caller may not withhold a lookup from the person looked at, or named no law for it; "
            "nothing was looked up. Ask again without, or have the right entered in access.toml."
        )


class WithholdingRefused(Permanent):
    """A lookup was to be withheld from the person looked at, without the right or without a law."""

    code: ClassVar[str] = "HUB-767"


def _usage(
    hub: Hub,
    known: Known,
    refusal: str | None,
    subject: Subject | None = None,
    scale: Scale | None = None,
    materials: Collection[MaterialAnswer] = (),
) -> Usage:
    ask = known.ask
    complete = all(material.state.needs_nothing for material in materials)
    return usage_of(
        ask.caller,
        known.item,
        unknown_item=_logged(ask.item),
        case_no=_logged(ask.case_no) if refusal and ask.case_no else ask.case_no,
        purpose=_logged(ask.purpose) if refusal else ask.purpose,
        basis=known.right.basis if known.right else "",
        outcome="refused" if refusal else "complete" if complete else "partial",
        refusal=refusal,
        about=_about(hub, known, subject, scale.facts if scale else None, materials),
        materials=tuple(
            Trace(
                material.code,
                material.state.value,
                material.way.value if material.way else None,
                material.origin.resource if material.origin else None,
                material.reason,
            )
            for material in materials
        ),
        withheld_until=ask.withheld_until,
        withheld_basis=ask.withheld_basis,
    )


def _logged(typed: str) -> str:
    """Text of a refused lookup, fit for a log that is kept for ever: a person's number in the wrong field is not."""
    return "（证件号码，未记录）" if check(typed).kind == "citizen" else typed


def _about(
    hub: Hub,
    known: Known,
    subject: Subject | None,
    facts: Facts | None,
    materials: Collection[MaterialAnswer],
) -> tuple[About, ...]:
    """Everybody whose facts were looked at, each with the fields that are his; of a refused one, whom it was about."""
    if known.typed is None:
        return ()
    near = known.typed.near(hub)
    if facts is None or subject is None:
        own = known.typed.subject
        return (About(hub.subject(own.kind, own.value), "applicant", {}, near, False),)
    fields = released_fields(materials)
    parts = []
    for role, who in facts.roles.items():
        if who is None:
            continue
        mine = {material.code: fields[material.code] for material in materials if material.role == role}
        first = role == "applicant"
        found = facts.any_found if first else True
        parts.append(
            About(
                hub.subject(who.kind, who.value),
                role,
                mine,
                near if first else None,
                found,
            )
        )
    return tuple(parts)


def released_fields(materials: Collection[MaterialAnswer]) -> Mapping[str, list[str]]:
    """Material code to the fields given out, as `resource.field`."""
    return {
        material.code: [f"{material.origin.resource}.{fact.field}" for fact in material.facts]
        + [f"{one.other.resource}.{one.field}" for one in material.contradictions]
        if material.origin
        else []
        for material in materials
    }
