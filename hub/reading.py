"""From a source into the store, page by page: kept raw, judged, landed with the cursor, told to the department."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar, Final

from connectors.agreement import Band
from connectors.declaration import Declaration
from connectors.port import RawPage, Source, Timed
from core.errors import HubError, Retryable
from hub.ahead import begun_ahead
from hub.band import BatchOutsideBand, whole_outside
from hub.context import Hub, OnStep
from hub.judging import PageJudge, Prepared, Seen
from hub.judging_pool import JudgePool, processes
from hub.landing import Lander
from hub.recognising import Recogniser
from store import batches, heads, raw_pages
from store.batches import Batch, Counts
from store.landing import JudgedPage

#: How far a source's clock may be ahead of ours before its rows are not believed.
CLOCK_AHEAD: Final = timedelta(minutes=10)


class SourceClockAhead(Retryable):
    """A source's rows bear times that have not come yet; landed, they would hide every row between now and then."""

    code: ClassVar[str] = "HUB-745"


@dataclass(slots=True)
class Reading:
    """One reading of a source from a batch's position to where the source has no more.

    Args:
        look: told the fields of each page's rows, for whoever watches how a source changes.
    """

    hub: Hub
    declaration: Declaration
    source: Source
    batch: Batch
    on_step: OnStep
    look: Callable[[Sequence[Mapping[str, Any]]], None]
    judge: PageJudge = field(init=False)
    so_far: Counts = field(init=False)
    said: int | None = field(init=False)
    _remembers: bool = field(init=False)

    def __post_init__(self) -> None:
        # Where an earlier batch brought nothing, no row can be known, and nobody asks in vain.
        self._remembers = heads.any_before(self.hub.connection, self.declaration.name, self.batch.id)
        self.judge = PageJudge(self.hub.vault, self.hub.clock, self.declaration)
        self.so_far, self.said = batches.counts_of(self.hub.connection, self.batch)

    def run(self) -> None:
        """Read to the end.

        Raises:
            Retryable, Permanent: reading stopped; pages landed so far stay.
            BatchOutsideBand: a verified band says that the rest must not land, and nothing of it did.
            SourceClockAhead: nothing of the page whose rows are of the future landed.
        """
        position: Mapping[str, Any] = self.batch.position
        self.source.acknowledge(position)  # a crash may lie between commit and receipt
        counted = self.so_far.pages > 0
        if not counted:
            self.said = self.source.count(position)
            self._stop_outside_by_count()
        # Parts meet at records of each other, and are to wait there.
        with Lander(self.hub, self.batch, new=not self._remembers and self.batch.part is None) as lander:
            try:
                for page, judged in self._judged(position):
                    self.on_step("page.judged")
                    self._settle(lander)
                    if not counted:
                        # Only now: a batch that its band stops may find the source corrected, and then counts anew.
                        self._note_count()
                        counted = True
                    lander.hand_over(page, judged, position)
                    position = page.next_cursor
                self._settle(lander)
            except BaseException:
                # What is under way still lands, and its department is told where that can be done.
                with suppress(HubError):
                    self._settle(lander)
                raise
        if not counted:
            self._note_count()

    def _judged(self, position: Mapping[str, Any]) -> Iterator[tuple[RawPage, JudgedPage]]:
        """Pages with what came of their rows, in order."""
        pages = self._pages(position)
        if self._remembers:
            yield from self._recognised(pages)
        # Parts are read by several processes already; more of them made two parts slower than one, measured on 2 cores.
        elif self.batch.part is None and (workers := processes(self.said)):
            yield from self._pooled(pages, workers)
        else:
            for page, digest in pages:
                yield page, self._judged_here(page, digest)

    def _recognised(self, pages: Iterator[tuple[RawPage, bytes]]) -> Iterator[tuple[RawPage, JudgedPage]]:
        """Rows known by their bytes are not judged; the store is asked for a page while the next one is read."""
        # A page is asked about before the one in front of it is judged, and while the one before that may still land.
        touched = deque[set[bytes]](maxlen=2)
        with Recogniser(self.hub, self.declaration.name) as recogniser:

            def begin(kept: tuple[RawPage, bytes]) -> tuple[Prepared, Future[Mapping[bytes, bytes]]]:
                prepared = self.judge.prepare(self.source, *kept)
                return prepared, recogniser.ask(prepared.marks)

            for prepared, asked in begun_ahead(pages, begin, 1):
                self.look(Seen(prepared.rows))
                judged = self.judge.judged(prepared, asked.result(), set().union(*touched))
                touched.append({row.key for row in judged.good})
                yield prepared.page, judged

    def _pooled(self, pages: Iterator[tuple[RawPage, bytes]], workers: int) -> Iterator[tuple[RawPage, JudgedPage]]:
        """A large first load is judged by as many processes as pay."""
        with JudgePool(self.hub, self.declaration, workers) as pool:
            for page, digest, work in begun_ahead(pages, lambda kept: (*kept, pool.submit(*kept)), workers):
                try:
                    done = work.result()
                except BrokenProcessPool:
                    # A process that was killed, for its memory say, costs time and nothing else.
                    yield page, self._judged_here(page, digest)
                    continue
                self.look(done.shown)
                self.judge.unknown |= done.unknown
                yield page, done.page

    def _judged_here(self, page: RawPage, digest: bytes) -> JudgedPage:
        prepared = self.judge.prepare(self.source, page, digest)
        self.look(Seen(prepared.rows))
        return self.judge.judged(prepared)

    def _settle(self, lander: Lander) -> None:
        landed = lander.wait()
        if landed is not None:
            self.so_far += landed.counts
            self.on_step("page.landed")
            self.source.acknowledge(landed.page.next_cursor)
            self.on_step("page.acknowledged")

    def _note_count(self) -> None:
        batches.note_source_count(self.hub.connection, self.batch, self.said)
        self.on_step("batch.counted")

    # --- what is read ---

    def _pages(self, position: Mapping[str, Any]) -> Iterator[tuple[RawPage, bytes]]:
        """Pages that are safe on disk; where a verified band is at stake, only after all of them were judged."""
        # A part is no batch: its band is that of all parts together, and is looked at when they are closed.
        if self.batch.part is not None or not (self.declaration.band.verified and self.declaration.band.bounds):
            yield from self._kept(position)
            return
        for page, digest in self._rehearsed(position):
            body = raw_pages.load(self.hub.connection, self.hub.vault, self.declaration.name, digest).body
            yield replace(page, body=body), digest

    def _kept(self, position: Mapping[str, Any]) -> Iterator[tuple[RawPage, bytes]]:
        for page in self.source.pages(position):
            self._believe_the_clock(page)
            digest = raw_pages.keep(
                self.hub.connection,
                self.hub.vault,
                self.batch,
                number=page.number,
                body=page.body,
                context=page.context,
            )
            self.on_step("page.kept")
            yield page, digest

    def _rehearsed(self, position: Mapping[str, Any]) -> list[tuple[RawPage, bytes]]:
        """Every page without its bytes, once all are judged and the batch is within its band.

        What this costs is judging twice; what it saves is half a batch of wrong rows in the store.
        """
        pages, landed, bad = [], self.so_far.landed, self.so_far.quarantined
        for page, digest in self._kept(position):
            judged = self.judge.judged(self.judge.prepare(self.source, page, digest))
            landed, bad = landed + judged.rows, bad + len(judged.bad)
            pages.append((replace(page, body=b""), digest))
        self._stop(whole_outside(self.declaration.band, landed, bad) if pages else ())
        self.on_step("batch.rehearsed")
        return pages

    def _believe_the_clock(self, page: RawPage) -> None:
        if not isinstance(self.source, Timed):
            return
        moment, now = self.source.moment(page.next_cursor), self.hub.clock.now()
        if moment is not None and moment > now + CLOCK_AHEAD:
            raise SourceClockAhead(
                f"{self.declaration.name}: rows of page {page.number} bear a time {moment - now} ahead of our clock. "
                "Nothing of the page landed. Ask the department to set its clock right and to date those rows anew; "
                "where it is our clock that is wrong, set that. Then run the collect again."
            )

    # --- the band ---

    def _stop_outside_by_count(self) -> None:
        band = self.declaration.band
        # That nothing is new is a matter of the deadline, not of the band.
        if band.verified and self.said and self.batch.part is None:
            self._stop(Band(rows=band.rows).outside(self.said, 0))

    def _stop(self, outside: tuple[str, ...]) -> None:
        if outside:
            raise BatchOutsideBand(
                f"{self.declaration.name}: {'; '.join(outside)}. The batch was stopped before it landed"
                + (f"; {self.so_far.pages} pages of it landed earlier and stay" if self.so_far.pages else "")
                + ". What was read is kept as it came. Ask the department; where the batch is right, correct [band] "
                "of the declaration, then run the collect again."
            )
