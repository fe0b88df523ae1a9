"""Drift in the store: profiles of batches, what is normal for a resource, and signals. Counts only, never a value.

Functions that take a cursor are parts of one transaction, begun with `hold`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from core.errors import Permanent
from schemas.drift import Change, ColumnProfile, Profile
from schemas.drift_names import may_be_shown
from store.connection import Connection, fetch_all, fetch_one
from store.errors import NotInStore

#: Profiles of older batches are let go: signals and what is normal live in rows of their own.
_PROFILES_KEPT: Final = 100
_REFUSAL: Final = re.compile(r"R-\d{3}", re.ASCII)
_SHAPE: Final = re.compile(r"[A-Za-z ,-]{1,40}", re.ASCII)


class ProfileRefused(Permanent):
    """A profile holds a name that may be a value of the source, so it was not stored; a fault of the program."""

    code: ClassVar[str] = "HUB-730"


class SignalClosed(Permanent):
    """A drift signal is closed already, so there is nothing to accept."""

    code: ClassVar[str] = "HUB-731"


@dataclass(frozen=True, slots=True)
class Signal:
    """One column of one resource that is not as it was.

    Attributes:
        count: values (rows, for a whole column) of the last sample that showed it, out of `of`.
        closed_as: `gone` (a later batch no longer shows it) or `accepted`; None while open.
        closed_by: that batch's number, or who accepted it.
    """

    id: int
    resource: str
    kind: str
    column: str
    count: int
    of: int
    detail: str
    first_batch: int
    last_batch: int
    raised_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    closed_by: str | None

    @property
    def share(self) -> float:
        """How much of the column (of the rows, for a whole column) shows it."""
        return self.count / self.of if self.of else 0.0


_COLUMNS = (
    "id, resource, kind, column_name, count, of_total, detail, first_batch, last_batch, raised_at, seen_at, "
    "closed_at, closed_as, closed_by"
)


def hold(cursor: Any, resource: str) -> None:
    """Keep everybody else from the resource's drift until the transaction ends."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('drift'), hashtext(%s))", (resource,))


def add_profile(cursor: Any, resource: str, batch: int, seen: Profile, known: Collection[str], now: datetime) -> None:
    """Keep what a batch looked like; a batch read in several parts adds them up.

    Args:
        known: names we wrote ourselves, which may stand in a profile whatever they look like.

    Raises:
        ProfileRefused: a name, a shape or a code in it is none of ours; nothing was written.
    """
    _check(seen, known)
    cursor.execute("select profile from drift_profile where batch = %s", (batch,))
    row = cursor.fetchone()
    there = Profile.from_dict(row[0]) if row else None
    whole = there.merged(seen) if there is not None and there.schema_name == seen.schema_name else seen
    cursor.execute(
        "insert into drift_profile (batch, resource, rows, profile, taken_at) values (%s, %s, %s, %s, %s) "
        "on conflict (batch) do update set rows = excluded.rows, profile = excluded.profile, judged = false, "
        "taken_at = excluded.taken_at",
        (batch, resource, whole.rows, _json(whole.to_dict()), now),
    )
    cursor.execute(
        "delete from drift_profile where resource = %s and batch < (select batch from drift_profile "
        "where resource = %s order by batch desc offset %s limit 1)",
        (resource, resource, _PROFILES_KEPT - 1),
    )


def brings_little(cursor: Any, batch: int) -> bool:
    """Whether most rows of a batch were had before: the same few rows read again and again say nothing new."""
    cursor.execute(
        "select landed > 2 * (inserted + changed + deleted + (select count(*) from quarantine q "
        "where q.resource = b.resource and q.batch = b.id)) from batch b where id = %s",
        (batch,),
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def waiting(cursor: Any, resource: str, schema_name: str) -> Profile:
    """The profiles that nobody has judged yet, added up."""
    cursor.execute("select profile from drift_profile where resource = %s and not judged order by batch", (resource,))
    pool = Profile(schema_name)
    for (stored,) in cursor.fetchall():
        if stored["schema"] == schema_name:
            pool = pool.merged(Profile.from_dict(stored))
    return pool


def mark_judged(cursor: Any, resource: str, batch: int | None = None) -> None:
    """Every waiting profile of the resource is judged now, or the one of `batch`."""
    cursor.execute(
        "update drift_profile set judged = true where resource = %s and not judged and (%s is null or batch = %s)",
        (resource, batch, batch),
    )


def normal(cursor: Any, resource: str) -> Profile | None:
    """What the resource's batches are compared with; None before the first large enough one."""
    cursor.execute("select profile from drift_normal where resource = %s", (resource,))
    row = cursor.fetchone()
    return Profile.from_dict(row[0]) if row else None


def set_normal(cursor: Any, resource: str, profile: Profile, now: datetime) -> None:
    """From now on batches are compared with this."""
    cursor.execute(
        "insert into drift_normal (resource, profile, set_at) values (%s, %s, %s) on conflict (resource) "
        "do update set profile = excluded.profile, set_at = excluded.set_at",
        (resource, _json(profile.to_dict()), now),
    )


def open_of(cursor: Any, resource: str) -> list[Signal]:
    """The open signals of a resource, oldest first."""
    cursor.execute(
        f"select {_COLUMNS} from drift_signal where resource = %s and closed_at is null order by id", (resource,)
    )
    return [Signal(*row) for row in cursor.fetchall()]


def accepted_of(cursor: Any, resource: str) -> dict[tuple[str, str], Signal]:
    """What people took for normal, by kind and column; the last word counts."""
    cursor.execute(
        f"select {_COLUMNS} from drift_signal where resource = %s and closed_as = 'accepted' order by id", (resource,)
    )
    return {(signal.kind, signal.column): signal for signal in (Signal(*row) for row in cursor.fetchall())}


def show(cursor: Any, resource: str, batch: int, change: Change, seen: ColumnProfile | None, now: datetime) -> bool:
    """A batch shows a change: raise it, or bring the counts of the open signal up to date. True where it is new."""
    cursor.execute(
        "insert into drift_signal (resource, kind, column_name, count, of_total, detail, seen, first_batch, "
        "last_batch, raised_at, seen_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (resource, kind, column_name) where closed_at is null do update set count = excluded.count, "
        "of_total = excluded.of_total, detail = excluded.detail, seen = excluded.seen, "
        "last_batch = excluded.last_batch, seen_at = excluded.seen_at returning xmax = 0",
        (
            resource, change.kind.value, change.column, change.count, change.of, change.detail,
            None if seen is None else _json(seen.to_dict()), batch, batch, now, now,
        ),
    )  # fmt: skip
    return bool(cursor.fetchone()[0])


def close_gone(cursor: Any, signal: Signal, batch: int, now: datetime) -> None:
    """A large enough batch no longer shows it."""
    cursor.execute(
        "update drift_signal set closed_at = %s, closed_as = 'gone', closed_by = %s "
        "where id = %s and closed_at is null",
        (now, str(batch), signal.id),
    )


def accept(cursor: Any, signal: Signal, who: str, now: datetime) -> ColumnProfile | None:
    """Close a signal as what is normal now; returns the column as last seen, None where it is not there.

    Raises:
        SignalClosed: somebody was faster.
    """
    cursor.execute(
        "update drift_signal set closed_at = %s, closed_as = 'accepted', closed_by = %s "
        "where id = %s and closed_at is null returning seen",
        (now, who, signal.id),
    )
    row = cursor.fetchone()
    if row is None:
        raise SignalClosed(f"drift signal {signal.id} is closed already; nothing was changed.")
    return None if row[0] is None else ColumnProfile.from_dict(row[0])


def get(connection: Connection, number: int) -> Signal:
    """One signal.

    Raises:
        NotInStore: there is none of that number.
    """
    row = fetch_one(connection, f"select {_COLUMNS} from drift_signal where id = %s", (number,))
    if row is None:
        raise NotInStore(f"there is no drift signal {number}; `hub drift list --all` shows those there are")
    return Signal(*row)


def every(connection: Connection, *, resource: str | None = None, closed: bool = False) -> list[Signal]:
    """Signals in the order they were raised; `closed` brings those that are closed as well."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from drift_signal where (%(resource)s is null or resource = %(resource)s) "
        "and (%(closed)s or closed_at is null) order by id",
        {"resource": resource, "closed": closed},
    )
    return [Signal(*row) for row in rows]


def open_counts(connection: Connection) -> dict[str, int]:
    """How many open signals each resource has; those without any are left out."""
    rows = fetch_all(connection, "select resource, count(*) from drift_signal where closed_at is null group by 1")
    return {row[0]: row[1] for row in rows}


def _check(seen: Profile, known: Collection[str]) -> None:
    for name, column in seen.columns.items():
        if not may_be_shown(name, known):
            raise ProfileRefused(
                f"a column name of a {seen.schema_name} profile may be somebody's value; nothing of the profile was "
                "stored, the batch itself stands. Report it."
            )
        if not all(map(_SHAPE.fullmatch, column.shapes)) or not all(map(_REFUSAL.fullmatch, column.refused)):
            raise ProfileRefused(
                f"a {seen.schema_name} profile counts by something that is no shape and no reason code; nothing of "
                "the profile was stored, the batch itself stands. Report it."
            )


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
