"""Who may have an annotated copy made: a caller with a grant and a case, the operator, or the holder himself.

A caller names the item and the case a copy is used for and the purpose, and says whose licence it is: who does not know
the holder learns nothing about a licence from its number. The five elements of a use (organisation, user, item, its
code, case) stand in the audit log, as for a lookup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from core.clock import SHANGHAI, today
from core.errors import HubError, Permanent
from hub import cases
from hub.access import Access, CopyRight
from hub.annotated import Annotated, By, Wanted, log_refused, make
from hub.caller import Caller, operator
from hub.context import Hub, OnStep, no_step
from hub.quota import CallerStopped
from hub.subjects import read_number
from hub.usage import OWN_BASIS, own_usage, usage_of
from schemas.items import ServiceItem, all_purposes
from schemas.items import item as item_of
from schemas.licence_life import Status
from schemas.licence_types import all_licence_types
from store import audit, licence_life, quota
from store.audit import About, Usage
from store.connection import transaction

__all__ = ["CopyQuotaUsedUp", "HeldLicence", "for_caller", "for_holder", "for_operator", "licences_of"]

#: What the audit log calls the use of one's own licence; the same word as for looking at one's own data.
_PURPOSE_OPERATOR: Final = "annotated_copy"
_LISTED: Final = ("licence.ZZMC", "licence.ZZBH", "licence.ZZYXQJZRQ")
_HOLDER: Final = "持证主体本人"


class CopyQuotaUsedUp(Permanent):
    """The caller has had all its annotated copies of the day."""

    code: ClassVar[str] = "HUB-966"


def for_caller(
    hub: Hub,
    access: Access,
    caller: Caller,
    wanted: Wanted,
    *,
    item: str,
    holder: str,
    case_no: str | None,
    purpose: str,
    on_step: OnStep = no_step,
) -> Annotated:
    """A copy for a clerk, terminal or partner with a right to it.

    Args:
        item: code of the service item it is used for.
        holder: number of the person or company whose licence it is: the applicant of the case.

    Raises:
        CopyOfAnother: the holder has no such licence; the same whether there is one of somebody else or none.
        CopyNotAllowed, CopyQuotaUsedUp, CallerStopped: of the caller's rights.
        ItemUnknown, IdentifierRefused, SubjectUnfit: item or number are none.
        CaseMissing, CaseUnknown, CaseClosed, CaseOfAnother: of the case.
        HubError: as `hub.annotated.make`.
    """
    asked: ServiceItem | None = None
    try:
        asked = item_of(item)
        subject = read_number(holder, asked.roles["applicant"].kinds).subject
    except HubError as error:
        log_refused(hub, _usage(caller, asked, None, purpose), error)
        raise
    known = asked

    def spend(cursor: Any, right: CopyRight) -> None:
        cases.check(cursor, hub, case_no=case_no, item=known, subject=subject, caller=caller)
        if right.quota is not None:
            _take(cursor, caller, right.quota, hub.clock.now())

    by = By(
        _usage(caller, known, case_no, purpose),
        right=lambda licence: access.copy_right(caller, known, purpose, licence.licence_type),
        spend=spend,
        holder=hub.subject(subject.kind, subject.value),
    )
    return make(hub, wanted, by, on_step)


def for_operator(hub: Hub, access: Access, wanted: Wanted, on_step: OnStep = no_step) -> Annotated:
    """A copy for whoever runs the command `hub` on the machine; for no case.

    Raises:
        HubError: as `hub.annotated.make`.
    """
    caller = operator()
    most = access.rules().copies.most_days
    by = By(_usage(caller, None, None, _PURPOSE_OPERATOR), right=lambda _: CopyRight("", None, most))
    return make(hub, wanted, by, on_step)


def for_holder(hub: Hub, access: Access, own: bytes, wanted: Wanted, on_step: OnStep = no_step) -> Annotated:
    """A copy for the holder himself, from 我的数据.

    Args:
        own: keyed hash of his number, as licences stand under it.

    Raises:
        CopyOfAnother: the licence is not his.
        HubError: as `hub.annotated.make`.
    """
    right = CopyRight(OWN_BASIS, None, access.rules().copies.most_days)
    usage = own_usage("我的证照：制作加注件", shown_as=_HOLDER)
    return make(hub, wanted, By(usage, right=lambda _: right, holder=own), on_step)


@dataclass(frozen=True, slots=True, repr=False)
class HeldLicence:
    """A licence as its holder sees it; `may_copy` where it is in force."""

    number: str
    title: str
    state: str
    until: str
    may_copy: bool


def licences_of(hub: Hub, own: bytes) -> list[HeldLicence]:
    """The licences of a holder that were published, those in force first; that he looked is logged.

    Args:
        own: as for `for_holder`.
    """
    day = today(hub.clock)
    names = all_licence_types()
    found = []
    with transaction(hub.connection) as cursor:
        about = About(own, "applicant", {"licences": _LISTED}, None, True)
        audit.append(cursor, own_usage("我的证照", shown_as=_HOLDER, about=(about,)), hub.clock.now())
    for licence in licence_life.of_holder(hub.connection, own):
        if licence.current_version is None:
            continue
        status = licence.status_on(day)
        title = names[licence.licence_type].name if licence.licence_type in names else licence.licence_type
        until = licence.valid_until.isoformat() if licence.valid_until else "长期"
        found.append(HeldLicence(licence.number, title, status.chinese, until, status is Status.VALID))
    return sorted(found, key=lambda one: (not one.may_copy, one.number))


def _take(cursor: Any, caller: Caller, most: int, now: datetime) -> None:
    """Count one copy; lookups are counted beside."""
    if quota.stopped(cursor, caller.id):
        raise CallerStopped(
            "this caller is stopped, because the way it asked looked like trying out numbers; no copy was made. "
            "A person looks at `hub access alarms` and clears it."
        )
    if not quota.take(cursor, f"{caller.id}/copies", now.astimezone(SHANGHAI).date(), most):
        raise CopyQuotaUsedUp(
            f"this caller has had its {most} annotated copies of today; no copy was made. It may ask again tomorrow, "
            "or be granted more in the access file."
        )


def _usage(caller: Caller, item: ServiceItem | None, case_no: str | None, purpose: str) -> Usage:
    word = purpose if purpose in all_purposes() or purpose == _PURPOSE_OPERATOR else ""
    usage = usage_of(
        caller, item, case_no=case_no if case_no and cases.may_be_number(case_no) else None, purpose=word, basis="",
        outcome="complete", refusal=None, about=(), materials=(),
    )  # fmt: skip
    return usage if item is not None else replace(usage, item_name="证照加注件")
