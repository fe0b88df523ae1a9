"""How many requests an account makes a day, and that one with a severe alarm against it makes none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.clock import SHANGHAI
from hub.quota import CallerStopped
from hub.retrieval_errors import RequestQuotaUsedUp
from hub.retrieval_rules import Row
from store import quota


def count(cursor: Any, account: str, row: Row, now: datetime) -> None:
    """Count one request in the caller's transaction; lookups and copies are counted beside.

    Raises:
        CallerStopped: an alarm stands against the account.
        RequestQuotaUsedUp: none is left until midnight, Asia/Shanghai.
    """
    if quota.stopped(cursor, account):
        raise CallerStopped(
            "requests of this caller are stopped, because the way it asked looked like trying out numbers; nothing was "
            "given out. A person looks at `hub access alarms` and clears it."
        )
    if not quota.take(cursor, f"{account}/archive", now.astimezone(SHANGHAI).date(), row.quota):
        raise RequestQuotaUsedUp(
            f"this account has had its {row.quota} requests of today (row {row.id} of the table); nothing was given "
            "out. It may ask again tomorrow."
        )
