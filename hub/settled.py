"""Whether rows have come to a source where reading has passed and does not look again."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from connectors.port import Source, SourceGarbled, SourceRefused, SourceUnavailable, Timed
from hub.context import Hub
from store import batches
from store.batches import Batch


def note_settled(hub: Hub, source: Source, batch: Batch, overlap_minutes: int) -> None:
    """At the end of a batch: how many rows lie before the place where the next one will begin.

    A source that does not answer that any more has given its rows all the same; then the next batch cannot compare.
    """
    end = batches.position(hub.connection, batch)
    if not (isinstance(source, Timed) and end):
        return
    until = source.rewound(end, timedelta(minutes=overlap_minutes))
    rows = None
    with suppress(SourceUnavailable, SourceRefused, SourceGarbled):
        rows = source.recount({}, until)
    if rows is not None:
        batches.note_settled(hub.connection, batch, until, rows)


def came_behind(hub: Hub, source: Source, resource: str) -> bool:
    """At the beginning of a batch: whether more rows lie there now than when the last one ended.

    Where rows that were read move away because they change, as many late ones may hide behind them: a table to which
    rows are only added tells exactly, a gateway that shows each record once does not.

    Raises:
        SourceUnavailable, SourceRefused, SourceGarbled: the source does not answer.
    """
    known = batches.settled(hub.connection, resource)
    if known is None or not isinstance(source, Timed):
        return False
    until, rows = known
    now = source.recount({}, until)
    return now is not None and now > rows
