"""The sequencer and the sealer of the audit log, killed at any moment: nothing is lost, nothing is numbered twice."""

from __future__ import annotations

import random

import pytest

from core.clock import FixedClock
from hub import audit
from hub.context import OnStep, open_hub
from store import merkle_log
from store.connection import fetch_all, transaction
from tests.faults.conftest import LIVES, NOON, SEED, FreshHub
from tests.faults.dying import run_and_be_killed, run_and_die, steps_of
from tests.hub.logs import add
from tests.preparing import demo_keys


def test_a_sequencer_killed_at_any_moment_goes_on_where_it_stood(fresh_hub: FreshHub) -> None:
    settings = fresh_hub()
    with open_hub(settings, FixedClock(NOON)) as hub:
        entries = add(hub, 50)
        with transaction(hub.connection) as cursor:
            cursor.execute(
                "insert into log_waiting (log, entry, leaf) "
                "select 'bulk', gen_random_uuid(), sha256(n::text::bytea) from generate_series(1, 20000) n"
            )

        def life(_: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as own:
                for log in ("audit", "bulk"):
                    while merkle_log.sequence(own.connection, log, 7 if log == "audit" else 500):
                        pass

        moments = random.Random(SEED)
        killed = 0
        for _ in range(min(LIVES, 40)):
            killed += run_and_be_killed(life, moments.uniform(0.01, 0.25))
            held = fetch_all(hub.connection, "select log, count(*), max(seq) + 1 from log_leaf group by log")
            assert all(count == end for _, count, end in held), "numbers without a gap"
            (left,) = fetch_all(hub.connection, "select count(*) from log_waiting where log = 'bulk'")[0]
            assert left + sum(count for log, count, _ in held if log == "bulk") == 20_000
        assert killed > 2  # a life may be over before its moment
        life(lambda _: None)
        rows = fetch_all(hub.connection, "select entry::text from log_leaf where log = 'audit' order by seq")
        assert [row[0] for row in rows] == entries
        assert merkle_log.tile_counts(hub.connection, "bulk") == {0: 20_000 // 256}
        assert audit.verify(hub).sound
        assert fetch_all(hub.connection, "select count(*), count(distinct entry) from log_leaf where log = 'bulk'") == [
            (20_000, 20_000)
        ]


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_sealer_killed_after_any_step_is_made_good_by_the_next(fresh_hub: FreshHub, after: int) -> None:
    settings = fresh_hub()

    def life(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as own:
            audit.seal_head(own, on_step)

    with open_hub(settings, FixedClock(NOON)) as hub:
        demo_keys(settings, hub.clock)
        add(hub, 300)
        assert steps_of(life) == ["root.known", "head.signed", "head.stored", "files.written"]
        add(hub, 10)
        assert run_and_die(life, after)
        life(lambda _: None)
        report = audit.verify(hub)
        assert report.sound, report.findings
        assert (report.entries, report.covered) == (310, 310)
        assert report.files == report.heads
