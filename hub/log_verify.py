"""A log is looked through from its first entry: bodies, leaves, numbers, tiles, heads, and the files outside.

Each entry is read once, in order, and memory stays flat. What the database says of itself is computed anew; what it
said earlier is in the files beside it, which name an entry that was changed, removed, inserted or moved even where
leaves and tiles were computed anew to fit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from core.errors import HubError
from core.merkle import Growing, full_root, leaf_hash
from hub import log_heads
from hub.context import Hub
from hub.log_files import LogFiles
from hub.log_heads import Head, HeadRefused
from hub.log_report import LogReport
from hub.log_sealing import files_of
from hub.renewal_verify import RenewalWatch
from hub.trust import trust_of
from signing.errors import TrustUnknown
from signing.trust import Trust
from store import log_heads as stored
from store import merkle_log
from store.connection import transaction
from store.log_bodies import Body
from store.merkle_log import HEIGHT, TILE, Leaf, SealerBusy

if TYPE_CHECKING:
    from hub.kept_log import KeptLog

#: Told how many entries of how many were read.
OnRead = Callable[[int, int], None]
#: Entries read at once: whole tiles.
_AT_ONCE = 16 * TILE
#: A head and its timestamp, or two heads, whose clocks differ by more are told.
_TOLERANCE = timedelta(minutes=10)
#: After so many entries out of place it is no longer looked where each one went.
_MOST_PLACED = 1_000


def verify(hub: Hub, kept: KeptLog, *, patience: float = 60.0, on_read: OnRead | None = None) -> LogReport:
    """Look through the whole log; others may append and number entries meanwhile.

    Args:
        patience: seconds an entry may wait for its number before it is a finding.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    log = kept.name
    report = LogReport(log)
    files = files_of(hub, log)
    newest, there = _as_of_now(hub, log, files)
    heads = _Heads(hub, log, files, there, newest, report)
    with transaction(hub.connection) as cursor:
        end = merkle_log.size(cursor, log)
    renewals = RenewalWatch(hub, log, files, report)
    walk = _Walk(hub, kept, heads, report, end, on_read, renewals)
    _compare(hub, log, _recorded(files, there, report), walk.leaves(), report)
    walk.finish()
    heads.finish(walk.seen)
    renewals.finish()
    _look_at_waiting(hub, kept, patience, report)
    return report


def _as_of_now(hub: Hub, log: str, files: LogFiles) -> tuple[int, list[int]]:
    """The newest head and the heads outside, between two sealings: what comes later is not looked at."""
    for _ in range(30):
        try:
            with merkle_log.only_sealer(hub.connection, log):
                newest = stored.newest(hub.connection, log)
                return -1 if newest is None else newest.number, files.numbers()
        except SealerBusy:
            time.sleep(1.0)
    newest = stored.newest(hub.connection, log)
    return -1 if newest is None else newest.number, files.numbers()


class _Walk:
    """The database's own leaves in order, each checked as it passes."""

    def __init__(
        self,
        hub: Hub,
        kept: KeptLog,
        heads: _Heads,
        report: LogReport,
        end: int,
        on_read: OnRead | None,
        renewals: RenewalWatch,
    ) -> None:
        self._hub, self._kept, self._log, self._heads, self._report = hub, kept, kept.name, heads, report
        self._end, self._on_read, self._renewals = end, on_read, renewals
        self._levels: list[list[bytes]] = [[]]
        self._tiles_done: list[int] = [0]
        self._tree = Growing()
        self.seen = 0

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf up to the size at the beginning."""
        expected = 0
        self._heads.at(0, self._tree)
        for start in range(0, self._end, _AT_ONCE):
            rows = merkle_log.leaves(self._hub.connection, self._log, start, min(start + _AT_ONCE, self._end))
            found = self._kept.read(self._hub.connection, [row.entry for row in rows])
            for row in rows:
                if row.seq != expected:
                    self._report.found("gap", f"numbers {expected} to {row.seq - 1} are missing", expected)
                expected = row.seq + 1
                self._check_body(row, found.get(row.entry))
                self._tree.add(row.leaf)
                self._grow(0, row.leaf)
                self.seen += 1
                self._heads.at(self.seen, self._tree)
                yield row
            if self._on_read is not None:
                self._on_read(min(start + _AT_ONCE, self._end), self._end)
        self._report.entries = self.seen

    def finish(self) -> None:
        """Tiles that no leaf explains."""
        for level, count in merkle_log.tile_counts(self._hub.connection, self._log).items():
            done = self._tiles_done[level] if level < len(self._tiles_done) else 0
            with transaction(self._hub.connection) as cursor:
                now = merkle_log.size(cursor, self._log) >> HEIGHT * (level + 1)
            if count > max(done, now):
                self._report.found(
                    "tile", f"level {level} holds {count - max(done, now)} tiles more than its leaves fill"
                )

    def _check_body(self, row: Leaf, body: Body | None) -> None:
        self._renewals.add(None if body is None else body.body)
        if body is None:
            self._report.found("removed", "has its number and leaf, but what it said is gone", row.seq, row.entry)
            return
        if leaf_hash(body.body) != row.leaf:
            self._report.found("changed", "no longer says what its leaf was computed from", row.seq, row.entry)
        for fault in body.faults:
            self._report.found("column", fault, row.seq, row.entry)

    def _grow(self, level: int, hash_: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
            self._tiles_done.append(0)
        held = self._levels[level]
        held.append(hash_)
        if len(held) == TILE:
            n = self._tiles_done[level]
            root = full_root(held)
            tile = merkle_log.tiles(self._hub.connection, self._log, level, n, n + 1).get(n)
            covered = (
                f"level {level}, tile {n} (numbers {n * TILE ** (level + 1)} to {(n + 1) * TILE ** (level + 1) - 1})"
            )
            if tile is None:
                self._report.found("tile", f"{covered} is missing")
            elif tile.hashes != b"".join(held) or tile.root != root:
                self._report.found("tile", f"{covered} is not that of its leaves")
            held.clear()
            self._tiles_done[level] = n + 1
            self._grow(level + 1, root)


class _Heads:
    """Signed heads of the database, each checked for itself and when the walk reaches its size."""

    def __init__(self, hub: Hub, log: str, files: LogFiles, there: list[int], newest: int, report: LogReport) -> None:
        self._hub, self._log, self._files, self._report = hub, log, files, report
        self._there, self._newest = there, newest
        report.files = len(there)
        self._judge = _Judge(hub, log, report)
        self._rewritten: list[int] = []
        self._unstamped = 0
        self._before: Head | None = None
        self._stream = self._read()
        self._next: Head | None = next(self._stream, None)

    def at(self, size: int, tree: Growing) -> None:
        """The walk has come to this size."""
        while self._next is not None and self._next.size <= size:
            head = self._next
            if head.size == size:
                self._report.covered = max(self._report.covered, size)
                if tree.root() != head.root:
                    self._rewritten = self._rewritten or [head.number]
            self._next = next(self._stream, None)

    def finish(self, size: int) -> None:
        """Heads beyond the log's end, heads that only the files know, and what was found of all."""
        beyond: list[Head] = []
        while self._next is not None:
            if self._next.size > size and not beyond:
                beyond.append(self._next)
            self._next = next(self._stream, None)
        if beyond:
            head = beyond[0]
            self._report.found(
                "head",
                f"head {head.number} covers {head.size} entries, the log holds {size}: at least {head.size - size} "
                "were removed",
            )
        if self._rewritten:
            self._report.found(
                "head",
                f"head {self._rewritten[0]} was signed over another tree than the entries make now",
            )
        last = self._before.number if self._before is not None else -1
        for number in self._there:
            if number > last and stored.numbered(self._hub.connection, self._log, number) is None:
                self._report.found("head", f"head {number} lies outside the database, which does not hold it any more")
        if self._unstamped:
            self._report.notes.append(
                f"{self._unstamped} of {self._report.heads} heads without a timestamp that was judged good"
            )

    def _read(self) -> Iterator[Head]:
        last = -1
        there = set(self._there)
        while found := stored.after(self._hub.connection, self._log, last):
            for head in found:
                if head.number > self._newest:
                    return
                if head.number != last + 1:
                    self._report.found("head", f"heads {last + 1} to {head.number - 1} were removed")
                self._check(head, in_file=head.number in there)
                last, self._before = head.number, head
                self._report.heads += 1
                yield head

    def _check(self, head: Head, *, in_file: bool) -> None:
        before = self._before
        if not self._judge.good(head):
            self._unstamped += head.stamp is None
        elif self._judge.unstamped:
            self._unstamped += 1
        try:
            named = log_heads.previous_of(head)
        except (ValueError, KeyError):
            named = None
        if before is not None and before.number + 1 == head.number and named != log_heads.digest(before):
            self._report.found("head", f"head {head.number} was made after another head {before.number} than this one")
        if before is not None and head.size < before.size:
            self._report.found("head", f"head {head.number} covers fewer entries than head {before.number}")
        if before is not None and head.at < before.at - _TOLERANCE:
            self._report.notes.append(
                f"the clock went back: head {head.number} says {head.at:%Y-%m-%d %H:%M}, "
                f"the one before it {before.at:%Y-%m-%d %H:%M} (UTC)"
            )
        if not in_file:
            self._report.found(
                "file", f"head {head.number} has no file in {self._files.folder}: removed, or a process died before it "
                f"wrote it; `hub {self._log} seal` writes the newest ones"
            )  # fmt: skip
            return
        try:
            outside = self._files.head(head.number)
        except HeadRefused as error:
            self._report.found("file", error.message)
            return
        if (outside.statement, outside.signature, outside.stamp) != (head.statement, head.signature, head.stamp):
            self._report.found("head", f"head {head.number} in the database is not the one that lies outside")


class _Judge:
    """Signatures of heads, and what is told of them once."""

    def __init__(self, hub: Hub, log: str, report: LogReport) -> None:
        self._log, self._report, self._now = log, report, hub.clock.now()
        self._trust: Trust | None = None
        self.unstamped = False
        try:
            self._trust = trust_of(hub.settings)
        except HubError as error:
            self._unsure(f"nobody is known whom to trust: {error.message}")

    def good(self, head: Head) -> bool:
        """Whether its signature holds; anything else is told."""
        if self._trust is None:
            return False
        try:
            # a clock that was set back must not make yesterday's heads lie in the future
            signed = log_heads.check(
                head, self._trust, log=self._log, at=max(self._now, head.at + timedelta(seconds=1))
            )
        except TrustUnknown as error:
            self._unsure(f"signatures of heads cannot be judged: {error.message}")
            return False
        except HeadRefused as error:
            self._report.found("head", error.message)
            return False
        who = f"{signed.signer} ({signed.organisation})"
        if who not in self._report.signers:
            self._report.signers.append(who)
        self.unstamped = signed.stamped_at is None
        if head.at > self._now + _TOLERANCE:
            self._note(f"head {head.number} says a time that has not come: a clock went back since")
        if signed.stamped_at is not None and abs(signed.stamped_at - head.at) > _TOLERANCE:
            self._note(
                f"head {head.number} says {head.at:%Y-%m-%d %H:%M}, its timestamp {signed.stamped_at:%Y-%m-%d %H:%M} "
                "(UTC): the hub's clock was wrong"
            )
        return True

    def _note(self, text: str) -> None:
        if len(self._report.notes) < 50:
            self._report.notes.append(text)

    def _unsure(self, text: str) -> None:
        if text not in self._report.unsure:
            self._report.unsure.append(text)


def _recorded(files: LogFiles, there: list[int], report: LogReport) -> Iterator[Leaf]:
    """Leaves as the files outside have them, in order, up to where they are whole and what their heads signed."""
    tree = Growing()
    for expected, number in enumerate(there):
        if number != expected:
            report.found("file", f"the files of heads {expected} to {number - 1} are gone from {files.folder}")
            return
        try:
            head = files.head(number)
            # looked at whole before any of it is believed
            added = 0
            for one in files.leaves(number, tree.size):
                tree.add(one.leaf)
                added += 1
            if (tree.size, tree.root()) != (head.size, head.root):
                report.found(
                    "file", f"the leaf hashes of head {number} in {files.folder} are not what it was signed over"
                )
                return
            yield from files.leaves(number, tree.size - added)
        except HeadRefused as error:
            report.found("file", error.message)
            return


def _compare(hub: Hub, log: str, recorded: Iterator[Leaf], held: Iterator[Leaf], report: LogReport) -> None:
    """Both in step; where they part it is found out which entry is where. `held` is read to its end."""
    was, now = next(recorded, None), next(held, None)
    placed = 0
    with _places(hub, log) as place_of:
        while was is not None and now is not None and placed < _MOST_PLACED:
            if was.entry == now.entry:
                if was.leaf != now.leaf:
                    report.found("changed", "another leaf than when its head was signed", was.seq, was.entry)
                was, now = next(recorded, None), next(held, None)
                continue
            placed += 1
            moved = merkle_log.number_of(hub.connection, log, was.entry)
            if moved is None:
                report.found("removed", "was there when its head was signed, and is no longer", was.seq, was.entry)
                was = next(recorded, None)
            elif place_of(now.entry) is None:
                report.found("inserted", "was not there when the entries around it were signed", now.seq, now.entry)
                now = next(held, None)
            else:
                report.found("reordered", f"has the number {moved.seq} now", was.seq, was.entry)
                if moved.leaf != was.leaf:
                    report.found("changed", "another leaf than when its head was signed", was.seq, was.entry)
                was, now = next(recorded, None), next(held, None)
        if placed >= _MOST_PLACED:
            report.notes.append(f"more than {_MOST_PLACED} entries are out of place; the others were not looked for")
        else:
            while was is not None and placed < _MOST_PLACED:
                placed += 1
                if merkle_log.number_of(hub.connection, log, was.entry) is None:
                    report.found("removed", "was there when its head was signed, and is no longer", was.seq, was.entry)
                was = next(recorded, None)
    for _ in held:
        pass


@contextmanager
def _places(hub: Hub, log: str) -> Iterator[Callable[[str], int | None]]:
    """Where the files have an entry. Made on disk, and only once something is out of place."""
    made: list[sqlite3.Connection] = []

    def place_of(entry: str) -> int | None:
        if not made:
            # an empty name is a private file that goes with the connection
            index = sqlite3.connect("")
            index.execute("create table place (entry text primary key, seq integer) without rowid")
            files = files_of(hub, log)
            first = 0
            for number in files.numbers():
                leaves = files.leaves(number, first)
                index.executemany("insert or ignore into place values (?, ?)", ((one.entry, one.seq) for one in leaves))
                first = files.head(number).size
            made.append(index)
        row = made[0].execute("select seq from place where entry = ?", (entry,)).fetchone()
        return int(row[0]) if row else None

    try:
        yield place_of
    finally:
        for index in made:
            with closing(index):
                pass


def _look_at_waiting(hub: Hub, kept: KeptLog, patience: float, report: LogReport) -> None:
    log, last = kept.name, 0
    while rows := merkle_log.waiting_after(hub.connection, log, last, _AT_ONCE):
        found = kept.read(hub.connection, [row.entry for row in rows])
        for row in rows:
            report.waiting += 1
            last = row.seq
            body = found.get(row.entry)
            if body is None:
                report.found("removed", "waits for a number, but what it said is gone", None, row.entry)
            elif leaf_hash(body.body) != row.leaf:
                report.found("changed", "waits for a number, and no longer says what its leaf was of", None, row.entry)
            else:
                for fault in body.faults:
                    report.found("column", fault, None, row.entry)
    seconds = merkle_log.waiting_seconds(hub.connection, log)
    if seconds > patience:
        report.found(
            "waiting",
            f"entries have waited for their numbers for {seconds:.0f} s: is a sequencer running? (runbook: log-waits)",
        )
    for entry in kept.outside(hub.connection, _MOST_PLACED):
        report.found(
            "inserted",
            "stands in the table, has no number and waits for none: put there behind the log, or taken out of it",
            None,
            entry,
        )
