"""The case a lookup is for: opened at the desk or a terminal, or one of the bureau's own system; open, and of this item
and applicant.

A material that a lookup did not give is settled here: promised (告知承诺, 国办发〔2020〕42号), brought on paper, or
left for later; each with the reason it had to be, for that is the way to 100 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, cast

from core.clock import SHANGHAI
from core.errors import Permanent
from hub.access import HOLDER_PRESENT, NotAllowed
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.sources import ACCEPT, RESULT
from schemas.identifiers.check import check as check_number
from schemas.items import ServiceItem, Way
from schemas.items import item as item_of
from schemas.judge import restore
from schemas.records import Accept
from schemas.records.base import Subject
from schemas.workdays import working_days
from store import cases
from store.cases import DeskCase, Settled
from store.connection import transaction
from store.records import select_subject

__all__ = [
    "CaseClosed",
    "CaseMissing",
    "CaseOfAnother",
    "CaseUnknown",
    "SettleRefused",
    "check",
    "check_promise",
    "close",
    "is_desk_number",
    "may_be_number",
    "open_case",
    "promised",
    "read_ahead",
    "settle_material",
    "settled",
    "unchecked_promises",
]

Outcome = Literal["accepted", "refused", "withdrawn"]
SettledBy = Literal["promise", "upload", "later"]
_NUMBER: Final = re.compile(r"[0-9A-Za-z()（）〔〕\[\]\u4e00-\u9fff][0-9A-Za-z()（）〔〕\[\]\u4e00-\u9fff._/-]{0,63}")
#: A word of the lookup's own, never free text.
_REASON: Final = re.compile(r"[a-z][a-z_]{0,39}")


class CaseMissing(Permanent):
    """A lookup that does not name a case."""

    code: ClassVar[str] = "HUB-862"


class CaseUnknown(Permanent):
    """No case bears the number."""

    code: ClassVar[str] = "HUB-863"


class CaseClosed(Permanent):
    """The case has ended; nothing is released for it any more."""

    code: ClassVar[str] = "HUB-864"


class CaseOfAnother(Permanent):
    """The case is of another item, another applicant, or another office."""

    code: ClassVar[str] = "HUB-865"


class SettleRefused(Permanent):
    """A material cannot be settled in this way: the item does not allow it, or the reason is no known word."""

    code: ClassVar[str] = "HUB-867"


def open_case(hub: Hub, *, caller: Caller, item: ServiceItem, subject: Subject, now: datetime) -> str:
    """Open a case for an applicant; its number is readable and never given twice.

    Whether the caller may ask for the item is `hub.access`'s to say, before this.

    Raises:
        NotAllowed: a terminal without the holder before it.
    """
    present = HOLDER_PRESENT in caller.roles
    if caller.kind is CallerKind.TERMINAL and not present:
        raise NotAllowed("a terminal opens a case only for the holder who stands before it; no case was opened.")
    with transaction(hub.connection) as cursor:
        case = DeskCase(
            case_no=cases.next_number(cursor, now),
            item=item.code,
            item_version=item.version,
            subject=hub.subject(subject.kind, subject.value),
            organisation=caller.organisation,
            street=caller.street,
            channel=caller.kind.value,
            holder_present=present,
            opened_at=now,
            opened_by=caller.id,
        )
        cases.insert(cursor, case)
    return case.case_no


def is_desk_number(case_no: str) -> bool:
    """Whether the number is of a case opened at a desk or terminal."""
    return cases.is_number(case_no)


def may_be_number(case_no: str) -> bool:
    """Whether it has the shape of a case's number, at a desk or of the bureau; what has not is not logged."""
    return _NUMBER.fullmatch(case_no) is not None and check_number(case_no).kind != "citizen"


def check(cursor: Any, hub: Hub, *, case_no: str | None, item: ServiceItem, subject: Subject, caller: Caller) -> None:
    """Return when the case is open and of this item, applicant and office; part of the caller's transaction.

    What issues licences asks about cases that were just decided, so for it a case of the bureau's is not closed.

    Raises:
        CaseMissing, CaseUnknown, CaseClosed, CaseOfAnother: see there; nothing may be released.
    """
    if case_no is None or not case_no.strip():
        raise CaseMissing("a lookup is for a case, and none was named; nothing was looked up. Open a case first.")
    if not _NUMBER.fullmatch(case_no):
        raise _unknown()
    case = cases.get(cursor, case_no)
    if case is not None:
        _check_desk(case, item, hub.subject(subject.kind, subject.value), caller)
    else:
        _check_bureau(cursor, hub, case_no, item, subject, caller)


def read_ahead(cursor: Any, numbers: Sequence[str]) -> None:
    """Read the desk's cases of many lookups at once, for the caller's transaction."""
    cases.read_ahead(cursor, numbers)


def promised(cursor: Any, case_no: str) -> frozenset[str]:
    """Codes of the materials the applicant promised in this case; part of the caller's transaction."""
    return cases.promised(cursor, case_no)


def settle_material(
    hub: Hub,
    *,
    case_no: str,
    material: str,
    way: SettledBy,
    reason: str,
    caller: Caller,
    now: datetime,
    item: ServiceItem | None = None,
    resource: str | None = None,
) -> Settled:
    """Write down how a material was settled that the lookup did not give.

    Args:
        way: promise, upload (a paper was brought) or later.
        reason: why the lookup did not give it: the material's state or reason.
        item: of a case of the bureau's own system; a desk's case knows its own.
        resource: which resource did not give it; by default the material's own.

    Raises:
        CaseUnknown, CaseClosed, CaseOfAnother: as in `check`.
        SettleRefused: the item does not let this material be promised or brought, or the reason is no word.
    """
    if not _REASON.fullmatch(reason):
        raise SettleRefused("the reason is no word of a lookup's answer; nothing was written. Give the state.")
    with transaction(hub.connection) as cursor:
        wanted = _item_of(cursor, hub, case_no, item, caller)
        try:
            named = wanted.material(material)
        except KeyError:
            raise SettleRefused(f"{wanted.name} has no material of this code; nothing was written.") from None
        if way != "later" and Way(way) not in named.ways:
            raise SettleRefused(
                f"{wanted.name} does not let {named.code} {named.name} be settled by {way}; nothing was written. "
                f"Its ways are {', '.join(named.ways)}."
            )
        one = Settled(case_no, named.code, way, resource or named.resource, reason, now, caller.id)
        if way == "promise" and named.promise is not None:
            start = now.astimezone(SHANGHAI).date()
            due = working_days().after(start, named.promise.verify_within_days)
            one = Settled(
                case_no, named.code, way, one.resource, reason, now, caller.id, clause=named.promise.clause,
                due=due.day, due_verified=due.verified and named.promise.verified,
            )  # fmt: skip
        cases.settle(cursor, one)
    return one


def settled(hub: Hub, case_no: str) -> Sequence[Settled]:
    """How the materials of a case were settled."""
    with transaction(hub.connection) as cursor:
        return cases.settled_of(cursor, case_no)


def close(hub: Hub, *, case_no: str, caller: Caller, outcome: Outcome, now: datetime) -> None:
    """End a case opened at a desk or terminal; nothing is released for it from then on.

    Raises:
        CaseUnknown, CaseClosed, CaseOfAnother: nothing was changed.
    """
    with transaction(hub.connection) as cursor:
        case = cases.get(cursor, case_no, lock=True)
        if case is None:
            raise _unknown()
        _check_office(case, caller)
        _check_open(case)
        cases.close(cursor, case_no, at=now, by=caller.id, outcome=outcome)


def check_promise(hub: Hub, *, case_no: str, material: str, kept: bool, caller: Caller, now: datetime) -> None:
    """Note whether a promise held when the bureau checked it. A broken one no longer stands for the material.

    Raises:
        CaseUnknown: there is no such promise, or it was checked before.
    """
    with transaction(hub.connection) as cursor:
        case = cases.get(cursor, case_no)
        if case is not None:
            _check_office(case, caller)
        if not cases.check_promise(cursor, case_no, material, kept=kept, at=now, by=caller.id):
            raise CaseUnknown("no promise of this material waits to be checked in the case; nothing was written.")


def unchecked_promises(hub: Hub, limit: int = 200) -> Sequence[Settled]:
    """Promises that nobody has checked yet, those due first."""
    with transaction(hub.connection) as cursor:
        return cases.unchecked_promises(cursor, limit)


def _item_of(cursor: Any, hub: Hub, case_no: str, item: ServiceItem | None, caller: Caller) -> ServiceItem:
    case = cases.get(cursor, case_no, lock=True)
    if case is not None:
        if item is not None and item.code != case.item:
            raise _of_another()
        _check_office(case, caller)
        _check_open(case)
        return item_of(case.item, version=case.item_version)
    if item is None:
        raise _unknown()
    accept, decided = _bureau(cursor, hub, case_no)
    if accept.item_code != item.code:
        raise _of_another()
    if decided:
        raise _closed()
    return item


def _check_desk(case: DeskCase, item: ServiceItem, subject: bytes, caller: Caller) -> None:
    if case.item != item.code or case.subject != subject:
        raise _of_another()
    _check_office(case, caller)
    _check_open(case)


def _check_office(case: DeskCase, caller: Caller) -> None:
    """A case is its office's; a clerk of the whole district also takes on those that streets opened."""
    if caller.kind is CallerKind.SYSTEM or case.organisation == caller.organisation:
        return
    if caller.kind is CallerKind.CLERK and caller.street is None and case.street is not None:
        return
    raise _of_another()


def _check_open(case: DeskCase) -> None:
    if case.closed_at is not None:
        raise _closed()


def _check_bureau(cursor: Any, hub: Hub, case_no: str, item: ServiceItem, subject: Subject, caller: Caller) -> None:
    accept, decided = _bureau(cursor, hub, case_no)
    if accept.item_code != item.code or subject not in accept.subjects():
        raise _of_another()
    issuing = caller.kind is CallerKind.SYSTEM and "issuing" in caller.roles
    if decided and not issuing:
        raise _closed()


def _bureau(cursor: Any, hub: Hub, case_no: str) -> tuple[Accept, bool]:
    """The bureau's record of a case, and whether it has a result."""
    found = select_subject(cursor, hub.subject("case", case_no), [ACCEPT, RESULT])
    if not found[ACCEPT]:
        raise _unknown()
    return cast(Accept, restore(ACCEPT, found[ACCEPT][0].open(hub.vault).payload)), bool(found[RESULT])


def _unknown() -> CaseUnknown:
    return CaseUnknown(
        "no case bears this number; nothing was released or written. Check the number, or open a case first. A case "
        "of the bureau's system is known once it was collected."
    )


def _closed() -> CaseClosed:
    return CaseClosed("the case has ended; nothing was released or written. Open a new case if it is to go on.")


def _of_another() -> CaseOfAnother:
    return CaseOfAnother(
        "the case is of another item, applicant or office; nothing was released or written. Take the right case."
    )
