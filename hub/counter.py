"""A case opened for an applicant at a counter, at a terminal, or by a partner's system."""

from __future__ import annotations

from hub import cases
from hub.access import NotAllowed
from hub.caller import Caller
from hub.context import Hub
from hub.means import Means
from hub.subjects import read_number, resolve
from schemas.items import ServiceItem
from schemas.items import item as item_of
from store.connection import transaction


def open_case_for(hub: Hub, *, caller: Caller, item: str, identifier: str, means: Means) -> str:
    """Open a case of the applicant whose number was typed; its number.

    Raises:
        ItemUnknown, IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous: about what was typed.
        NotAllowed: the caller may not ask for the item for any purpose.
    """
    wanted = item_of(item)
    typed = read_number(identifier, wanted.roles["applicant"].kinds)
    _allowed(means, caller, wanted)
    with transaction(hub.connection) as cursor:
        subject = resolve(cursor, hub, typed)
    return cases.open_case(hub, caller=caller, item=wanted, subject=subject, now=hub.clock.now())


def _allowed(means: Means, caller: Caller, item: ServiceItem) -> None:
    refused: NotAllowed | None = None
    for purpose in item.purposes:
        try:
            means.access.right(caller, item, purpose.code)
        except NotAllowed as error:
            refused = error
        else:
            return
    raise refused or NotAllowed(f"{item.name} releases nothing for any purpose; no case was opened.")
