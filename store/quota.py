"""How often each caller asked today. Split into shards, each with its part of the quota: no two callers' transactions
wait for one row, and all shards together never let more through than the quota."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from store.connection import execute_prepared

SHARDS: Final = 16
#: Part of the quota that a shard holds; the parts of all shards add up to it.
_PART = "%(quota)s / %(shards)s + (shard < %(quota)s %% %(shards)s)::int"


def take(cursor: Any, caller: str, day: date, quota: int) -> bool:
    """Count one more lookup, in the caller's transaction; False where the quota is used up.

    Nobody is waited for while a shard is free, or none has been begun yet that could be.
    """
    values = {"caller": caller, "day": day, "quota": quota, "shards": SHARDS}
    execute_prepared(
        cursor,
        "quota_take",
        f"with free as (select shard from usage_count where caller = $1 and day = $2 "
        f"and n < $3 / {SHARDS} + (shard < $3 % {SHARDS})::int limit 1 for update skip locked) "
        "update usage_count u set n = n + 1 from free where u.caller = $1 and u.day = $2 and u.shard = free.shard",
        ("text", "date", "int"),
        (caller, day, quota),
    )
    if cursor.rowcount or _begin(cursor, values, wait=False):
        return True
    # Now somebody has to be waited for. No lock is held while waiting, and none is kept on a shard that turns out
    # full, so that two can never wait for each other.
    while True:
        cursor.execute(
            f"select shard from usage_count where caller = %(caller)s and day = %(day)s and n < {_PART} limit 1", values
        )
        row = cursor.fetchone()
        if row is None:
            if not _unbegun(cursor, values):
                return False
            if _begin(cursor, values, wait=True):
                return True
            continue
        cursor.execute(
            "update usage_count set n = n + 1 where caller = %(caller)s and day = %(day)s and shard = %(shard)s "
            f"and n < {_PART}",
            {**values, "shard": row[0]},
        )
        if cursor.rowcount:
            return True


def _begin(cursor: Any, values: Mapping[str, Any], *, wait: bool) -> bool:
    """Begin a shard with its first lookup; without `wait`, none that another transaction is just beginning."""
    for shard in _unbegun(cursor, values):
        if not wait:
            cursor.execute(
                "select pg_try_advisory_xact_lock(hashtext(%(caller)s), %(shard)s)", {**values, "shard": shard}
            )
            if not cursor.fetchone()[0]:
                continue
        cursor.execute(
            "insert into usage_count (caller, day, shard, n) values (%(caller)s, %(day)s, %(shard)s, 1) "
            "on conflict do nothing",
            {**values, "shard": shard},
        )
        if cursor.rowcount:
            return True
    return False


def _unbegun(cursor: Any, values: Mapping[str, Any]) -> list[int]:
    """Shards with a part in the quota that have no row yet, in a random order."""
    cursor.execute("select shard from usage_count where caller = %(caller)s and day = %(day)s", values)
    begun = {row[0] for row in cursor}
    parts = min(values["quota"], values["shards"])
    return [shard for shard in random.sample(range(parts), parts) if shard not in begun]


def stopped(cursor: Any, caller: str) -> bool:
    """Whether a severe alarm about the caller is open."""
    execute_prepared(
        cursor,
        "caller_stopped",
        "select exists (select from usage_alarm where caller = $1 and severe and cleared_at is null)",
        ("text",),
        (caller,),
    )
    return bool(cursor.fetchone()[0])


def used(cursor: Any, caller: str, day: date) -> int:
    """Lookups counted so far."""
    cursor.execute("select coalesce(sum(n), 0) from usage_count where caller = %s and day = %s", (caller, day))
    return int(cursor.fetchone()[0])


def forget_before(cursor: Any, day: date) -> None:
    """Drop the counts of days before."""
    cursor.execute("delete from usage_count where day < %s", (day,))
