"""Several processes at the register at once: one licence an approval, no number twice, no gap."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from multiprocessing.synchronize import Barrier

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Settings
from hub.collect import collect
from hub.context import open_hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.verify import verify_file
from store import licence_making, licences
from store.connection import fetch_all
from store.licence_making import Composed
from store.register_entries import Grounds
from tests.departments import EVIDENCE
from tests.faults.conftest import NOON, FreshHub
from tests.preparing import prepare

_FORK = multiprocessing.get_context("fork")


def run_at_once(count: int, work: Callable[[int], None]) -> list[int]:
    """Exit codes of so many processes that begin together."""
    together = _FORK.Barrier(count)

    def begin(number: int, barrier: Barrier) -> None:
        barrier.wait(30)
        work(number)

    processes = [_FORK.Process(target=begin, args=(number, together)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode if process.exitcode is not None else 1 for process in processes]


def test_two_processes_issuing_the_same_approvals_make_each_licence_once(fresh_hub: FreshHub) -> None:
    settings = fresh_hub()
    prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
        ready = decide(hub).to_issue[:6]
    assert len(ready) == 6

    def issue(_: int) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            issue_all(hub, ready)
            deposit_all(hub)

    assert run_at_once(2, issue) == [0, 0]
    with open_hub(settings, FixedClock(NOON)) as hub:
        versions = licences.every(hub.connection)
        assert {(row.approval, row.version, row.state) for row in versions} == {(no, 1, "archived") for no in ready}
        counts = {
            table: fetch_all(hub.connection, f"select count(*) from {table}")[0][0]
            for table in ("licence", "licence_version", "licence_step", "register_entry", "archive_package")
        }
        assert set(counts.values()) == {len(ready)}, counts
        uses = fetch_all(hub.connection, "select outcome, count(*), count(distinct licence) from seal_use group by 1")
        assert uses == [("sealed", len(ready), len(ready))]
        entered = dict(
            fetch_all(
                hub.connection,
                "select convert_from(body, 'UTF8')::jsonb->>'identifier', convert_from(body, 'UTF8')::jsonb"
                "->>'document_sm3' from register_entry",
            )
        )
        for row in versions:
            assert row.document_path is not None and row.document_sm3 is not None
            assert entered[row.identifier] == row.document_sm3.hex()
            data = (settings.home / row.document_path).read_bytes()
            assert sm3(data) == row.document_sm3
            assert verify_file(data, settings).verdict.value == "valid"


def reserve(settings: Settings, kind: str, year: int, approval: str, compose: Callable[[int], None]) -> None:
    def composed(sequence: int, _: int) -> Composed:
        compose(sequence)
        name = f"{kind}-{year}-{sequence}"
        return Composed(name, f"id-{name}", {"title": name})

    with open_hub(settings, FixedClock(NOON)) as hub:
        licence_making.reserve(
            hub.connection, hub.vault, licence_type=kind, year=year, approval=approval, item="x", holder=b"h",
            grounds=Grounds("basis", date(2026, 11, 20), "hub", "bureau"), compose=composed, now=NOON,
        )  # fmt: skip


def test_many_processes_take_numbers_and_none_is_taken_twice_or_left_out(fresh_hub: FreshHub) -> None:
    settings = fresh_hub()
    prepare(settings, FixedClock(NOON))

    def take(number: int) -> None:
        for turn in range(20):
            kind, year = ("food", "ngo")[turn % 2], 2026
            # every fifth finds something wrong with its licence, and takes no number
            wrong = (turn + number) % 5 == 0

            def compose(_: int, wrong: bool = wrong) -> None:
                if wrong:
                    raise ValueError

            with suppress(ValueError):
                reserve(settings, kind, year, f"{number}-{turn}", compose)
            # two processes ask for the same one
            reserve(settings, kind, year, f"shared-{turn}", lambda _: None)
            # and one dies while it holds the next number
            if number == 3 and turn == 10:
                reserve(settings, kind, year, "dead", lambda _: os.kill(os.getpid(), signal.SIGKILL))

    codes = run_at_once(4, take)
    assert codes == [0, 0, 0, -signal.SIGKILL]
    with open_hub(settings, FixedClock(NOON)) as hub:
        rows = fetch_all(hub.connection, "select licence_type, sequence, number from licence order by 1, 2")
        for kind in ("food", "ngo"):
            numbers = [row[1] for row in rows if row[0] == kind]
            assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 30
        assert len({row[2] for row in rows}) == len(rows)
        shared = fetch_all(hub.connection, "select count(*) from licence_version where approval like 'shared-%%'")
        assert shared == [(20,)]
        assert fetch_all(hub.connection, "select count(*) from licence_version where approval = 'dead'") == [(0,)]
