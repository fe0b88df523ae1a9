"""The audit log: appends a second from 1, 4 and 16 connections, numbering, verifying, proving.

    python -m benchmarks.audit_log [ENTRIES]

The floor of appending is the same two rows (entry, whom it is about) inserted with the same commit, by the same
processes, without leaf hash, waiting row or sequencer. Both take turns, so the ratio of one round is fair. While
appends are measured a sequencer runs beside them, as in the hub; entries that still wait at the end are told.
PostgreSQL is durable: each append is one transaction, flushed to disk.
"""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.settings import Mode, Settings
from core.uuid7 import uuid7
from hub import audit as log
from hub.context import open_hub
from hub.install import prepare
from onebox.postgres import Cluster
from store import audit, merkle_log
from store.audit import About, Trace, Usage
from store.connection import connect, fetch_all, transaction

ROUNDS, SECONDS, CONNECTIONS = 5, 3.0, (1, 4, 16)
ENTRIES = 200_000
USAGE = Usage(
    channel="clerk", user="zhang", user_name="窗口一", organisation="11420112MB0000000M",
    organisation_name="武汉市东西湖区行政审批局", street="420112001", place=None,
    item="11420112MB0000000M3000199003000", item_name="食品经营许可", item_version=1, case_no="420112202611280001",
    purpose="acceptance",
    basis="食品经营许可和备案管理办法", outcome="complete", refusal=None,
    about=(About(b"s" * 32, "applicant", {"M1": ["name", "address", "scope"], "M2": ["state"]}, b"n" * 32, True),),
    materials=tuple(Trace(f"M{n}", "satisfied", "shared", "tax.registration", "") for n in (1, 2, 3)),
)  # fmt: skip
_ENTRY = (
    "insert into audit_entry (id, at, caller, channel, outcome, case_no, item, body) values (%s, %s, %s, %s, %s, %s, "
    "%s, %s); insert into audit_about (entry, part, at, caller, subject, near, found) "
    "values (%s, 0, %s, %s, %s, %s, %s)"
)
_FORK = multiprocessing.get_context("fork")


def _logged(cursor: Any, subject: bytes) -> None:
    about = replace(USAGE.about[0], subject=subject)
    audit.append(cursor, replace(USAGE, about=(about,)), SystemClock().now())


def _plain(cursor: Any, subject: bytes) -> None:
    now = SystemClock().now()
    entry = str(uuid7(now))
    usage = replace(USAGE, about=(replace(USAGE.about[0], subject=subject),))
    body = audit.body_of(entry, usage, now)
    cursor.execute(
        _ENTRY,
        (entry, now, usage.user, usage.channel, usage.outcome, usage.case_no, usage.item, body, entry, now, usage.user,
         subject, usage.about[0].near, True),
    )  # fmt: skip


def _work(url: str, write: Callable[[Any, bytes], None], begin: Any, done: Any, number: int) -> None:
    connection = connect(url)
    written = 0
    begin.wait()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with transaction(connection) as cursor:
            write(cursor, (number * 1_000_000 + written).to_bytes(32, "big"))
        written += 1
    done.put(written)


def _sequence(url: str, stop: Any) -> None:
    connection = connect(url)
    while not stop.is_set():
        while merkle_log.sequence(connection, audit.LOG):
            pass
        stop.wait(1.0)


def _rate(url: str, write: Callable[[Any, bytes], None], connections: int) -> float:
    begin, done = _FORK.Barrier(connections + 1), _FORK.Queue()
    workers = [_FORK.Process(target=_work, args=(url, write, begin, done, n)) for n in range(connections)]
    for worker in workers:
        worker.start()
    begin.wait()
    total = sum(done.get() for _ in workers)
    for worker in workers:
        worker.join()
    return total / SECONDS


def _logged_rate(url: str, connections: int) -> tuple[float, int]:
    stop = _FORK.Event()
    sequencer = _FORK.Process(target=_sequence, args=(url, stop))
    sequencer.start()
    reached = _rate(url, _logged, connections)
    connection = connect(url)
    left = merkle_log.waiting_count(connection, audit.LOG)
    connection.close()
    stop.set()
    sequencer.join()
    return reached, left


def _appends(settings: Settings) -> None:
    url = settings.database_url
    for connections in CONNECTIONS:
        plain, logged, waiting = [], [], []
        _rate(url, _plain, connections)
        for _ in range(ROUNDS):
            plain.append(_rate(url, _plain, connections))
            reached, left = _logged_rate(url, connections)
            logged.append(reached)
            waiting.append(left)
        ratio = statistics.median(one / other for one, other in zip(logged, plain, strict=True))
        print(
            f"{connections:>2} connections: {statistics.median(logged):>6,.0f} appends/s in the log, "
            f"{statistics.median(plain):>6,.0f} plain inserts/s, ratio {ratio:.2f} "
            f"(log {min(logged):,.0f} to {max(logged):,.0f}); at most {max(waiting):,} waited at the end",
            flush=True,
        )


def _fill(settings: Settings, entries: int) -> None:
    """As many entries, written through `append` in large transactions."""
    connection = connect(settings.database_url)
    begin, numbers = SystemClock().now(), count()
    for _ in range(0, entries, 10_000):
        with transaction(connection) as cursor:
            for _ in range(10_000):
                number = next(numbers)
                about = replace(USAGE.about[0], subject=number.to_bytes(32, "big"))
                audit.append(cursor, replace(USAGE, about=(about,)), begin + timedelta(milliseconds=number))
    fetch_all(connection, "select 1")
    connection.close()


def _numbering(settings: Settings, entries: int) -> None:
    for batch in (500, 5_000):
        _fill(settings, entries)
        connection = connect(settings.database_url)
        began, done = time.monotonic(), 0
        while taken := merkle_log.sequence(connection, audit.LOG, batch):
            done += taken
        print(f"sequencer, {batch:>5} at once: {done / (time.monotonic() - began):>8,.0f} entries/s ({done:,})")
        connection.close()


def _verifying(settings: Settings) -> None:
    with open_hub(settings) as hub:
        began = time.monotonic()
        head = log.seal_head(hub)
        print(f"head over {head.size:,} entries, signed, files written: {time.monotonic() - began:.2f} s")
        first = log.size(hub)
        seen: list[int] = []

        def on_read(done: int, total: int) -> None:
            if done >= total // 4 and not seen:
                seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

        began = time.monotonic()
        report = log.verify(hub, on_read=on_read)
        took = time.monotonic() - began
        if not report.sound:
            raise SystemExit(f"the log is not sound: {report.counts}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"verify: {report.entries / took:,.0f} entries/s ({report.entries:,}); largest size of the process after a "
            f"quarter {seen[0] // 1024} MiB, at the end {peak // 1024} MiB"
        )
        entry = merkle_log.leaves(hub.connection, audit.LOG, first // 2, first // 2 + 1)[0].entry
        times = []
        for _ in range(50):
            began = time.monotonic()
            log.inclusion(hub, entry)
            times.append(time.monotonic() - began)
        print(f"inclusion proof of {first:,}: {statistics.median(times) * 1000:.1f} ms")


def main() -> None:
    """Measure on a PostgreSQL of its own, gone at the end."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    folder = Path(tempfile.mkdtemp(prefix="hub-audit-", dir="/var/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets", durable=True)
    try:
        cluster.start()

        def fresh(name: str) -> Settings:
            cluster.ensure_database(name, owner="postgres")
            settings = Settings(folder, cluster.url(name), folder / "sources.toml", folder / "keys", Mode.DEMO)
            prepare(settings)
            return replace(settings, home=folder / name)

        _appends(fresh("appends"))
        settings = fresh("many")
        _numbering(settings, entries)
        # a process of its own, whose memory holds nothing of the above
        fresh_process = multiprocessing.get_context("spawn").Process(target=_verifying, args=(settings,))
        fresh_process.start()
        fresh_process.join()
        if fresh_process.exitcode:
            raise SystemExit("verifying failed")
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
