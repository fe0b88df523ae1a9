"""Ask departments about one person right now: in parallel, within one budget, and not at all where one keeps failing.

What a department says here is used for the answer at hand and not written to the store. The store holds what a batch
brought: raw pages that can be judged again, a cursor they belong to, counts that add up, an end for what is gone. A
single answer has none of these, and if it were stored the batch after it would have to be held against it. It stands
in the audit log as live.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, Self

from connectors.asking import NoRoomToAsk, NotAskable, spellings
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.port import Askable, RawRecord, SourceGarbled, SourceRefused, SourceUnavailable
from connectors.registry import declaration, open_source
from core.clock import Clock, SystemClock, today
from core.errors import HubError
from core.settings import Settings
from hub.circuit import Circuit, Thresholds
from schemas.judge import judge
from schemas.records.base import Record, Subject

log = logging.getLogger(__name__)

#: Why there is no answer: in time, because the department is left alone after failures, because it says no, because the
#: source is not open or its address missing, because it cannot be asked about such a subject, because what came was no
#: sound answer about this subject. Empty where there is one.
Reason = Literal["", "no_answer", "resting", "refused", "not_open", "not_askable", "not_good"]
Wanted = tuple[str, Subject]

#: Below this no question is begun: nobody answers so fast. Seconds.
_TOO_LATE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a clerk waits, and how much is asked at once.

    Attributes:
        budget_s: for all questions of one call together, in seconds.
        threads: of one department; more questions wait for their turn, within the budget.
        thresholds: of each department's circuit.
    """

    budget_s: float = 2.0
    threads: int = 4
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """What a department said about a subject.

    Attributes:
        records: judged like those of a batch; empty when the department holds nothing; None when there is no answer.
        at: when it was answered or given up.
        reason: why there is no answer.
    """

    records: tuple[Record, ...] | None
    at: datetime
    reason: Reason = ""


class Live:
    """Asks departments; one for a process, used by all its threads. Close it.

    Each department has a few threads and connections of its own, so that a slow one holds up nobody else. A question
    has the rest of the budget as its hard limit; what comes later is dropped.
    """

    def __init__(self, endpoints: Endpoints, *, clock: Clock | None = None, limits: Limits | None = None) -> None:
        self._endpoints = endpoints
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._departments: dict[str, _Department] = {}
        self._closed = False

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock | None = None, limits: Limits | None = None) -> Live:
        """With the addresses of the sources file; nothing is contacted before somebody asks.

        Raises:
            SourcesFileRefused: the sources file is unreadable.
        """
        return cls(Endpoints.load(settings.sources_file), clock=clock, limits=limits)

    def ask(self, wanted: Sequence[Wanted], *, spent: float = 0.0) -> dict[Wanted, LiveAnswer]:
        """The answers, after at most the budget; a department's failure is a reason and never raised.

        Args:
            spent: seconds of the budget that earlier questions of the same lookup have taken.

        Raises:
            UnknownResource: nothing was asked.
        """
        deadline = time.monotonic() + self._limits.budget_s - spent
        questions: dict[Wanted, _Question] = {}
        answers: dict[Wanted, LiveAnswer] = {}
        declared = {resource: declaration(resource) for resource, _ in wanted}
        for one in dict.fromkeys(wanted):
            reason = _impossible(declared[one[0]], one[1])
            begun = reason or self._department(declared[one[0]]).begin(declared[one[0]], one[1], deadline)
            if isinstance(begun, _Question):
                questions[one] = begun
            else:
                answers[one] = self._answer(None, begun)
        wait([one.future for one in questions.values()], timeout=max(0.0, deadline - time.monotonic()))
        for one, question in questions.items():
            records, reason = question.result()
            answers[one] = self._answer(records, reason)
        return {one: answers[one] for one in dict.fromkeys(wanted)}

    def resting(self) -> tuple[str, ...]:
        """The departments that are left alone now, by id."""
        with self._lock:
            known = list(self._departments.items())
        return tuple(sorted(name for name, department in known if department.circuit.resting))

    def close(self) -> None:
        """End the threads and close the connections; waits for questions under way, at most for the budget."""
        with self._lock:
            self._closed = True
            departments, self._departments = list(self._departments.values()), {}
        for department in departments:
            department.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, records: tuple[Record, ...] | None, reason: Reason) -> LiveAnswer:
        return LiveAnswer(records, self._clock.now(), reason)

    def _department(self, declared: Declaration) -> _Department:
        name = declared.department.id
        with self._lock:
            if self._closed:
                raise RuntimeError("this Live is closed")
            if name not in self._departments:
                self._departments[name] = _Department(name, self._endpoints, self._limits, self._clock)
            return self._departments[name]


class _Department:
    """The threads, sources and circuit of one department."""

    def __init__(self, name: str, endpoints: Endpoints, limits: Limits, clock: Clock) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix=f"live-{name}")
        self._lock = threading.Lock()
        self._sources: dict[str, Askable] = {}
        self.circuit = Circuit(limits.thresholds)

    def begin(self, declared: Declaration, subject: Subject, deadline: float) -> _Question | Reason:
        """Put a question, or say why not."""
        try:
            source = self._source(declared)
        except HubError as error:
            log.warning("%s cannot be asked live: %s", declared.name, error.code)
            return "not_open"
        if source is None:
            return "not_askable"
        if not self.circuit.enter():
            return "resting"
        question = _Question(self.circuit, declared.name)
        question.start(self._threads, lambda: _told(declared, source, subject, deadline, self._clock))
        return question

    def close(self) -> None:
        """End the threads once their questions are over, then the connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            sources, self._sources = list(self._sources.values()), {}
        for source in sources:
            source.close()

    def _source(self, declared: Declaration) -> Askable | None:
        """The source, opened once; None where its protocol cannot be asked."""
        with self._lock:
            found = self._sources.get(declared.name)
            if found is None:
                opened = open_source(declared, self._endpoints)
                if not isinstance(opened, Askable):
                    return None
                found = self._sources[declared.name] = opened
            return found


class _Question:
    """One question under way. Whoever comes first says how it ended: the thread that asked, or the one that waits."""

    def __init__(self, circuit: Circuit, resource: str) -> None:
        self._circuit = circuit
        self._resource = resource
        self._lock = threading.Lock()
        self._over = False
        self.future: Future[tuple[Record, ...]]

    def start(self, threads: ThreadPoolExecutor, ask: Callable[[], tuple[Record, ...]]) -> None:
        """Ask in a thread of the department."""
        try:
            self.future = threads.submit(self._run, ask)
        except RuntimeError:  # closed meanwhile
            self._end(sound=None)
            raise

    def result(self) -> tuple[tuple[Record, ...] | None, Reason]:
        """The records, or why there are none; does not wait."""
        if not self.future.done():
            # What never began says nothing about the department; what began and is not over was too slow.
            self._end(sound=None if self.future.cancel() else False)
            return None, "no_answer"
        error = self.future.exception()
        if error is None:
            return self.future.result(), ""
        return None, _reason_of(error)

    def _run(self, ask: Callable[[], tuple[Record, ...]]) -> tuple[Record, ...]:
        try:
            records = ask()
        except (NoRoomToAsk, NotAskable, _TooLate):
            self._end(sound=None)
            raise
        except (SourceRefused, _NoGoodRow):
            # It answers. That it says no, or holds a bad row, is not cured by leaving it alone.
            self._end(sound=True)
            raise
        except BaseException:
            self._end(sound=False)
            raise
        self._end(sound=True)
        return records

    def _end(self, *, sound: bool | None) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self._circuit.leave(sound=sound)


class _NoGoodRow(Exception):
    """What the department holds about the subject is refused by the schema."""


class _TooLate(Exception):
    """The turn of a question came when its time was over; nothing was sent."""


def _impossible(declared: Declaration, subject: Subject) -> Reason:
    """Why nothing is asked, whatever the department would say."""
    if not declared.reach.open:
        return "not_open"
    if declared.live is None or subject.kind not in declared.live.kinds:
        return "not_askable"
    return ""


def _told(
    declared: Declaration, source: Askable, subject: Subject, deadline: float, clock: Clock
) -> tuple[Record, ...]:
    seconds = deadline - time.monotonic()
    if seconds < _TOO_LATE:
        raise _TooLate
    kind: Literal["citizen", "company"] = "citizen" if subject.kind == "citizen" else "company"
    return _judged(declared, source.ask(kind, subject.value, seconds=seconds), subject, clock)


def _judged(declared: Declaration, rows: Iterable[RawRecord], subject: Subject, clock: Clock) -> tuple[Record, ...]:
    """The good records about the subject, each once, in the order they came.

    Where some are, the others are left out and counted in the log.

    Raises:
        SourceGarbled: every row that could be read is about somebody else: the department answers other questions.
        _NoGoodRow: rows came, and none of them is good.
    """
    found: dict[str, Record] = {}
    refused = others = 0
    for row in rows:
        record = judge(declared.schema_name, row.fields, problem=row.problem, today=today(clock)).record
        if record is not None and subject in record.subjects():
            found[record.key()] = record
        elif record is not None or (row.problem is None and not _names(row, subject)):
            others += 1
        else:
            refused += 1
    if refused or others:
        log.warning(
            "%s: asked live, %d rows refused by the schema and %d about somebody else; %d records taken",
            declared.name, refused, others, len(found),
        )  # fmt: skip
    if others and not found:
        raise SourceGarbled(f"{declared.name}: asked live, rows about somebody else. Nothing of it is stored.")
    if refused and not found:
        raise _NoGoodRow
    return tuple(found.values())


def _names(row: RawRecord, subject: Subject) -> bool:
    """Whether a row that the schema refuses holds the subject's number at all."""
    written = spellings("citizen" if subject.kind == "citizen" else "company", subject.value)
    return any(str(value).strip() in written for value in row.fields.values())


def _reason_of(error: BaseException) -> Reason:
    match error:
        case SourceUnavailable() | NoRoomToAsk() | _TooLate():
            return "no_answer"
        case SourceRefused():
            return "refused"
        case SourceGarbled() | _NoGoodRow():
            return "not_good"
        case NotAskable():
            return "not_askable"
    # A fault of ours must not keep the clerk from what is stored; the type tells where to look and shows nobody's data.
    log.error("a live question failed in the hub itself: %s", type(error).__name__)
    return "no_answer"
