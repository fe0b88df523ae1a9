"""How many lookups a caller has a day, and that one with a severe alarm against it has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from core.clock import SHANGHAI
from core.errors import Permanent
from hub.access import Right
from hub.caller import Caller
from store import quota

__all__ = ["CallerStopped", "QuotaUsedUp", "pay_ahead", "settle", "take", "used"]


class QuotaUsedUp(Permanent):
    """The caller has had all its lookups of the day."""

    code: ClassVar[str] = "HUB-866"


class CallerStopped(Permanent):
    """A severe alarm about how the caller asks is open; a person looks at it first."""

    code: ClassVar[str] = "HUB-878"


def take(cursor: Any, *, caller: Caller, right: Right, now: datetime) -> None:
    """Count one lookup in the caller's transaction; undone with it. The hub itself is not counted.

    Raises:
        CallerStopped: an alarm stands against the caller.
        QuotaUsedUp: none is left until midnight, Asia/Shanghai.
    """
    if right.quota is None:
        return
    if quota.stopped(cursor, caller.id):
        raise CallerStopped(
            "lookups of this caller are stopped, because the way it asked looked like trying out numbers; nothing was "
            "looked up. A person looks at `hub access alarms` and clears it."
        )
    if not quota.take(cursor, caller.id, now.astimezone(SHANGHAI).date(), right.quota):
        raise QuotaUsedUp(
            f"this caller has had its {right.quota} lookups of today; nothing was looked up. It may ask again "
            "tomorrow, or be granted more in the access file."
        )


def pay_ahead(cursor: Any, callers: Mapping[tuple[str, int], int], now: datetime) -> None:
    """Count the lookups of a transaction at once: so many of each caller and quota. `settle` returns the rest."""
    for (caller, most), count in sorted(callers.items()):
        quota.pay_ahead(cursor, caller, now.astimezone(SHANGHAI).date(), most, count)


def settle(cursor: Any) -> None:
    """Give back what was counted ahead and not used."""
    quota.settle(cursor)


def used(cursor: Any, *, caller: Caller, now: datetime) -> int:
    """Lookups the caller has had today."""
    return quota.used(cursor, caller.id, now.astimezone(SHANGHAI).date())
