"""At the end of a batch: is what landed what the source said, to the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from connectors.port import Source
from core.errors import Permanent
from hub.context import Hub
from store import batches
from store.batches import Batch, Counts


class RowsMissing(Permanent):
    """What landed is not what the source said it holds: a row is missing, or came twice."""

    code: ClassVar[str] = "HUB-701"


def difference(
    hub: Hub,
    source: Source,
    batch: Batch,
    counts: Counts,
    said: int | None,
    behind: Callable[[], int | None] | None = None,
) -> RowsMissing | None:
    """Why the counts do not agree, or None where they do, or where the source cannot count.

    `behind` asks how many rows lie behind what was read, for a source that itself does not look there.

    A source in use goes on while it is read: rows come, and rows that were read move behind the cursor because they
    changed. It is therefore asked again what lies in what was read before anything is called a difference.
    """
    if said is None or counts.landed == said:
        return None
    end = batches.position(hub.connection, batch)
    now = source.recount(batch.began_at, end)
    if now is not None:
        batches.note_recount(hub.connection, batch, now)
        if counts.landed == now:
            return None
    least = said if now is None else now
    if counts.landed > least:
        # Rows read and changed since lie behind the cursor now and come again; no more than those may be too many.
        moved = None if now is None else behind() if behind else source.count(end)
        if now is None or (moved is not None and counts.landed - now <= moved):
            return None
    also = "" if now is None else f", and at the end {now} in what was read"
    return RowsMissing(
        f"{batch.resource}: the source said it holds {said} rows{also}; {counts.landed} came, and these have landed. "
        f"Ask the department, then run `hub collect {batch.resource} --from-start`."
    )
