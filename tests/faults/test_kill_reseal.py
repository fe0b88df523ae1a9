"""Resealing killed after any step, or at any moment with all its processes: gone on with, nothing is lost or twice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Settings
from hub.context import Hub, OnStep, no_step, open_hub
from hub.install import DEMO_BUREAU
from hub.reseal import begin, close, go_on
from hub.reseal_pool import ResealInterrupted
from hub.verify import verify_file
from store import licences
from store.connection import fetch_all
from tests.databases import NewDatabase, copied, lasting_database
from tests.faults.conftest import LIVES, LONG, SEED
from tests.faults.dying import run_and_be_killed, run_and_die, steps_of
from tests.hub.conftest import NOON
from tests.hub.stock import grown_stock

COUNT, CHUNK = 24, 6
MOMENTS = LIVES if LONG else 5

#: Copies the stock.
Fresh = Callable[[], Settings]


@pytest.fixture(scope="module")
def grown(
    postgres_url: str, _owner_url: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    home = tmp_path_factory.mktemp("reseal-stock")
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        settings = grown_stock(home, url, COUNT)
        with open_hub(settings, FixedClock(NOON)) as hub:
            begin(hub, organ=DEMO_BUREAU.name, legal_basis="测试方案", who="tester", chunk=CHUNK)
        yield settings


@pytest.fixture
def fresh(grown: Settings, new_database: NewDatabase, tmp_path: Path) -> Fresh:
    number = count()
    return lambda: copied(grown, new_database(grown.database_url), tmp_path / f"home-{next(number)}")


def going_on(settings: Settings, workers: int = 1) -> Callable[[OnStep], None]:
    def life(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            (order,) = (row[0] for row in fetch_all(hub.connection, "select id from reseal_order"))
            while True:
                try:
                    go_on(hub, order, workers=workers, on_step=on_step)
                except ResealInterrupted:
                    # the session of one that has just died is not gone yet
                    time.sleep(0.05)
                else:
                    return

    return life


def demand_whole(hub: Hub, orders_case: str) -> None:
    """One new document each, the current organ's, and nothing on disk or in the log of uses that is not explained."""
    every = licences.every(hub.connection)
    assert sorted((one.sequence, one.version) for one in every) == [
        (sequence, version) for sequence in range(1, COUNT + 1) for version in (1, 2)
    ]
    home = hub.settings.home
    on_disk = {str(path.relative_to(home)) for path in (home / "licences").rglob("*") if path.is_file()}
    assert on_disk == {str(one.document_path) for one in every}
    for one in every:
        assert (one.state, one.superseded_at is None) == ("published", one.version == 2)
        assert sm3((home / str(one.document_path)).read_bytes()) == one.document_sm3
    new = [one for one in every if one.version == 2]
    verdicts = {verify_file((home / str(one.document_path)).read_bytes(), hub.settings).verdict.value for one in new}
    assert verdicts == {"valid"}
    # every intent came to something or is told as abandoned; one use for each document
    uses = fetch_all(
        hub.connection, "select licence, count(*) from seal_use where outcome = 'sealed' and case_no = %s group by 1",
        (orders_case,),
    )  # fmt: skip
    assert sorted(uses) == sorted((one.id, 1) for one in new)
    assert fetch_all(hub.connection, "select count(*) from seal_use where outcome = 'intended'") == [(0,)]
    for table in ("licence_step", "register_entry"):
        ((many,),) = fetch_all(hub.connection, f"select count(*) from {table}")
        assert many == 2 * COUNT
    assert fetch_all(hub.connection, "select distinct status, current_version from licence") == [("valid", 2)]
    report = close(hub, orders_case)
    assert (report.counts.done, report.counts.left, report.counts.failed) == (COUNT, 0, 0)
    assert report.order.ended_at is not None


def whole(settings: Settings) -> None:
    with open_hub(settings, FixedClock(NOON)) as hub:
        (order,) = (row[0] for row in fetch_all(hub.connection, "select id from reseal_order"))
        demand_whole(hub, order)


def test_killed_after_any_step_and_gone_on_with(fresh: Fresh) -> None:
    undisturbed = fresh()
    steps = steps_of(going_on(undisturbed))
    whole(undisturbed)
    assert len(steps) == 6 * COUNT // CHUNK
    # each step of a chunk that follows one, and of the last one
    places = range(1, len(steps) + 1) if LONG else (*range(7, 13), len(steps) - 1, len(steps))
    for after in places:
        settings = fresh()
        assert run_and_die(going_on(settings), after)
        going_on(settings)(no_step)
        whole(settings)


def test_killed_at_any_moment_with_all_its_processes(fresh: Fresh) -> None:
    chance = random.Random(SEED)
    undisturbed, began = fresh(), time.monotonic()
    going_on(undisturbed, workers=2)(no_step)
    took = time.monotonic() - began
    whole(undisturbed)
    killed = 0
    for _ in range(MOMENTS):
        settings = fresh()
        # most of it is the start of the processes
        killed += run_and_be_killed(going_on(settings, workers=2), chance.uniform(0.4, 1.0) * took, group=True)
        going_on(settings)(no_step)
        whole(settings)
    assert killed
