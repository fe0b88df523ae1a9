"""One large resource collected in parts at the same time: planned once, each part read by who is free, closed once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from connectors.access import TableAccess
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.port import Splittable
from connectors.registry import open_source
from core.errors import HubError
from hub.balance import difference
from hub.collect import Collected, begun, ended, open_declaration
from hub.context import Hub, OnStep, no_step
from hub.drift import DriftWatch
from hub.reading import Reading
from store import batches, parts
from store.batches import Counts
from store.errors import PartsCollided

#: Two parts meet at one record only where the source writes its key in two ways; then the later reads its page again,
#: so often at one place.
_TRIES: Final = 5


def plan_parts(hub: Hub, resource: str) -> list[int]:
    """Open a batch and divide what waits into as many parts as are worth it; the numbers of those still to be read.

    A batch whose parts an earlier run left is taken up. Nothing is read here.

    Raises:
        UnknownResource, SourceNotConfigured, BatchBusy: as `collect`.
        Retryable, Permanent: the source did not answer the question what waits.
    """
    declaration = open_declaration(resource)
    source = _divisible(hub, declaration)
    with batches.only_reader(hub.connection, resource):
        left = parts.running(hub.connection, resource)
        if not left:
            batch = batches.begin_or_resume(hub.connection, resource)
            if not batch.resumed:
                batch = begun(hub, declaration, source, batch, from_start=False)
            waiting = source.count(batch.position) or 0
            until, ranges = source.split(batch.position, _how_many(declaration, waiting))
            ranges = ranges or [(None, None)]  # nothing waits: one part that finds nothing
            parts.divide(hub.connection, batch, ranges, until, source.recount(batch.position, until))
            left = parts.running(hub.connection, resource)
    return [one.batch.part for one in left if one.batch.part is not None and not one.complete]


def collect_part(hub: Hub, resource: str, part: int, on_step: OnStep = no_step) -> Counts:
    """Read one part from where it stands to its end.

    Raises:
        BatchBusy: another process reads this part.
        NotInStore: there is no such part.
        RowsMissing: what came is not what the source said of this part; the next try reads it from its beginning.
        Retryable, Permanent: as `collect`.
    """
    declaration = open_declaration(resource)
    whole = _divisible(hub, declaration)
    with batches.only_reader(hub.connection, resource, part):
        found = parts.get(hub.connection, resource, part)
        if found.complete:
            return batches.counts_of(hub.connection, found.batch)[0]
        source = whole.part(found.lower, found.upper, found.until)
        tried, stood = 0, None
        while True:
            now = replace(found.batch, position=batches.position(hub.connection, found.batch))
            tried, stood = (tried + 1 if now.position == stood else 1), now.position
            watch = DriftWatch(hub, declaration)
            reading = Reading(hub, declaration, source, now, on_step, watch.look)
            try:
                reading.run()
                watch.finish(found.batch.id)
                break
            except PartsCollided as error:
                if tried == _TRIES:
                    batches.note_trouble(hub.connection, found.batch, error)
                    raise
            except HubError as error:
                batches.note_trouble(hub.connection, found.batch, error)
                raise
        counts, said = batches.counts_of(hub.connection, found.batch)
        # a row read and changed since lies behind the end of all parts, where this part does not look
        fault = difference(hub, source, found.batch, counts, said, partial(whole.count, found.until))
        if fault is not None:
            batches.note_trouble(hub.connection, found.batch, fault)
            # a row that was committed late lies before the cursor, and only so is it found
            parts.begin_anew(hub.connection, found.batch)
            raise fault
        parts.finish(hub.connection, found.batch)
        on_step("part.finished")
    return counts


def close_parts(hub: Hub, resource: str) -> Collected | None:
    """Add the parts up, move the cursor to their end and close the batch; None where there is nothing to close.

    Raises:
        PartsUnfinished: a part is not at its end.
        RowsMissing, BatchOutsideBand: as `collect`, for the batch as a whole.
    """
    declaration = open_declaration(resource)
    source = open_source(declaration, Endpoints.load(hub.settings.sources_file))
    with batches.only_reader(hub.connection, resource):
        left = parts.running(hub.connection, resource)
        if left:
            parts.gather(hub.connection, replace(left[0].batch, part=None))
        batch = batches.running(hub.connection, resource)
        if batch is None or not parts.of_batch(hub.connection, batch.id):
            return None
        return ended(hub, declaration, source, batch, set[str](), no_step)


def collect_left(hub: Hub, resource: str) -> Collected | None:
    """Read what is left of a batch in parts, one after the other, and close it; None where no such batch is open.

    For who reads the resource in one, because it is not declared in parts any more, or by hand.

    Raises:
        As `collect_part` and `close_parts`; what landed stays, and the next call goes on.
    """
    left = parts.running(hub.connection, resource)
    for one in left:
        if one.batch.part is not None and not one.complete:
            collect_part(hub, resource, one.batch.part)
    return close_parts(hub, resource) if left else None


def _divisible(hub: Hub, declaration: Declaration) -> Splittable:
    source = open_source(declaration, Endpoints.load(hub.settings.sources_file))
    if not isinstance(source, Splittable):
        raise TypeError(f"{declaration.name} is read by a protocol that cannot be divided")
    return source


def _how_many(declaration: Declaration, waiting: int) -> int:
    access = declaration.access
    if not isinstance(access, TableAccess):
        return 1
    return max(1, min(access.parts, waiting // access.rows_a_part))
