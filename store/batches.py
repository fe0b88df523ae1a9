"""A batch: one reading of one resource from its cursor to where the source has no more for now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from core.errors import HubError, Retryable
from store.connection import Connection, fetch_one, transaction


class BatchBusy(Retryable):
    """Another process is collecting the same resource at this moment."""

    code: ClassVar[str] = "HUB-606"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a page or a batch: landed = accepted + unchanged + quarantined.

    Attributes:
        inserted: a record that was not there, or had ended.
        changed: a newer version of a record.
        unchanged: good, and known already: as it stands, or an edition older than it stands.
        deleted: the source ended the record.
        quarantined: not good, set aside with every reason.
    """

    pages: int = 0
    landed: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0

    @property
    def accepted(self) -> int:
        """Good rows that brought something new."""
        return self.inserted + self.changed + self.deleted

    @property
    def balanced(self) -> bool:
        """Whether every row that landed is in one of the groups."""
        return self.landed == self.accepted + self.unchanged + self.quarantined

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(self.as_tuple(), other.as_tuple(), strict=True)))

    def as_tuple(self) -> tuple[int, ...]:
        """In the order of `COLUMNS`."""
        return tuple(getattr(self, name) for name in COLUMNS)


#: The columns of `batch` and `batch_part` that hold counts, in the order of `Counts`.
COLUMNS: Final = ("pages", "landed", "inserted", "changed", "unchanged", "deleted", "quarantined")
_LISTED: Final = ", ".join(COLUMNS)
_ADDED: Final = ", ".join(f"{name} = {name} + %s" for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Batch:
    """A running batch and where its reading stands.

    Attributes:
        position: the cursor as stored, of the resource or of the part.
        came_from: where the resource's cursor stood before the batch.
        began_at: where the batch began to read: `came_from`, or set back from it.
        part: which part of a batch that is read in parts; None for one that is read in one.
        snapshot: whether the source sends everything each time, so that what it lacks has ended.
    """

    id: int
    resource: str
    resumed: bool
    position: Mapping[str, Any]
    came_from: Mapping[str, Any]
    began_at: Mapping[str, Any]
    part: int | None = None
    snapshot: bool = False


@contextmanager
def only_reader(connection: Connection, resource: str, part: int | None = None) -> Iterator[None]:
    """Hold the resource, or one part of it, for this connection; PostgreSQL lets go of it when the process dies.

    Raises:
        BatchBusy: somebody else holds it.
    """
    name = resource if part is None else f"{resource}#{part}"
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('collect'), hashtext(%s))", (name,))
    if row is None or not row[0]:
        raise BatchBusy(f"{resource} is being collected by another process; nothing was read. Try again when it ends.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('collect'), hashtext(%s))", (name,))


def begin_or_resume(connection: Connection, resource: str, *, snapshot: bool = False) -> Batch:
    """Take up the batch that an earlier process left running, or open a new one at the stored cursor.

    Raises:
        BatchBusy: the running batch is read in parts.
    """
    with transaction(connection) as cursor:
        cursor.execute("select position from source_cursor where resource = %s", (resource,))
        row = cursor.fetchone()
        position = row[0] if row else {}
        cursor.execute(
            "select id, came_from, began_at, parted_until is not null from batch "
            "where resource = %s and state = 'running'",
            (resource,),
        )
        row = cursor.fetchone()
        if row is None:
            said = json.dumps(position)
            cursor.execute(
                "insert into batch (resource, state, came_from, began_at) values (%s, 'running', %s, %s) returning id",
                (resource, said, said),
            )
            return Batch(cursor.fetchone()[0], resource, False, position, position, position, None, snapshot)
        if row[3]:
            raise BatchBusy(
                f"{resource} is being read in parts (batch {row[0]}); nothing was read. Let its parts end: run the "
                "DAG of its department again."
            )
        return Batch(row[0], resource, True, position, row[1], row[2], None, snapshot)


def running(connection: Connection, resource: str) -> Batch | None:
    """The resource's running batch that is read in one, or was and is to be closed; None where there is none."""
    row = fetch_one(
        connection,
        "select b.id, coalesce(c.position, '{}'), b.came_from, b.began_at from batch b "
        "left join source_cursor c on c.resource = b.resource "
        "where b.resource = %s and b.state = 'running' and b.parted_until is null",
        (resource,),
    )
    return None if row is None else Batch(row[0], resource, True, row[1], row[2], row[3])


def reposition(connection: Connection, batch: Batch, position: Mapping[str, Any]) -> Batch:
    """Set the resource's cursor outside a page: back to the beginning (empty), or behind a file that is refused."""
    with transaction(connection) as cursor:
        move_cursor(cursor, batch, position)
    return replace(batch, position=position)


def begin_at(connection: Connection, batch: Batch, position: Mapping[str, Any]) -> Batch:
    """Let a batch that was just opened begin at another position than the stored one."""
    with transaction(connection) as cursor:
        cursor.execute("update batch set began_at = %s where id = %s", (json.dumps(dict(position)), batch.id))
        move_cursor(cursor, batch, position)
    return replace(batch, position=position, began_at=position)


def note_source_count(connection: Connection, batch: Batch, count: int | None) -> None:
    """Remember what the source itself says it holds; once a page has landed the answer stands."""
    with transaction(connection) as cursor:
        if batch.part is None:
            cursor.execute(
                "update batch set source_count = %s where id = %s and pages = 0",
                (count, batch.id),
            )
        else:
            cursor.execute(
                "update batch_part set source_count = %s where batch = %s and part = %s and pages = 0",
                (count, batch.id, batch.part),
            )


def note_recount(connection: Connection, batch: Batch, count: int) -> None:
    """Remember what the source said at the end lay in what was read."""
    with transaction(connection) as cursor:
        cursor.execute("update batch set source_recount = %s where id = %s", (count, batch.id))


def note_settled(connection: Connection, batch: Batch, until: Mapping[str, Any], rows: int) -> None:
    """Remember how many rows the source says lie where the next reading does not look again."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch set settled_until = %s, settled_rows = %s where id = %s",
            (json.dumps(dict(until)), rows, batch.id),
        )


def settled(connection: Connection, resource: str) -> tuple[Mapping[str, Any], int] | None:
    """The same as the last batch that could tell found it; None where none could."""
    row = fetch_one(
        connection,
        "select settled_until, settled_rows from batch where resource = %s and settled_rows is not null "
        "order by id desc limit 1",
        (resource,),
    )
    return None if row is None else (dict(row[0]), row[1])


def finish(connection: Connection, batch: Batch, fault: HubError | None = None) -> None:
    """Close the batch, its counts final; `fault` says why they cannot be trusted all the same."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch set state = 'complete', finished_at = now(), fault_code = %s, fault = %s "
            "where id = %s and state = 'running'",
            (fault and fault.code, fault and fault.message, batch.id),
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
    row = fetch_one(connection, f"select {_LISTED}, source_count from batch where id = %s", (batch_id,))
    return (Counts(), None) if row is None else (Counts(*row[:-1]), row[-1])


def counts_of(connection: Connection, batch: Batch) -> tuple[Counts, int | None]:
    """The same of a batch, or of the one part of it that is being read."""
    if batch.part is None:
        return counts(connection, batch.id)
    row = fetch_one(
        connection,
        f"select {_LISTED}, source_count from batch_part where batch = %s and part = %s",
        (batch.id, batch.part),
    )
    return (Counts(), None) if row is None else (Counts(*row[:-1]), row[-1])


def position(connection: Connection, batch: Batch) -> Mapping[str, Any]:
    """Where the cursor of the resource, or of the part, stands now."""
    if batch.part is not None:
        row = fetch_one(
            connection, "select position from batch_part where batch = %s and part = %s", (batch.id, batch.part)
        )
    else:
        row = fetch_one(connection, "select position from source_cursor where resource = %s", (batch.resource,))
    return {} if row is None else dict(row[0])


def add_counts(cursor: Any, batch: Batch, more: Counts) -> None:
    """Part of a page's transaction: what became of its rows."""
    if batch.part is None:
        cursor.execute(f"update batch set {_ADDED} where id = %s", (*more.as_tuple(), batch.id))
    else:
        cursor.execute(
            f"update batch_part set {_ADDED} where batch = %s and part = %s",
            (*more.as_tuple(), batch.id, batch.part),
        )


def move_cursor(cursor: Any, batch: Batch, position: Mapping[str, Any]) -> None:
    """Part of a page's transaction: reading goes on from here."""
    said = json.dumps(dict(position), sort_keys=True)
    if batch.part is not None:
        cursor.execute(
            "update batch_part set position = %s where batch = %s and part = %s", (said, batch.id, batch.part)
        )
        return
    cursor.execute(
        "insert into source_cursor (resource, position, batch) values (%s, %s, %s) "
        "on conflict (resource) do update set position = excluded.position, batch = excluded.batch, moved_at = now() "
        "where source_cursor.position is distinct from excluded.position",
        (batch.resource, said, batch.id),
    )


def hold(cursor: Any, batch: Batch) -> Mapping[str, Any] | None:
    """Part of a page's transaction: lock the batch or its part; its stored position, None where it runs no more."""
    if batch.part is not None:
        cursor.execute(
            "select position from batch_part where batch = %s and part = %s and state = 'running' for update",
            (batch.id, batch.part),
        )
        row = cursor.fetchone()
        return None if row is None else dict(row[0])
    cursor.execute("select state from batch where id = %s for update", (batch.id,))
    row = cursor.fetchone()
    cursor.execute("select position from source_cursor where resource = %s for update", (batch.resource,))
    stored = cursor.fetchone()
    if row is None or row[0] != "running":
        return None
    return dict(stored[0]) if stored else {}
