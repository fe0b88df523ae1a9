"""How callers asked, counted from the audit log, and the alarms that were raised about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

_COLUMNS = "id, caller, kind, severe, count, threshold, since, raised_at, seen_at, cleared_at, cleared_by, cleared_why"
#: From when on a caller's lookups count: those before a person cleared the last alarm of the kind were looked at.
_FRESH = (
    "{at} > greatest(%(since)s, coalesce((select max(u.cleared_at) from usage_alarm u "
    "where u.caller = {caller} and u.kind = %(kind)s), '-infinity'))"
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; open while `cleared_at` is None. `count` of `kind` since `since`, which `threshold` had to reach."""

    id: int
    caller: str
    kind: str
    severe: bool
    count: int
    threshold: int
    since: datetime
    raised_at: datetime
    seen_at: datetime
    cleared_at: datetime | None = None
    cleared_by: str | None = None
    cleared_why: str | None = None


def misses(cursor: Any, since: datetime, threshold: int) -> list[tuple[str, int]]:
    """Callers and how many of their lookups were refused or found nothing, of those with as many as the threshold."""
    fresh = _FRESH.format(at="e.at", caller="e.caller")
    cursor.execute(
        "select e.caller, count(*) from audit_entry e where e.channel <> 'system' and "
        f"{fresh} and (e.outcome = 'refused' "
        "or not exists (select from audit_about a where a.entry = e.id and a.found)) "
        "group by 1 having count(*) >= %(threshold)s order by 1",
        {"since": since, "threshold": threshold, "kind": "many misses"},
    )
    return list(cursor.fetchall())


def neighbours(cursor: Any, since: datetime, threshold: int) -> list[tuple[str, int]]:
    """Callers and how many different numbers they asked for that differ in their last characters only."""
    fresh = _FRESH.format(at="a.at", caller="a.caller")
    cursor.execute(
        "select caller, max(n) from (select a.caller, count(distinct a.subject) n from audit_about a "
        f"join audit_entry e on e.id = a.entry where a.near is not null and e.channel <> 'system' and {fresh} "
        "group by a.caller, a.near) t where n >= %(threshold)s group by 1 order by 1",
        {"since": since, "threshold": threshold, "kind": "neighbouring numbers"},
    )
    return list(cursor.fetchall())


def off_hours(cursor: Any, since: datetime, threshold: int, begins: time, ends: time) -> list[tuple[str, int]]:
    """Clerks and how many of their lookups lay outside these hours, Asia/Shanghai. Terminals and systems have none."""
    fresh = _FRESH.format(at="e.at", caller="e.caller")
    cursor.execute(
        f"select e.caller, count(*) from audit_entry e where e.channel = 'clerk' and {fresh} "
        "and not ((e.at at time zone interval '8 hours')::time >= %(begins)s "
        "and (e.at at time zone interval '8 hours')::time < %(ends)s) "
        "group by 1 having count(*) >= %(threshold)s order by 1",
        {"since": since, "threshold": threshold, "kind": "off hours", "begins": begins, "ends": ends},
    )
    return list(cursor.fetchall())


def raise_alarm(
    cursor: Any, caller: str, kind: str, *, severe: bool, count: int, threshold: int, since: datetime, now: datetime
) -> bool:
    """Open an alarm, or keep the open one current: it never becomes milder. Whether it is new, or severe only now."""
    cursor.execute(
        "select severe from usage_alarm where caller = %s and kind = %s and cleared_at is null", (caller, kind)
    )
    before = cursor.fetchone()
    cursor.execute(
        "insert into usage_alarm (caller, kind, severe, count, threshold, since, raised_at, seen_at) "
        "values (%(caller)s, %(kind)s, %(severe)s, %(count)s, %(threshold)s, %(since)s, %(now)s, %(now)s) "
        "on conflict (caller, kind) where cleared_at is null do update set severe = usage_alarm.severe or "
        "excluded.severe, count = greatest(usage_alarm.count, excluded.count), seen_at = excluded.seen_at",
        {
            "caller": caller, "kind": kind, "severe": severe, "count": count, "threshold": threshold, "since": since,
            "now": now,
        },
    )  # fmt: skip
    return before is None or (severe and not before[0])


def every(cursor: Any, *, cleared: bool) -> list[Alarm]:
    """Open alarms, severe ones first; with `cleared` those a person cleared as well, after them."""
    cursor.execute(
        f"select {_COLUMNS} from usage_alarm where %s or cleared_at is null "
        "order by cleared_at is not null, not severe, raised_at desc, id desc",
        (cleared,),
    )
    return [Alarm(*row) for row in cursor]


def clear(cursor: Any, number: int, *, who: str, why: str, now: datetime) -> bool:
    """Close an open alarm; False where there is none of that number."""
    cursor.execute(
        "update usage_alarm set cleared_at = %s, cleared_by = %s, cleared_why = %s "
        "where id = %s and cleared_at is null",
        (now, who, why, number),
    )
    return bool(cursor.rowcount)
