"""How often each caller asked today. Split into shards, each with its part of the quota: no two callers' transactions
wait for one row, and all shards together never let more through than the quota."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
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
    paid = cursor.connection.ahead.get(("paid", caller, day))
    if paid is not None and paid.left:
        paid.left -= 1
        return True
    values = {"caller": caller, "day": day, "quota": quota, "shards": SHARDS}
    _take_some(cursor, caller, day, quota, 1)
    if cursor.rowcount or _begin(cursor, values, wait=False):
        return True
    # Now somebody has to be waited for. No lock is held while waiting, and none is kept on a shard that turns out
    # full, so that two can never wait for each other.
    while True:
        # Looked at first: a shard that is begun and committed after this is one the next question sees.
        unbegun = _unbegun(cursor, values)
        cursor.execute(
            f"select shard from usage_count where caller = %(caller)s and day = %(day)s and n < {_PART} limit 1", values
        )
        row = cursor.fetchone()
        if row is None:
            if not unbegun:
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


@dataclass(slots=True)
class _Paid:
    """Lookups counted for a caller before they are made."""

    shard: int
    left: int


def pay_ahead(cursor: Any, caller: str, day: date, quota: int, count: int) -> None:
    """Count many lookups of this transaction at once, where one shard has room for all of them; see `settle`."""
    _take_some(cursor, caller, day, quota, count)
    row = cursor.fetchone()
    if row is not None:
        cursor.connection.ahead["paid", caller, day] = _Paid(row[0], count)


def settle(cursor: Any) -> None:
    """Give back what was counted ahead and not used; before the transaction ends."""
    for key, paid in cursor.connection.ahead.items():
        if key[0] == "paid" and paid.left:
            cursor.execute(
                "update usage_count set n = n - %s where caller = %s and day = %s and shard = %s",
                (paid.left, key[1], key[2], paid.shard),
            )
            paid.left = 0


def _take_some(cursor: Any, caller: str, day: date, quota: int, count: int) -> None:
    execute_prepared(
        cursor,
        "quota_take",
        f"with free as (select shard from usage_count where caller = $1 and day = $2 "
        f"and n + $4 <= $3 / {SHARDS} + (shard < $3 % {SHARDS})::int limit 1 for update skip locked) "
        "update usage_count u set n = n + $4 from free where u.caller = $1 and u.day = $2 and u.shard = free.shard "
        "returning u.shard",
        ("text", "date", "int", "int"),
        (caller, day, quota, count),
    )


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
    known: bool | None = cursor.connection.ahead.get(("stopped", caller))
    if known is not None:
        return known
    execute_prepared(
        cursor,
        "caller_stopped",
        "select exists (select from usage_alarm where caller = $1 and severe and cleared_at is null)",
        ("text",),
        (caller,),
    )
    found = bool(cursor.fetchone()[0])
    cursor.connection.ahead["stopped", caller] = found  # for the other lookups of this transaction
    return found


def used(cursor: Any, caller: str, day: date) -> int:
    """Lookups counted so far."""
    cursor.execute("select coalesce(sum(n), 0) from usage_count where caller = %s and day = %s", (caller, day))
    return int(cursor.fetchone()[0])


def forget_before(cursor: Any, day: date) -> None:
    """Drop the counts of days before."""
    cursor.execute("delete from usage_count where day < %s", (day,))
