"""Up to where each resource has been collected, for whoever asks whether its source holds more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from store.connection import Connection, fetch_all


@dataclass(frozen=True, slots=True)
class Mark:
    """Where collecting a resource stands.

    Attributes:
        batch: the last batch that ended, 0 before the first; the mark is another once this is another.
        position: behind the last row that was collected. While a batch is being read, and where one was cut off:
            where reading stood before it.
        counted_from: where the last batch began to read, if all it found can be counted again; None where it cannot.
        counted: how many rows it found from there on.
        brought: how many of them were new.
    """

    batch: int = 0
    position: Mapping[str, Any] = field(default_factory=dict)
    counted_from: Mapping[str, Any] | None = None
    counted: int = 0
    brought: int = 0


def marks(connection: Connection, resources: Sequence[str]) -> dict[str, Mark]:
    """The mark of each resource."""
    rows = fetch_all(
        connection,
        "select wanted.resource, last.id, coalesce(running.came_from, stands.position, '{}'), last.began_at, "
        "last.fault_code is null and last.parted_until is null, last.landed, last.landed - last.unchanged "
        "from unnest(%s) as wanted (resource) "
        "left join source_cursor stands on stands.resource = wanted.resource "
        "left join batch running on running.resource = wanted.resource and running.state = 'running' "
        "left join lateral (select * from batch where batch.resource = wanted.resource and state = 'complete' "
        "order by id desc limit 1) last on true",
        (list(resources),),
    )
    return {row[0]: _mark(*row[1:]) for row in rows}


def _mark(batch: int | None, position: Any, began_at: Any, sound: bool, landed: int, brought: int) -> Mark:
    if batch is None:
        return Mark(position=position)
    # Counting a whole table again each second is not cheap; from a place in its time on it is.
    return Mark(batch, position, began_at if sound and began_at else None, landed, brought)
