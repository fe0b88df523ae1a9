"""Collect one resource: pages are kept raw, judged, and landed with the cursor, until the source has no more."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.declaration import Declaration
from connectors.endpoints import Endpoints, SourceNotConfigured
from connectors.port import FileRefused, Source, SourceGarbled, Timed
from connectors.registry import declaration as declared
from connectors.registry import open_source
from core.errors import HubError, Permanent
from hub.balance import RowsMissing, difference
from hub.band import BatchOutsideBand, whole_outside
from hub.context import Hub, OnStep, no_step
from hub.drift import DriftWatch
from hub.judging import judge_row
from hub.reading import Reading, SourceClockAhead
from hub.settled import came_behind, note_settled
from hub.vanished import end_vanished
from schemas.drift_names import may_be_shown
from store import batches, raw_pages
from store.batches import Batch, Counts
from store.errors import StoreUnavailable

__all__ = ["BatchOutsideBand", "Collected", "RowsMissing", "SourceClockAhead", "collect", "judge_row"]


class BatchGivenUp(Permanent):
    """A batch did not come to its end before somebody had the resource read from its start."""

    code: ClassVar[str] = "HUB-746"


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collect did.

    Attributes:
        source_count: what the source itself said it holds behind the cursor.
        set_back: by how many minutes the reading began before its cursor, for rows that were committed late.
        absent: records that ended because a full snapshot lacks them.
        remarks: what was left as it is and should be known.
        unknown_columns: names the schema does not know; one that may be somebody's value is told as `…`.
        drift: columns that are not as they were, in words; only what this batch was the first to show.
        outside_band: how the batch leaves a band that is only a guess, in words; a verified one would have stopped it.
    """

    resource: str
    batch: int
    resumed: bool
    counts: Counts
    source_count: int | None
    unknown_columns: tuple[str, ...]
    outside_band: tuple[str, ...] = ()
    set_back: int = 0
    absent: int = 0
    remarks: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "resource": self.resource,
            "batch": self.batch,
            "resumed": self.resumed,
            "source_count": self.source_count,
            **asdict(self.counts),
            "accepted": self.counts.accepted,
            "set_back_minutes": self.set_back,
            "absent": self.absent,
            "unknown_columns": list(self.unknown_columns),
            "outside_band": list(self.outside_band),
            "remarks": list(self.remarks),
            "drift": list(self.drift),
        }


def collect(
    hub: Hub, resource: str, *, file: Path | None = None, from_start: bool = False, on_step: OnStep = no_step
) -> Collected:
    """Read a resource from its cursor to the end; a batch that an earlier process left is taken up where it stood.

    Args:
        file: read this file in place of the declared source, from its first row.
        from_start: forget the cursor and read everything again; what is known already changes nothing. A batch that
            an earlier process left is given up.
        on_step: told after each step that survives a crash.

    Raises:
        UnknownResource, BatchBusy: nothing was read.
        SourceNotConfigured: the source is not open (未开通, 待授权), or its address is missing.
        Retryable, Permanent: reading stopped; pages landed so far stay, the next call goes on behind them.
        BatchOutsideBand: the batch leaves its verified band and nothing of it landed; or a full snapshot lacks more
            records than it may, and none of them was ended.
        RowsMissing: the batch is complete, and its rows are not those the source said.
        SourceClockAhead: the source's rows are of the future.
        FileRefused: the file is not what it says; it is kept and nothing of it landed.
    """
    declaration = open_declaration(resource)
    source = open_source(declaration, Endpoints.load(hub.settings.sources_file), file=file)
    with batches.only_reader(hub.connection, resource):
        batch = batches.begin_or_resume(hub.connection, resource, snapshot=declaration.snapshot is not None)
        if batch.resumed and from_start:
            batches.finish(hub.connection, batch, BatchGivenUp(f"{resource}: given up for a reading from the start."))
            batch = batches.begin_or_resume(hub.connection, resource, snapshot=declaration.snapshot is not None)
        watch = DriftWatch(hub, declaration)
        try:
            if not batch.resumed:
                batch = begun(hub, declaration, source, batch, from_start=from_start or file is not None)
            on_step("batch.begun")
            reading = Reading(hub, declaration, source, batch, on_step, watch.look)
            reading.run()
        except HubError as error:
            _stopped(hub, source, batch, error)
            raise
        done = ended(hub, declaration, source, batch, reading.judge.unknown, on_step, watch.finish(batch.id))
        if batch.came_from and not batch.began_at and not (from_start or file is not None):
            told = "rows had come where reading had passed already, so the source was read again from its start"
            return replace(done, remarks=(told, *done.remarks))
        return done


def open_declaration(resource: str) -> Declaration:
    """The declaration of a resource that can be read.

    Raises:
        UnknownResource: there is none.
        SourceNotConfigured: it is not open.
    """
    declaration = declared(resource)
    if not declaration.reach.open:
        raise SourceNotConfigured(
            f"{resource} is {declaration.reach.zh}. Nothing was read; once it is open, write 已通 under [reach] of its "
            "declaration."
        )
    return declaration


def begun(hub: Hub, declaration: Declaration, source: Source, batch: Batch, *, from_start: bool) -> Batch:
    """A fresh batch at the place it begins: the beginning, or so far back that rows committed late are met.

    Rows that have come where no overlap looks, as a clock that was set back writes them, are met by reading everything.
    """
    if from_start or (batch.position and came_behind(hub, source, batch.resource)):
        return batches.begin_at(hub.connection, batch, {})
    if isinstance(source, Timed) and batch.position and declaration.overlap_minutes:
        back = source.rewound(batch.position, timedelta(minutes=declaration.overlap_minutes))
        return batches.begin_at(hub.connection, batch, back)
    return batch


def _stopped(hub: Hub, source: Source, batch: Batch, error: HubError) -> None:
    if isinstance(error, SourceGarbled | FileRefused) and error.body:
        raw_pages.keep(hub.connection, hub.vault, batch, number=0, body=error.body, context={}, whole=False)
    with suppress(StoreUnavailable):  # a store that is gone takes no note of it
        batches.note_trouble(hub.connection, batch, error)
    if isinstance(error, FileRefused):
        # The file will not get better by itself: the batch ends behind it, so that the next file gets its turn.
        if error.next_cursor is not None:
            batches.reposition(hub.connection, batch, error.next_cursor)
            source.acknowledge(error.next_cursor)
        batches.finish(hub.connection, batch)


def ended(
    hub: Hub,
    declaration: Declaration,
    source: Source,
    batch: Batch,
    unknown: Collection[str],
    on_step: OnStep,
    drift: tuple[str, ...] = (),
) -> Collected:
    """Check the whole batch, then close it: with a fault where its counts cannot be trusted."""
    if batch.began_at != batch.came_from and batches.position(hub.connection, batch) == batch.began_at:
        batches.reposition(hub.connection, batch, batch.came_from)  # nothing was there to carry the cursor forward
    counts, said = batches.counts(hub.connection, batch.id)
    fault: HubError | None = difference(hub, source, batch, counts, said)
    absent, remarks = 0, tuple[str, ...]()
    if fault is None and declaration.snapshot is not None and counts.landed:
        try:
            absent, remarks = end_vanished(hub, declaration.snapshot, batch)
        except BatchOutsideBand as shrunk:
            fault = shrunk
        on_step("batch.compared")
    outside = whole_outside(declaration.band, counts.landed, counts.quarantined) if counts.landed else ()
    if outside and declaration.band.verified and fault is None:
        # Only what was read in parts comes so far: whatever is read in one stops before it lands.
        fault = BatchOutsideBand(
            f"{batch.resource}: {'; '.join(outside)}. What came has landed, since only all parts together showed it. "
            "Ask the department; where the batch is right, correct [band] of the declaration."
        )
    if fault is None:
        note_settled(hub, source, batch, declaration.overlap_minutes)
    batches.finish(hub.connection, batch, fault)
    on_step("batch.finished")
    if fault is not None:
        raise fault
    return Collected(
        batch.resource,
        batch.id,
        batch.resumed,
        counts,
        said,
        tuple(sorted({name if may_be_shown(name, ()) else "…" for name in unknown})),
        outside,
        declaration.overlap_minutes if batch.began_at != batch.came_from and batch.began_at else 0,
        absent,
        remarks,
        drift,
    )
