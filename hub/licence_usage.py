"""What is done with a licence, in the audit log: who looked at its facts or took a step, so that its holder sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from hub.caller import Caller
from hub.context import Hub
from hub.usage import usage_of
from schemas.items import all_items
from store import audit, licence_life
from store.audit import About
from store.licence_life import Licence

#: What for; `hub.my_data` has the words.
Purpose = Literal["licence_view", "licence_step", "licence_reminder"]


def logged(
    cursor: Any,
    hub: Hub,
    licence: Licence,
    caller: Caller,
    *,
    purpose: Purpose,
    told: Sequence[str],
    basis: str | None = None,
    case_no: str | None = None,
) -> str:
    """Write an entry about a licence's holder as part of the caller's transaction; its number.

    Args:
        told: labels of what was shown or done.
        basis: the first law of the licence's item where None.
    """
    item = all_items().get(licence.item)
    law = basis if basis is not None else item.legal_basis[0].title if item else ""
    holder = licence_life.holder_of(cursor, licence.id)
    return _write(cursor, hub, caller, licence.item, holder, purpose, told, law, case_no, found=True)


def logged_search(cursor: Any, hub: Hub, holder: bytes, caller: Caller, *, found: bool) -> str:
    """Write down that somebody looked for a holder's licences, those that found none too; the entry's number."""
    return _write(cursor, hub, caller, None, holder, "licence_view", ("名下证照",), "", None, found=found)


def _write(
    cursor: Any,
    hub: Hub,
    caller: Caller,
    code: str | None,
    holder: bytes,
    purpose: Purpose,
    told: Sequence[str],
    basis: str,
    case_no: str | None,
    *,
    found: bool,
) -> str:
    item = all_items().get(code) if code else None
    usage = usage_of(
        caller,
        item,
        case_no=case_no,
        purpose=purpose,
        basis=basis,
        outcome="complete",
        refusal=None,
        about=(About(holder, "applicant", {"—": [f"licence.{label}" for label in told]}, None, found),),
        materials=(),
        unknown_item=code or "",
    )
    return audit.append(cursor, usage, hub.clock.now())
