"""Looks at how callers asked: many misses, neighbouring numbers, off hours. Thresholds are our own guess, set in the
access file. A severe alarm stops its caller (`hub.quota`) until a person clears it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from core.clock import today
from core.errors import Permanent
from hub.access_file import Watch
from hub.context import Hub
from hub.tokens import forget_ended
from store import alarms, quota
from store.alarms import Alarm
from store.connection import transaction

__all__ = ["Alarm", "AlarmUnknown", "ClearRefused", "Watched", "every", "watch"]

#: 15 and more digits in a row: a reason needs nobody's number.
_IDENTIFIER: Final = re.compile(r"\d(?:[ \-]?\d){13,}[\dXx]")
_COUNTS_KEPT: Final = timedelta(days=40)

ZH: Final = {"many misses": "大量查无", "neighbouring numbers": "连号查询", "off hours": "非工作时间"}


class AlarmUnknown(Permanent):
    """No open alarm bears the number."""

    code: ClassVar[str] = "HUB-880"


class ClearRefused(Permanent):
    """An alarm is not cleared: the reason is missing, too long, or holds what looks like a person's number."""

    code: ClassVar[str] = "HUB-881"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look came to: alarms that are new or have become severe, and all that are open."""

    raised: tuple[Alarm, ...]
    open: tuple[Alarm, ...]


def watch(hub: Hub, rules: Watch) -> Watched:
    """Look once; safe to repeat at any time. Also drops old counts, and sessions, tokens and nonces that ended."""
    now = hub.clock.now()
    since = now - timedelta(minutes=rules.minutes)
    fresh: set[tuple[str, str]] = set()
    with transaction(hub.connection) as cursor:
        found = (
            ("many misses", rules.misses, alarms.misses(cursor, since, rules.misses)),
            ("neighbouring numbers", rules.neighbours, alarms.neighbours(cursor, since, rules.neighbours)),
            (
                "off hours",
                rules.off_hours,
                alarms.off_hours(cursor, since, rules.off_hours, rules.day_begins, rules.day_ends),
            ),
        )
        for kind, threshold, callers in found:
            for caller, count in callers:
                severe = kind == "neighbouring numbers" or count >= threshold * rules.severe
                if alarms.raise_alarm(
                    cursor, caller, kind, severe=severe, count=count, threshold=threshold, since=since, now=now
                ):
                    fresh.add((caller, kind))
        still = alarms.every(cursor, cleared=False)
        quota.forget_before(cursor, today(hub.clock) - _COUNTS_KEPT)
    forget_ended(hub)
    return Watched(tuple(one for one in still if (one.caller, one.kind) in fresh), tuple(still))


def every(hub: Hub, *, cleared: bool = False) -> Sequence[Alarm]:
    """Open alarms, severe ones first; with `cleared` also those a person cleared."""
    with transaction(hub.connection) as cursor:
        return alarms.every(cursor, cleared=cleared)


def clear(hub: Hub, number: int, *, who: str, why: str) -> None:
    """A person has looked at an alarm: its caller may ask again. What was counted for it is not counted anew.

    Raises:
        ClearRefused: without a fit reason nothing is cleared.
        AlarmUnknown: no open alarm bears the number.
    """
    why = why.strip()
    if not why or len(why) > 500 or _IDENTIFIER.search(why):
        raise ClearRefused(
            "an alarm is cleared with a reason of at most 500 characters that names nobody's number; nothing was done."
        )
    with transaction(hub.connection) as cursor:
        if not alarms.clear(cursor, number, who=who, why=why, now=hub.clock.now()):
            raise AlarmUnknown(f"no open alarm has number {number}; nothing was done. See `hub access alarms`.")


def to_dict(alarm: Alarm) -> dict[str, Any]:
    """For `--json`."""
    return {
        "id": alarm.id,
        "caller": alarm.caller,
        "kind": alarm.kind,
        "severe": alarm.severe,
        "count": alarm.count,
        "threshold": alarm.threshold,
        "since": alarm.since.isoformat(timespec="seconds"),
        "raised_at": alarm.raised_at.isoformat(timespec="seconds"),
        "seen_at": alarm.seen_at.isoformat(timespec="seconds"),
        "cleared_at": alarm.cleared_at.isoformat(timespec="seconds") if alarm.cleared_at else None,
        "cleared_by": alarm.cleared_by,
        "cleared_why": alarm.cleared_why,
    }
