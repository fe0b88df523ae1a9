"""Collect one resource: pages are kept raw, judged, and landed with the cursor, until the source has no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

from connectors.agreement import Band
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints, SourceNotConfigured
from connectors.port import FileRefused, Operation, RawPage, RawRecord, Source, SourceGarbled
from connectors.registry import declaration as declared
from connectors.registry import open_source
from core.clock import today
from core.errors import HubError, Permanent
from hub.context import Hub, OnStep, no_step
from schemas.judge import canonical, judge, judge_deletion
from schemas.reasons import Reason
from store import batches, raw_pages
from store.batches import Batch, Counts
from store.errors import StoreUnavailable
from store.landing import BadRow, GoodRow, land_page


class RowsMissing(Permanent):
    """The source said it holds more rows than it handed out."""

    code: ClassVar[str] = "HUB-701"


class BatchOutsideBand(Permanent):
    """A batch has more or fewer rows, or more or fewer of them set aside, than its declaration expects."""

    code: ClassVar[str] = "HUB-702"


#: One bad row of two is no sign of a source that has changed: over fewer rows a share is not judged.
_FEWEST_FOR_A_SHARE: Final = 20


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collect did.

    Attributes:
        source_count: what the source itself said it holds behind the cursor.
        outside_band: how the batch leaves a band that is only a guess, in words; a verified one would have stopped it.
    """

    resource: str
    batch: int
    resumed: bool
    counts: Counts
    source_count: int | None
    unknown_columns: tuple[str, ...]
    outside_band: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "resource": self.resource,
            "batch": self.batch,
            "resumed": self.resumed,
            "source_count": self.source_count,
            **asdict(self.counts),
            "accepted": self.counts.accepted,
            "unknown_columns": list(self.unknown_columns),
            "outside_band": list(self.outside_band),
        }


def collect(
    hub: Hub, resource: str, *, file: Path | None = None, from_start: bool = False, on_step: OnStep = no_step
) -> Collected:
    """Read a resource from its cursor to the end; a batch that an earlier process left is taken up where it stood.

    Args:
        file: read this file in place of the declared source, from its first row.
        from_start: forget the cursor and read everything again; what is known already changes nothing.
        on_step: told after each step that survives a crash.

    Raises:
        UnknownResource, BatchBusy: nothing was read.
        SourceNotConfigured: the source is not open (未开通, 待授权), or its address is missing.
        Retryable, Permanent: reading stopped; pages landed so far stay, the next call goes on behind them.
        BatchOutsideBand: reading stopped before the page that took the batch out of its declared band landed.
        RowsMissing: the batch is complete, and has fewer rows than the source said.
        FileRefused: the file is not what it says; it is kept and nothing of it landed.
    """
    declaration = declared(resource)
    if not declaration.reach.open:
        raise SourceNotConfigured(
            f"{resource} is {declaration.reach.zh}. Nothing was read; once it is open, write 已通 under [reach] of its "
            "declaration."
        )
    source = open_source(declaration, Endpoints.load(hub.settings.sources_file), file=file)
    with batches.only_reader(hub.connection, resource):
        batch = batches.begin_or_resume(hub.connection, resource)
        if not batch.resumed and (from_start or file is not None):
            batch = batches.reposition(hub.connection, batch, {})
        on_step("batch.begun")
        try:
            unknown = _read(hub, declaration, source, batch, on_step)
        except HubError as error:
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
            raise
        counts, said = batches.counts(hub.connection, batch.id)
        batches.finish(hub.connection, batch)
        on_step("batch.finished")
    if said is not None and counts.landed < said:
        raise RowsMissing(
            f"{resource}: the source said it holds {said} rows and handed out {counts.landed}; what came has landed. "
            f"Ask the department, then run `hub collect {resource} --from-start`."
        )
    outside = _whole_outside(declaration.band, counts) if counts.landed else ()
    if outside and declaration.band.verified:
        raise BatchOutsideBand(
            f"{resource}: {'; '.join(outside)}. What came has landed, since only the end showed it. Ask the "
            "department; where the batch is right, correct [band] of the declaration."
        )
    return Collected(resource, batch.id, batch.resumed, counts, said, tuple(sorted(unknown)), outside)


def _read(hub: Hub, declaration: Declaration, source: Source, batch: Batch, on_step: OnStep) -> set[str]:
    position: Mapping[str, Any] = batch.position
    unknown: set[str] = set()
    source.acknowledge(position)  # a crash may lie between commit and receipt
    so_far, said = batches.counts(hub.connection, batch.id)
    counted = so_far.pages > 0
    # A guess may not hold up a department's data; `collect` says at the end what leaves it.
    band = declaration.band if declaration.band.verified else Band()
    if not counted:
        said = source.count(position)
        if said:  # that nothing is new is a matter of the deadline, not of the band
            _stop_outside(declaration, Band(rows=band.rows).outside(said, 0), so_far)
    for page in source.pages(position):
        digest = raw_pages.keep(
            hub.connection, hub.vault, batch, number=page.number, body=page.body, context=page.context
        )
        on_step("page.kept")
        good, bad, strange = judge_page(hub, declaration, source, page)
        unknown |= strange
        on_step("page.judged")
        _stop_outside(declaration, _share_outside(band, so_far, len(good), len(bad), said), so_far)
        if not counted:
            # Only now: a batch that its band stops may find the source corrected, and then counts anew.
            batches.note_source_count(hub.connection, batch, said)
            on_step("batch.counted")
            counted = True
        landed = land_page(
            hub.connection,
            hub.vault,
            batch,
            page_sm3=digest,
            good=good,
            bad=bad,
            expected_position=position,
            next_position=page.next_cursor,
            now=hub.clock.now(),
        )
        so_far = replace(
            so_far,
            pages=so_far.pages + 1,
            landed=so_far.landed + landed.landed,
            quarantined=so_far.quarantined + landed.quarantined,
        )
        position = page.next_cursor
        on_step("page.landed")
        source.acknowledge(position)
        on_step("page.acknowledged")
    if not counted:
        batches.note_source_count(hub.connection, batch, said)
        on_step("batch.counted")
    return unknown


def _share_outside(band: Band, so_far: Counts, good: int, bad: int, said: int | None) -> tuple[str, ...]:
    """Whether the batch has left its band with this page, however good the rows still to come may be.

    Without the source's own count every row still to come is unknown, and only the end can tell.
    """
    rows = so_far.landed + good + bad
    if said is None or max(rows, said) < _FEWEST_FOR_A_SHARE:
        return ()
    return Band(rejected=(0.0, band.rejected[1])).outside(max(rows, said), so_far.quarantined + bad)


def _whole_outside(band: Band, counts: Counts) -> tuple[str, ...]:
    judged = band if counts.landed >= _FEWEST_FOR_A_SHARE else Band(rows=band.rows)
    return judged.outside(counts.landed, counts.quarantined)


def _stop_outside(declaration: Declaration, outside: Sequence[str], landed: Counts) -> None:
    if outside:
        raise BatchOutsideBand(
            f"{declaration.name}: {'; '.join(outside)}. The batch was stopped; {landed.pages} pages of it landed "
            "before and stay, what was read and did not land is kept as it came. Ask the department; where the batch "
            "is right, correct [band] of the declaration, then run the collect again."
        )


def judge_page(
    hub: Hub, declaration: Declaration, source: Source, page: RawPage
) -> tuple[list[GoodRow], list[BadRow], set[str]]:
    """Every row of a kept page as good or bad, and the columns the schema does not know.

    Raises:
        SourceGarbled: the bytes are not a page of the protocol, or hold fewer rows than they declare.
    """
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    unknown: set[str] = set()
    rows = 0
    for row in source.records(page):
        rows += 1
        judged, strange = judge_row(hub, declaration, row)
        unknown.update(strange)
        if isinstance(judged, GoodRow):
            good.append(judged)
        else:
            bad.append(judged)
    if page.declared_rows is not None and rows != page.declared_rows:
        raise SourceGarbled(
            f"{declaration.name}: page {page.number} says it has {page.declared_rows} rows and has {rows}; "
            "it is kept, nothing of it landed. It is asked for again at the next try.",
            page.body,
        )
    return good, bad, unknown


def judge_row(hub: Hub, declaration: Declaration, row: RawRecord) -> tuple[GoodRow | BadRow, tuple[str, ...]]:
    """One row judged by its schema, under the keyed hashes it will be stored under, and the columns nobody knows."""
    day = today(hub.clock)
    if row.operation is Operation.DELETE and row.problem is None:
        deletion = judge_deletion(declaration.schema_name, row.fields, today=day)
        if isinstance(deletion, str):
            return GoodRow(row.position, hub.key(declaration.name, deletion), (), None), ()
        return _bad(hub, declaration, row, deletion), ()
    verdict = judge(declaration.schema_name, row.fields, problem=row.problem, today=day)
    if verdict.record is None:
        return _bad(hub, declaration, row, verdict.reasons), verdict.unknown
    good = GoodRow(
        position=row.position,
        key=hub.key(declaration.name, verdict.record.key()),
        subjects=tuple(dict.fromkeys(hub.subject(s.kind, s.value) for s in verdict.record.subjects())),
        canonical=canonical(verdict.record),
    )
    return good, verdict.unknown


def _bad(hub: Hub, declaration: Declaration, row: RawRecord, reasons: Sequence[Reason]) -> BadRow:
    key = None
    if row.problem is None:
        named = judge_deletion(declaration.schema_name, row.fields, today=today(hub.clock))
        key = hub.key(declaration.name, named) if isinstance(named, str) else None
    return BadRow(
        position=row.position,
        key=key,
        raw=row.raw,
        fields=json.dumps(dict(row.fields), ensure_ascii=False, default=str).encode(),
        operation=row.operation.value,
        problem=row.problem,
        reasons=[{"code": reason.code, "field": reason.field, "column": reason.column} for reason in reasons],
    )
