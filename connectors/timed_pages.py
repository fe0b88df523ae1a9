"""Paging through a source that offers rows with `update_time ≥ since` in numbered pages, ordered by time and key.

Rows that change while we page move to the end and would shift the rest under a fixed `since`, so `since`
advances with every page and page numbers grow only inside one and the same second.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.canonical import canonical_json
from connectors.port import Cursor, CursorRefused, RawPage, SourceGarbled
from connectors.retrying import Patience, patiently
from core.clock import SHANGHAI
from core.edition import written

_WRITTEN = "%Y-%m-%d %H:%M:%S"
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class TimedPlace:
    """Where reading stands: rows of `page` already had are known by keyed marks, not by what they say.

    `before` marks the row just in front of `page`; when it is no longer there, rows have shifted.
    """

    since: str = ""
    page: int = 1
    seen: tuple[str, ...] = ()
    before: str | None = None
    pages: int = 0

    @classmethod
    def read(cls, cursor: Cursor, resource: str, whose: str) -> TimedPlace:
        """The place a cursor names; the empty one is the beginning.

        Raises:
            CursorRefused: another adapter made it.
        """
        if not cursor:
            return cls()
        try:
            place = cls(
                str(cursor["since"]), int(cursor["page"]), tuple(cursor["seen"]), cursor["before"], int(cursor["pages"])
            )
        except (KeyError, TypeError, ValueError):
            place = cls(since="?")
        if place.page < 1 or not (place.since == "" or _TIME.fullmatch(place.since)):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of {whose}'s. Nothing was read; "
                "set it to {} to read the resource again from the beginning (rows already held change nothing)."
            )
        return place

    def cursor(self) -> dict[str, Any]:
        """The same place as a JSON-serialisable mapping."""
        return {
            "since": self.since,
            "page": self.page,
            "seen": list(self.seen),
            "before": self.before,
            "pages": self.pages,
        }


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """One answer: its bytes, its rows, how many rows lie behind `since`, and page and size as echoed (None: not)."""

    body: bytes = field(repr=False)
    rows: Sequence[Any] = field(repr=False)
    total: int = 0
    echo: tuple[Any, Any] | None = None


#: Fetches and parses (since, page, size); raises the port's errors with a short reason.
Ask = Callable[[str, int, int], TimedAnswer]


@dataclass(slots=True)
class _Run:
    """What one run remembers from page to page and a later one need not know."""

    promised: int = 0
    previous: list[str] = field(default_factory=list)
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class TimedPages:
    """The paging itself, over any transport. `key` makes the rows' marks, since the cursor is stored in clear."""

    resource: str
    whose: str
    size: int
    key: bytes = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    time_field: str = "update_time"

    def place(self, cursor: Cursor) -> TimedPlace:
        """See `TimedPlace.read`."""
        return TimedPlace.read(cursor, self.resource, self.whose)

    def pages(self, cursor: Cursor, ask: Ask) -> Iterator[RawPage]:
        """Pages of the source's own bytes; rows already had are counted out through `context["had"]`."""
        place = self.place(cursor)
        run = _Run()
        while True:
            place, answer = self._read(ask, place, run)
            marks = [self._mark(row) for row in answer.rows]
            had = _already(marks, place.seen)
            offset = (place.page - 1) * self.size
            onward, behind = self._onward(place, answer, marks)
            if len(had) < len(marks):
                yield RawPage(
                    number=onward.pages,
                    body=answer.body,
                    next_cursor=onward.cursor(),
                    context={"resource": self.resource, "encoding": "UTF-8", "had": ",".join(map(str, had))},
                    declared_rows=len(marks) - len(had),
                )
            if offset + len(marks) >= answer.total:
                return
            if (onward.since, onward.page, onward.seen) == (place.since, place.page, place.seen):
                raise SourceGarbled(f"{self.resource}: page {onward.pages} leads back to itself.", answer.body)
            run.previous, run.promised = marks, behind
            place = onward

    def count(self, cursor: Cursor, ask: Ask) -> int:
        """Rows behind `cursor` by the source's own total; costs one request."""
        place, answer = self._read(ask, self.place(cursor), _Run())
        had = _already([self._mark(row) for row in answer.rows], place.seen)
        return max(0, answer.total - (place.page - 1) * self.size - len(had))

    def rewound(self, cursor: Cursor, by: timedelta) -> Cursor:
        """The cursor so much earlier: at the first page of that second, with no row of it had."""
        moment = self.moment(cursor)
        if moment is None:
            return cursor
        return TimedPlace((moment - by).strftime(_WRITTEN), pages=self.place(cursor).pages).cursor()

    def moment(self, cursor: Cursor) -> datetime | None:
        """The source's own time at which a cursor stands."""
        try:
            return datetime.strptime(self.place(cursor).since, _WRITTEN).replace(tzinfo=SHANGHAI)
        except ValueError:  # before the first row, or a day no calendar has
            return None

    def edition(self, row: Any) -> str | None:
        """The row's own time: of two editions of a record the later is the newer."""
        moment = self._time_of(row)
        return None if moment is None else written(moment)

    def _mark(self, row: Any) -> str:
        """Recognises a row without saying what is in it."""
        return hmac.new(self.key, b"row" + canonical_json(row), hashlib.sha256).hexdigest()[:24]

    def _read(self, ask: Ask, place: TimedPlace, run: _Run) -> tuple[TimedPlace, TimedAnswer]:
        """The page at `place`, or the first of its second when rows have shifted; checked and retried."""

        def once() -> tuple[TimedPlace, TimedAnswer]:
            answer = self._get(ask, place.since, place.page, self.size)
            if answer.total < run.promised:
                raise SourceGarbled(
                    f"the total changed: {run.promised} rows were promised, now {answer.total}", answer.body
                )
            if place.page == 1:
                return place, answer
            # A run that begins behind the last full page finds an empty one, which repeats nothing.
            if answer.rows and [self._mark(row) for row in answer.rows] == run.previous:
                raise SourceGarbled("the same page twice", answer.body)
            edge = self._get(ask, place.since, (place.page - 1) * self.size, 1)
            if [self._mark(row) for row in edge.rows] == [place.before]:
                return place, answer
            if run.restarted:
                raise SourceGarbled("rows of one second keep moving while they are read", answer.body)
            first = TimedPlace(place.since, pages=place.pages)
            answer = self._get(ask, first.since, first.page, self.size)
            run.restarted = True
            return first, answer

        number = place.pages + 1
        kept = f"{place.pages} pages are kept; page {number} is next"
        return patiently(once, resource=self.resource, kept=kept, patience=self.patience)

    def _onward(self, place: TimedPlace, answer: TimedAnswer, marks: list[str]) -> tuple[TimedPlace, int]:
        """The place behind this page, and how many rows the source owes from there at least."""
        times = [self._time_of(row) for row in answer.rows]
        offset = (place.page - 1) * self.size
        last = next((moment for moment in reversed(times) if moment), place.since)
        if last == place.since:
            at_last = offset + len(times)
        else:
            first = next(i for i, moment in enumerate(times) if moment == last)
            at_last = len(times) - first
        whole, rest = divmod(at_last, self.size)
        seen = tuple(marks[len(marks) - rest :]) if rest else ()
        before = None if whole == 0 else place.before
        if whole and len(marks) > rest:
            before = marks[len(marks) - rest - 1]
        onward = TimedPlace(last, whole + 1, seen, before, place.pages + 1)
        return onward, answer.total - (offset + len(times) - at_last)

    def _get(self, ask: Ask, since: str, page: int, size: int) -> TimedAnswer:
        answer = ask(since, page, size)
        if answer.echo is not None and answer.echo != (page, size):
            raise SourceGarbled(f"asked for page {page} of size {size}, got another", answer.body)
        expected = max(0, min(size, answer.total - (page - 1) * size))
        if len(answer.rows) != expected:
            raise SourceGarbled(f"page has {len(answer.rows)} rows where {expected} are declared", answer.body)
        times = [moment for row in answer.rows if (moment := self._time_of(row))]
        if answer.rows and not times:
            raise SourceGarbled(f"no row of the page has a readable {self.time_field}", answer.body)
        if times and times[0] < since:
            raise SourceGarbled("an earlier page again: its rows are older than what was asked for", answer.body)
        if times != sorted(times):
            raise SourceGarbled(f"the rows are not in the order of {self.time_field}", answer.body)
        return answer

    def _time_of(self, row: Any) -> str | None:
        value = row.get(self.time_field) if isinstance(row, dict) else None
        return value if isinstance(value, str) and _TIME.fullmatch(value) else None


class ByPageTime:
    """What an adapter that pages by time tells of the source's time, see `connectors.port.Timed`."""

    _paging: TimedPages

    def rewound(self, cursor: Cursor, by: timedelta) -> Cursor:
        """The cursor set back in the source's own time."""
        return self._paging.rewound(cursor, by)

    def moment(self, cursor: Cursor) -> datetime | None:
        """The time up to which a cursor has read."""
        return self._paging.moment(cursor)


def already_had(page: RawPage) -> frozenset[int]:
    """Positions of a kept page's rows that an earlier page held already."""
    return frozenset(int(place) for place in page.context.get("had", "").split(",") if place)


def _already(marks: list[str], seen: tuple[str, ...]) -> list[int]:
    """Positions of the rows an earlier page held; a row the source holds twice is had once for each time seen."""
    left = Counter(seen)
    had = []
    for position, mark in enumerate(marks):
        if left[mark] > 0:
            left[mark] -= 1
            had.append(position)
    return had
