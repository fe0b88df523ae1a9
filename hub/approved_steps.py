"""Steps that follow from an approval: change 变更, renew 延续, replace 补发 make a document, cancel 注销 makes none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

from core.clock import today
from hub.approvals import Case
from hub.context import Hub, OnStep, no_step
from hub.designation import Designation, following
from hub.expiry import expire_if_due
from hub.press import Bureau
from schemas.dates import Validity
from schemas.licence_life import Step
from schemas.licence_types import licence_type
from store import approval_steps, licence_life, licences
from store.licence_life import Licence, VersionInMaking
from store.register_entries import Grounds


class _Done(Exception):
    """Under the lock it turns out that another process has carried the approval out."""


def grounds_of(case: Case, bureau: Bureau, day: date) -> Grounds:
    """Why the step is taken: the law the item decides by; nobody's hand but the approval."""
    item = case.evidence.item
    basis = next((one.basis for one in item.purposes if one.code == "decision"), item.legal_basis[0].title)
    return Grounds(basis=basis, effective_on=day, user="hub", organisation=bureau.name)


def next_of(hub: Hub, case: Case, bureau: Bureau, issued_on: date) -> Callable[[int, int], Designation]:
    """For a version and a place in the status list: what the licence's next document is called, and how long it holds.

    A change or a replacement leaves the validity as it is; a renewal counts on by the type's rule. All is read before:
    what is given back asks the database nothing, for it is called within a transaction.
    """
    kind, licence = licence_type(case.licence_type), case.licence
    current = licences.by_number(hub.connection, licence.number) if licence is not None else None
    if licence is None or current is None:
        raise ValueError("a further document belongs to a licence that has one")
    last = licences.of_licence(hub.connection, licence.id)[-1].version
    validity, begins = Validity(licence.valid_until), issued_on
    if case.step is not Step.RENEW:
        metadata = licences.facts(hub.connection, hub.vault, current)["metadata"]
        begins = Validity.parse(metadata["ZZYXQQSRQ"]).until or issued_on
    elif licence.valid_until is not None:
        validity = kind.validity.renewed(licence.valid_until, case.result.decided_on)

    def designation(version: int, place: int) -> Designation:
        if version != last + 1:
            raise VersionInMaking(
                f"licence {current.number} got another document meanwhile; none was begun for this approval. It is "
                "looked at anew at the next try."
            )
        return following(kind, bureau, current, version, place, issued_on, valid_from=begins, validity=validity)

    return designation


def take_approved(hub: Hub, case: Case, bureau: Bureau, on_step: OnStep = no_step) -> None:
    """Take an approved step that makes no document; of two processes at once one takes it.

    Raises:
        StepRefused: the licence's state changed since it was looked at; nothing was written.
    """
    licence = case.licence
    approval = case.result.project_no
    if licence is None:
        raise ValueError("a step without a document is of a licence")
    expire_if_due(hub, licence)

    def admit(cursor: Any, held: Licence) -> None:
        if approval_steps.taken(cursor, approval):
            raise _Done
        approval_steps.note(cursor, approval, held.id, hub.clock.now())

    with suppress(_Done):
        licence_life.take_step(
            hub.connection,
            hub.vault,
            licence.id,
            case.step,
            grounds_of(case, bureau, today(hub.clock)),
            now=hub.clock.now(),
            case=approval,
            admit=admit,
        )
    on_step("licence.step_taken")
