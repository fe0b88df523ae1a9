"""What a source that sends everything each time has stopped to send."""

from __future__ import annotations

from connectors.agreement import Snapshot
from hub.band import FEWEST_FOR_A_SHARE, BatchOutsideBand
from hub.context import Hub
from store import snapshots
from store.batches import Batch


def end_vanished(hub: Hub, agreed: Snapshot, batch: Batch) -> tuple[int, tuple[str, ...]]:
    """End every record that the last file or answer of the batch lacks; how many, and what was left alone.

    A row that was set aside without a readable key may be any of those that seem to be absent, so then none ends.

    Raises:
        BatchOutsideBand: more are absent than agreed; none was ended.
    """
    standing = snapshots.compare(hub.connection, batch.resource, batch.id)
    ended = 0
    remarks: tuple[str, ...] = ()
    if standing.absent:
        unreadable = snapshots.unreadable(hub.connection, batch.id)
        if unreadable:
            remarks = (
                f"{standing.absent} records are not in the snapshot and stay, because {unreadable} rows of it have no "
                "readable key and may be theirs",
            )
        elif standing.held >= FEWEST_FOR_A_SHARE and standing.absent > standing.held * agreed.most_absent:
            snapshots.forget(hub.connection, batch.id)
            raise BatchOutsideBand(
                f"{batch.resource}: the snapshot lacks {standing.absent} of {standing.held} records, more than "
                f"{agreed.most_absent:.0%} of them. What it holds has landed; none of the others was ended. Ask the "
                "department; where the snapshot is right, raise `most_absent` under [snapshot] of the declaration and "
                f"run `hub collect {batch.resource} --from-start`."
            )
        else:
            ended = snapshots.end_absent(hub.connection, batch.resource, batch.id, hub.clock.now())
    snapshots.forget(hub.connection, batch.id)
    return ended, remarks
