"""A lookup as the audit log tells it: who asked, taken from the caller, and about which item."""

from __future__ import annotations

from datetime import date

from hub.caller import Caller
from schemas.items import ServiceItem
from store.audit import About, Outcome, Trace, Usage


def usage_of(
    caller: Caller,
    item: ServiceItem | None,
    *,
    case_no: str | None,
    purpose: str,
    basis: str,
    outcome: Outcome,
    refusal: str | None,
    about: tuple[About, ...],
    materials: tuple[Trace, ...],
    unknown_item: str = "",
    withheld_until: date | None = None,
    withheld_basis: str = "",
) -> Usage:
    """The entry of what a caller asked; the arguments are the fields of `Usage`.

    Args:
        item: None where no item bears the code that was given, which is then `unknown_item`.
    """
    return Usage(
        channel=caller.kind.value,
        user=caller.id,
        user_name=caller.name,
        organisation=caller.organisation,
        organisation_name=caller.organisation_name,
        street=caller.street,
        place=caller.place,
        item=unknown_item if item is None else item.code,
        item_name="" if item is None else item.name,
        item_version=None if item is None else item.version,
        case_no=case_no,
        purpose=purpose,
        basis=basis,
        outcome=outcome,
        refusal=refusal,
        about=about,
        materials=materials,
        withheld_until=withheld_until,
        withheld_basis=withheld_basis,
    )
