"""机读档案: the structured facts of a holder from catalogue, licences and register."""

from __future__ import annotations

from hub.caller import Caller
from hub.context import Hub
from hub.retrieval_parts import FactsTold


def facts_for(hub: Hub, caller: Caller, number: str, *, purpose: str) -> FactsTold:
    """Facts for a partner's system, decided by the table alone and logged before they leave.

    Args:
        number: of whose archive it is, as typed.

    Raises:
        RulesBroken, NoRule, NotForYou, AskedUnfit, HolderNotHeld, RequestQuotaUsedUp, CallerStopped, and what is wrong
            with the number.
    """
    raise NotImplementedError
