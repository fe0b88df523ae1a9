"""Freshness in the store: since when a resource is open, when it was read and when data came, and deadlines missed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connection import Connection, fetch_all


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a resource's freshness.

    Attributes:
        opened_at: when the hub first saw it open; None before the first look.
        read_at: when the last batch came to its end, `read_batch` its number.
        delivered_at: when the last batch ended that brought something the hub had not read before, `delivered_batch`
            its number; while one is running, when it last landed a page.
        position: where its reading stands; None while a batch is running.
        watched: whether the resource was looked at before.
    """

    opened_at: datetime | None = None
    read_at: datetime | None = None
    read_batch: int | None = None
    delivered_at: datetime | None = None
    delivered_batch: int | None = None
    position: Mapping[str, Any] | None = None
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """A deadline that passed. `closed_by` is the batch that brought data; None where something else closed it."""

    id: int
    resource: str
    kind: str
    due: datetime
    due_verified: bool
    noticed_by: str
    noticed_at: datetime
    last_noticed_at: datetime
    after_batch: int | None
    closed_at: datetime | None
    closed_as: str | None
    closed_by: int | None


_COLUMNS = (
    "id, resource, kind, due, due_verified, noticed_by, noticed_at, last_noticed_at, after_batch, closed_at, "
    "closed_as, closed_by"
)

_ALERTS = f"select {_COLUMNS} from freshness_alert"

_KNOWN = """
select named.resource, watch.opened_at, whole.finished_at, whole.id,
       case when old.news then watch.delivered_at
            when came.state = 'complete' then came.finished_at else source_cursor.moved_at end,
       case when old.news then watch.delivered_batch else came.id end,
       case when running.id is null then source_cursor.position end,
       watch.resource is not null
from unnest(%s::text[]) as named (resource)
left join freshness_watch watch using (resource)
left join source_cursor using (resource)
left join lateral (select id, finished_at from batch where batch.resource = named.resource and state = 'complete'
                   order by id desc limit 1) whole on true
left join lateral (select id, finished_at, state from batch where batch.resource = named.resource and pages > 0
                   order by id desc limit 1) came on true
left join lateral (select id from batch where batch.resource = named.resource and state = 'running' limit 1)
    running on true
cross join lateral (select running.id is null and coalesce(source_cursor.position = watch.position, false)) old (news)
"""


def known(connection: Connection, resources: Collection[str]) -> dict[str, Known]:
    """What is known of each of these resources, as it stands now."""
    return {row[0]: Known(*row[1:]) for row in fetch_all(connection, _KNOWN, (list(resources),))}


def open_alerts(connection: Connection) -> list[Alert]:
    """Deadlines that passed and still wait for data, oldest first."""
    return [Alert(*row) for row in fetch_all(connection, f"{_ALERTS} where closed_at is null order by id")]


def every_alert(connection: Connection) -> list[Alert]:
    """All of them, oldest first."""
    return [Alert(*row) for row in fetch_all(connection, f"{_ALERTS} order by id")]


def look_at(cursor: Any, resource: str, seen: Known, now: datetime) -> None:
    """Remember an open resource as it stands: since when it is open, and what of it is no news the next time."""
    if not seen.watched:
        cursor.execute(
            "insert into freshness_watch (resource, opened_at) values (%s, %s) on conflict do nothing", (resource, now)
        )
    if seen.position is not None:
        position = json.dumps(dict(seen.position), sort_keys=True)
        cursor.execute(
            "update freshness_watch set position = %s, delivered_at = %s, delivered_batch = %s "
            "where resource = %s and position is distinct from %s",
            (position, seen.delivered_at, seen.delivered_batch, resource, position),
        )


def forget_all_but(cursor: Any, resources: Collection[str], now: datetime) -> int:
    """Resources that are not among these are not open: nothing of theirs is due any more. How many alerts that ended.

    One that opens again is counted from then on.
    """
    cursor.execute("delete from freshness_watch where resource <> all(%s)", (list(resources),))
    cursor.execute(
        "update freshness_alert set closed_at = %s, closed_as = 'not open' "
        "where closed_at is null and resource <> all(%s)",
        (now, list(resources)),
    )
    return int(cursor.rowcount)


def notice(
    cursor: Any,
    resource: str,
    kind: str,
    *,
    due: datetime,
    due_verified: bool,
    by: str,
    after_batch: int | None,
    now: datetime,
) -> bool:
    """A deadline has passed: open an alert, or say again that the open one stands. True where it is new."""
    cursor.execute(
        "insert into freshness_alert (resource, kind, due, due_verified, noticed_by, noticed_at, last_noticed_at, "
        "after_batch) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (resource, kind) where closed_at is null "
        "do update set last_noticed_at = greatest(freshness_alert.last_noticed_at, excluded.last_noticed_at) "
        "returning xmax = 0",
        (resource, kind, due, due_verified, by, now, now, after_batch),
    )
    return bool(cursor.fetchone()[0])


def close(cursor: Any, alert: Alert, how: str, batch: int | None, now: datetime) -> None:
    """Nothing is owed any more; `batch` is the one that brought it."""
    cursor.execute(
        "update freshness_alert set closed_at = %s, closed_as = %s, closed_by = %s where id = %s and closed_at is null",
        (now, how, batch, alert.id),
    )
