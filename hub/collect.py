"""Collect one resource: pages are kept raw, judged, and landed with the cursor, until the source has no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
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
from store.landing import BadRow, GoodRow, land_page


class RowsMissing(Permanent):
    """The source said it holds more rows than it handed out."""

    code: ClassVar[str] = "HUB-701"


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collect did. `source_count` is what the source itself said it holds behind the cursor."""

    resource: str
    batch: int
    resumed: bool
    counts: Counts
    source_count: int | None
    unknown_columns: tuple[str, ...]

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
        Retryable, Permanent: reading stopped; pages landed so far stay, the next call goes on behind them.
        FileRefused: the file is not what it says; it is kept and nothing of it landed.
    """
    declaration = declared(resource)
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
            batches.note_trouble(hub.connection, batch, error)
            if isinstance(error, FileRefused):
                # The file will not get better by itself: the batch ends behind it, so that the next file gets its turn.
                if error.next_cursor is not None:
                    batches.reposition(hub.connection, batch, error.next_cursor)
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
    return Collected(resource, batch.id, batch.resumed, counts, said, tuple(sorted(unknown)))


def _read(hub: Hub, declaration: Declaration, source: Source, batch: Batch, on_step: OnStep) -> set[str]:
    position: Mapping[str, Any] = batch.position
    unknown: set[str] = set()
    if not batch.resumed:
        batches.note_source_count(hub.connection, batch, source.count(position))
        on_step("batch.counted")
    for page in source.pages(position):
        digest = raw_pages.keep(
            hub.connection, hub.vault, batch, number=page.number, body=page.body, context=page.context
        )
        on_step("page.kept")
        good, bad, strange = judge_page(hub, declaration, source, page)
        unknown |= strange
        on_step("page.judged")
        land_page(
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
        position = page.next_cursor
        on_step("page.landed")
    return unknown


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
