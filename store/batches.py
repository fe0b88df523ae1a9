"""A batch: one reading of one resource from its cursor to where the source has no more for now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from core.errors import HubError, Retryable
from store.connection import Connection, fetch_one, transaction


class BatchBusy(Retryable):
    """Another process is collecting the same resource at this moment."""

    code: ClassVar[str] = "HUB-606"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a page or a batch; they always add up to `landed`."""

    pages: int = 0
    landed: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    overtaken: int = 0
    quarantined: int = 0

    @property
    def accepted(self) -> int:
        """Rows judged good, whether they changed anything or not."""
        return self.landed - self.quarantined


@dataclass(frozen=True, slots=True)
class Batch:
    """A running batch and where its resource's reading stands."""

    id: int
    resource: str
    resumed: bool
    position: Mapping[str, Any]


@contextmanager
def only_reader(connection: Connection, resource: str) -> Iterator[None]:
    """Hold the resource for this connection; PostgreSQL lets go of it when the process dies.

    Raises:
        BatchBusy: somebody else holds it.
    """
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('collect'), hashtext(%s))", (resource,))
    if row is None or not row[0]:
        raise BatchBusy(f"{resource} is being collected by another process; nothing was read. Try again when it ends.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('collect'), hashtext(%s))", (resource,))


def begin_or_resume(connection: Connection, resource: str) -> Batch:
    """Take up the batch that an earlier process left running, or open a new one at the stored cursor."""
    with transaction(connection) as cursor:
        cursor.execute("select position from source_cursor where resource = %s", (resource,))
        row = cursor.fetchone()
        position = row[0] if row else {}
        cursor.execute("select id from batch where resource = %s and state = 'running'", (resource,))
        row = cursor.fetchone()
        if row:
            return Batch(row[0], resource, resumed=True, position=position)
        cursor.execute("insert into batch (resource, state) values (%s, 'running') returning id", (resource,))
        return Batch(cursor.fetchone()[0], resource, resumed=False, position=position)


def reposition(connection: Connection, batch: Batch, position: Mapping[str, Any]) -> Batch:
    """Set the resource's cursor outside a page: back to the beginning (empty), or behind a file that is refused."""
    with transaction(connection) as cursor:
        move_cursor(cursor, batch, position)
    return replace(batch, position=position)


def note_source_count(connection: Connection, batch: Batch, count: int | None) -> None:
    """Remember what the source itself says it holds; the first answer of a batch stands."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch set source_count = coalesce(source_count, %s) where id = %s and pages = 0", (count, batch.id)
        )


def finish(connection: Connection, batch: Batch) -> None:
    """Close the batch; its counts are final."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch set state = 'complete', finished_at = now() where id = %s and state = 'running'", (batch.id,)
        )


def note_trouble(connection: Connection, batch: Batch, error: HubError) -> None:
    """Write down why a batch stopped; it stays running and is taken up by the next try."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into batch_trouble (batch, code, message) values (%s, %s, %s)",
            (batch.id, error.code, error.message),
        )


def counts(connection: Connection, batch_id: int) -> tuple[Counts, int | None]:
    """A batch's counts so far and what the source said it holds."""
    row = fetch_one(
        connection,
        "select pages, landed, inserted, changed, unchanged, deleted, overtaken, quarantined, source_count "
        "from batch where id = %s",
        (batch_id,),
    )
    if row is None:
        return Counts(), None
    return Counts(*row[:8]), row[8]


def move_cursor(cursor: Any, batch: Batch, position: Mapping[str, Any]) -> None:
    """Part of a page's transaction: reading goes on from here."""
    cursor.execute(
        "insert into source_cursor (resource, position, batch) values (%s, %s, %s) "
        "on conflict (resource) do update set position = excluded.position, batch = excluded.batch, moved_at = now() "
        "where source_cursor.position is distinct from excluded.position",
        (batch.resource, json.dumps(dict(position), sort_keys=True), batch.id),
    )
