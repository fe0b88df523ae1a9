"""Re-verification: what was issued since the last good run, and a random part of the whole stock, verified again.

Each document is read from disk, compared with the SM3 the register recorded, and given to our own verifier with the
expectation of the organ and the seal it was sealed with, as the register of seals knew them then. One that fails stops
its type (`hub.issuing_stops`). Two processes verify; in memory are a few documents at a time, whatever the stock.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar, Final

from core.clock import second_text
from core.errors import Permanent, Retryable
from core.settings import Settings
from core.verdict import Verdict
from hub.context import Hub
from hub.files import FileAltered, read_checked
from hub.press_file import press_file_of
from hub.spawning import end_with_parent, no_main_module
from hub.trust import trust_of_press
from signing.ofd.verify import verify
from signing.report import Expectation
from signing.trust import Trust
from store import reverify_runs
from store.reverify_runs import Document, Run

#: Of the stock, drawn by chance each night, where nobody says otherwise; our own guess.
SHARE: Final = 0.01
#: At least so many are drawn, as far as there are so many.
AT_LEAST: Final = 20
#: A document recorded at this moment may be committed a little later: the next run begins so much earlier.
_MARGIN: Final = timedelta(minutes=10)
_CHUNK: Final = 20
_WORKERS: Final = 2
#: Fewer are not worth the start of two processes, about a second.
_POOLED_FROM: Final = 100
#: Named in a message; the table has all.
_NAMED: Final = 5

#: Told how many of how many are done.
OnProgress = Callable[[int, int], None]


class LicenceMalformed(Permanent):
    """An issued licence is gone, changed, or not valid any more under the seal it was sealed with; its type stops."""

    code: ClassVar[str] = "HUB-952"


class ReverifyUndecided(Retryable):
    """Nothing can be said now about some issued licences, so the run does not count as good."""

    code: ClassVar[str] = "HUB-954"


@dataclass(frozen=True, slots=True)
class Found:
    """A document that was not found good. `known`: a person has cleared this very finding before."""

    number: str
    version: int
    licence_type: str
    code: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Reverified:
    """What a run did. `since` is None for one that began with the first document."""

    run: int
    since: datetime | None
    published: int
    sampled: int
    malformed: tuple[Found, ...]
    undecided: tuple[Found, ...]

    @property
    def checked(self) -> int:
        return self.published + self.sampled

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""

        def told(found: Found) -> dict[str, object]:
            return {
                "number": found.number,
                "version": found.version,
                "licence_type": found.licence_type,
                "code": found.code,
                "known": found.known,
            }

        return {
            "run": self.run,
            "since": second_text(self.since),
            "published": self.published,
            "sampled": self.sampled,
            "malformed": [told(one) for one in self.malformed],
            "undecided": [told(one) for one in self.undecided],
        }


def reverify(
    hub: Hub,
    *,
    since: datetime | None = None,
    sample: int | None = None,
    share: float = SHARE,
    on_progress: OnProgress = lambda done, total: None,
) -> Reverified:
    """Verify again everything published from `since` on, and some of what was published before.

    Args:
        since: None: from where the last good run ended.
        sample: how many of the older ones; None: `share` of them.
        share: between 0 and 1.

    Raises:
        LicenceMalformed: at least one is malformed that nobody has cleared; its type is stopped. All were looked at.
        ReverifyUndecided: none is malformed, and nothing can be said of some.
        ReverifyBusy: another process is at it.
    """
    with reverify_runs.only_run(hub.connection):
        done = _run(hub, since, sample, share, on_progress)
    fresh = [one for one in done.malformed if not one.known]
    if fresh:
        named = ", ".join(f"{one.number} version {one.version} ({one.code})" for one in fresh[:_NAMED])
        more = f" and {len(fresh) - _NAMED} more" if len(fresh) > _NAMED else ""
        types = ", ".join(sorted({one.licence_type for one in fresh}))
        raise LicenceMalformed(
            f"{len(fresh)} of {done.checked} issued licences are malformed: {named}{more}. Issuing of {types} is "
            "stopped until a person clears it (`hub licence-type stops`), other types go on; "
            "runbook: licence-malformed."
        )
    if done.undecided:
        codes = ", ".join(sorted({one.code for one in done.undecided}))
        raise ReverifyUndecided(
            f"of {len(done.undecided)} of {done.checked} issued licences nothing can be said now ({codes}); none was "
            "found malformed. See trust anchors, revocation lists and their addresses, then run it again."
        )
    return done


def newest(hub: Hub) -> Run | None:
    """The run that began last."""
    return reverify_runs.newest(hub.connection)


def _run(hub: Hub, since: datetime | None, sample: int | None, share: float, on_progress: OnProgress) -> Reverified:
    connection = hub.connection
    if since is None:
        ended = reverify_runs.last_good(connection)
        since = ended - _MARGIN if ended is not None else None
    published = reverify_runs.count_since(connection, since)
    older = reverify_runs.count_before(connection, since)
    count = sample if sample is not None else max(math.ceil(older * share), AT_LEAST if share > 0 else 0)
    drawn = reverify_runs.drawn(connection, count, since)
    total = published + len(drawn)
    run = reverify_runs.begin(connection, since=since, to_check=total, now=hub.clock.now())
    documents = chain(reverify_runs.published_since(connection, since), reverify_runs.of_ids(connection, drawn))
    malformed: list[Found] = []
    undecided: list[Found] = []
    checked = 0
    on_progress(0, total)
    for document, verdict in _verdicts(hub, documents, total):
        checked += 1
        if verdict.malformed:
            stopped = reverify_runs.note_malformed(connection, run, document, verdict.code, hub.clock.now())
            malformed.append(_found(document, verdict.code, known=not stopped))
        elif verdict.code:
            reverify_runs.note_undecided(connection, run, document, verdict.code, hub.clock.now())
            undecided.append(_found(document, verdict.code))
        if checked % _CHUNK == 0:
            reverify_runs.note_checked(connection, run, checked)
            on_progress(checked, total)
    fresh = any(not one.known for one in malformed)
    reverify_runs.end(
        connection,
        run,
        outcome="malformed" if fresh else "undecided" if undecided else "good",
        checked=checked,
        malformed=len(malformed),
        undecided=len(undecided),
        now=hub.clock.now(),
    )
    on_progress(checked, total)
    return Reverified(run, since, checked - len(drawn), len(drawn), tuple(malformed), tuple(undecided))


def _found(document: Document, code: str, *, known: bool = False) -> Found:
    return Found(document.number, document.version, document.licence_type, code, known)


# --- one document ---


@dataclass(frozen=True, slots=True)
class _Verdict:
    """`code` is empty for a good document."""

    code: str = ""
    malformed: bool = False


def _judge(document: Document, home: Path, trust: Trust, at: datetime) -> _Verdict:
    if document.path is None or document.sm3 is None:
        return _Verdict(FileAltered.code, malformed=True)
    try:
        data = read_checked(home / document.path, document.sm3)
    except FileAltered as error:
        return _Verdict(error.code, malformed=True)
    expect = None
    if document.es_id is not None and document.maker is not None:
        expect = Expectation(credit_code=document.credit_code, es_id=document.es_id, seals=1, makers=(document.maker,))
    report = verify(data, trust=trust, at=at, expect=expect)
    if report.verdict is Verdict.VALID:
        return _Verdict()
    fault = report.first_fault
    key = fault.step.name.lower() if fault is not None else report.verdict.value
    return _Verdict(key, malformed=report.verdict is Verdict.INVALID)


# --- many documents ---


def _verdicts(hub: Hub, documents: Iterator[Document], total: int) -> Iterator[tuple[Document, _Verdict]]:
    at = hub.clock.now()
    alone = len(os.sched_getaffinity(0)) < _WORKERS or multiprocessing.current_process().daemon
    if total < _POOLED_FROM or alone:
        trust = trust_of_press(hub.settings, press_file_of(hub.settings))
        for document in documents:
            yield document, _judge(document, hub.settings.home, trust, at)
        return
    pool = ProcessPoolExecutor(
        _WORKERS,
        # not forked: this process has a connection that no other may use
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(hub.settings, at),
    )
    try:
        yield from _in_pool(pool, documents)
    except BrokenProcessPool:
        raise ReverifyUndecided(
            "a process that verifies was ended by somebody or something else; what was found before is kept. Run it "
            "again, it begins where the last good run ended."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_pool(pool: ProcessPoolExecutor, documents: Iterator[Document]) -> Iterator[tuple[Document, _Verdict]]:
    under_way: dict[Future[list[_Verdict]], list[Document]] = {}
    while True:
        while len(under_way) < 2 * _WORKERS and (chunk := list(islice(documents, _CHUNK))):
            with no_main_module():
                under_way[pool.submit(_judge_chunk, chunk)] = chunk
        if not under_way:
            return
        for done in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield from zip(under_way.pop(done), done.result(), strict=True)


_bench: tuple[Path, Trust, datetime] | None = None


def _begin(settings: Settings, at: datetime) -> None:
    global _bench
    end_with_parent()
    _bench = settings.home, trust_of_press(settings, press_file_of(settings)), at


def _judge_chunk(documents: Iterable[Document]) -> list[_Verdict]:
    assert _bench is not None, "the process was not begun"  # noqa: S101
    home, trust, at = _bench
    return [_judge(document, home, trust, at) for document in documents]
