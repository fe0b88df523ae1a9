"""Time goes forward in the register: no number is taken and nothing is entered before what stands there already."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from core.clock import SHANGHAI
from core.errors import Retryable

#: So far two machines' clocks may differ; what is behind by no more is given the time of the last entry.
TOLERANCE: Final = timedelta(seconds=5)


class ClockBehind(Retryable):
    """This machine's clock is behind the last entry of the licence register: it was set back, or was ahead before."""

    code: ClassVar[str] = "HUB-950"


def forward(cursor: Any, now: datetime) -> datetime:
    """`now`, or the time of the register's last entry where that is a little later; part of the caller's transaction.

    Raises:
        ClockBehind: it is later by more than `TOLERANCE`; nothing may be written.
    """
    cursor.execute(
        "select greatest((select max(at) from register_entry), (select max(reserved_at) from licence_version))"
    )
    last: datetime | None = cursor.fetchone()[0]
    if last is None or now >= last:
        return now
    behind = last - now
    if behind > TOLERANCE:
        raise ClockBehind(
            f"this machine's clock says {_text(now)}, which is {_length(behind)} before the last entry of the licence "
            f"register ({_text(last)}): no number was taken and nothing was entered. Correct the clock; it is tried "
            "again by itself; runbook: clock-behind."
        )
    return last


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _length(behind: timedelta) -> str:
    seconds = int(behind.total_seconds())
    for size, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
