"""A lookup as the audit log tells it: who asked, taken from the caller, and about which item."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from hub.caller import Caller
from schemas.items import ServiceItem
from store.audit import About, Outcome, Trace, Usage

#: Purpose and basis of whoever looks at what is held about himself.
OWN_PURPOSE: Final = "my_data"
OWN_BASIS: Final = "中华人民共和国个人信息保护法"


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


def archive_usage(
    caller: Caller,
    what: str,
    *,
    purpose: str,
    basis: str,
    about: tuple[About, ...],
    outcome: Outcome = "complete",
    refusal: str | None = None,
    case_no: str | None = None,
) -> Usage:
    """The entry of what a caller did with the archive, where no service item is.

    Args:
        what: what he did, in the place of an item's name.
        purpose: a word of `hub.archive_words.PURPOSES`.
        case_no: of the request it belongs to.
    """
    usage = usage_of(
        caller, None, case_no=case_no, purpose=purpose, basis=basis, outcome=outcome, refusal=refusal, about=about,
        materials=(),
    )  # fmt: skip
    return replace(usage, item_name=what)


def own_usage(what: str, *, shown_as: str = "本人", about: tuple[About, ...] = ()) -> Usage:
    """The entry of somebody who looked at what is held about himself, or had a copy made of it.

    Args:
        what: what he did, in the place of an item's name.
        shown_as: in the place of an organisation's name.
    """
    return Usage(
        channel="person",
        user="person",
        user_name="本人",
        organisation="person",
        organisation_name=shown_as,
        street=None,
        place=None,
        item="",
        item_name=what,
        item_version=None,
        case_no=None,
        purpose=OWN_PURPOSE,
        basis=OWN_BASIS,
        outcome="complete",
        refusal=None,
        about=about,
        materials=(),
    )
