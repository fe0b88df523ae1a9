"""A batch that is read in parts: ranges of the key, each with a cursor and counts of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.batches import COLUMNS, Batch, move_cursor
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import NotInStore, PartsUnfinished


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `until` is where all parts of its batch end."""

    batch: Batch
    lower: str | None
    upper: str | None
    until: Mapping[str, Any]
    complete: bool


def running(connection: Connection, resource: str) -> list[Part]:
    """The parts of the batch that is read in parts now, in order; none where no such batch is running."""
    rows = fetch_all(
        connection,
        "select b.id, p.part, p.lower, p.upper, p.position, p.state, b.came_from, b.began_at, b.parted_until "
        "from batch b join batch_part p on p.batch = b.id "
        "where b.resource = %s and b.state = 'running' and b.parted_until is not null order by p.part",
        (resource,),
    )
    return [
        Part(
            Batch(row[0], resource, True, row[4], row[6], row[7], row[1]), row[2], row[3], row[8], row[5] == "complete"
        )
        for row in rows
    ]


def get(connection: Connection, resource: str, part: int) -> Part:
    """One part of the running batch.

    Raises:
        NotInStore: no batch of the resource is read in parts now, or it has no such part.
    """
    found = next((one for one in running(connection, resource) if one.batch.part == part), None)
    if found is None:
        raise NotInStore(
            f"{resource}: there is no part {part} of a running batch; it may be closed already. Begin with a new one."
        )
    return found


def divide(
    connection: Connection,
    batch: Batch,
    ranges: Sequence[tuple[str | None, str | None]],
    until: Mapping[str, Any],
    source_count: int | None,
) -> None:
    """Make an opened batch one that is read in parts, all of which begin where it stands."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch set parted_until = %s, source_count = coalesce(source_count, %s) where id = %s",
            (json.dumps(dict(until)), source_count, batch.id),
        )
        for number, (lower, upper) in enumerate(ranges, 1):
            cursor.execute(
                "insert into batch_part (batch, part, lower, upper, position) values (%s, %s, %s, %s, %s)",
                (batch.id, number, lower, upper, json.dumps(dict(batch.position))),
            )


def finish(connection: Connection, batch: Batch) -> None:
    """The part is at its end."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update batch_part set state = 'complete' where batch = %s and part = %s", (batch.id, batch.part)
        )


def begin_anew(connection: Connection, batch: Batch) -> None:
    """Let the next try read the part from where it began; its counts become those of that try."""
    nothing = ", ".join(f"{name} = 0" for name in COLUMNS)
    with transaction(connection) as cursor:
        cursor.execute(
            f"update batch_part set position = %s, source_count = null, {nothing} "
            "where batch = %s and part = %s and state = 'running'",
            (json.dumps(dict(batch.began_at)), batch.id, batch.part),
        )


def gather(connection: Connection, batch: Batch) -> None:
    """Add up the parts and move the resource's cursor to their end; once, however often it is called.

    Raises:
        PartsUnfinished: a part is not at its end.
    """
    with transaction(connection) as cursor:
        cursor.execute("select parted_until from batch where id = %s for update", (batch.id,))
        until = cursor.fetchone()[0]
        if until is None:
            return
        cursor.execute("select part from batch_part where batch = %s and state <> 'complete' order by 1", (batch.id,))
        if unfinished := [row[0] for row in cursor]:
            raise PartsUnfinished(
                f"{batch.resource}: part {', '.join(map(str, unfinished))} of batch {batch.id} is not at its end. "
                "What has landed stays; let the parts end, then close the batch again."
            )
        sums = ", ".join(
            f"{name} = {name} + (select sum({name}) from batch_part where batch = %(b)s)" for name in COLUMNS
        )
        cursor.execute(f"update batch set {sums}, parted_until = null where id = %(b)s", {"b": batch.id})
        move_cursor(cursor, batch, until)


def of_batch(connection: Connection, batch: int) -> int:
    """How many parts a batch was read in; 0 where it was read in one."""
    row = fetch_one(connection, "select count(*) from batch_part where batch = %s", (batch,))
    return 0 if row is None else int(row[0])
