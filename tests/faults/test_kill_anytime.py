"""A collect killed from outside at any moment, again and again, ends where an undisturbed one ends.

`HUB_FAULTS_LIVES` is how many lives are ended by SIGKILL over all resources, `HUB_FAULTS_SEED` draws the moments.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context

import psycopg2
import pytest

from core.settings import Settings
from hub.context import no_step
from tests.faults.conftest import LIVES, RESOURCES, SEED, FreshHub, collecting, ended
from tests.faults.dying import run_and_be_killed

#: The rest of the lives are ended in the two harder ways below.
_PLAIN = max(1, (LIVES * 4 // 5) // len(RESOURCES))
_HARD = max(1, LIVES // 10)
_FORK = get_context("fork")


def _length(fresh_hub: FreshHub, resource: str) -> tuple[float, dict[str, object]]:
    """How long an undisturbed life takes, and where it ends."""
    settings = fresh_hub()
    began = time.monotonic()
    assert not run_and_be_killed(collecting(settings, resource), 60)
    return time.monotonic() - began, ended(settings)


def _kill_until(fresh_hub: FreshHub, resource: str, kills: int, *, group: bool = False) -> None:
    """Live and be killed at random moments until so many lives were ended, each hub lived to its end and compared."""
    moments = random.Random(f"{SEED} {resource} {group}")
    length, wanted = _length(fresh_hub, resource)
    done = 0
    while done < kills:
        settings: Settings = fresh_hub()
        told: list[str] = []
        while run_and_be_killed(collecting(settings, resource), moment := moments.uniform(0, length), group=group):
            told.append(f"{moment:.3f} s")
            assert len(told) < 200, f"{resource}: killed 200 times and not done; a life takes {length:.2f} s"
        done += len(told)
        # The last life ended well, and reading once more finds nothing to do.
        collecting(settings, resource)(no_step)
        assert ended(settings) == wanted, f"{resource}: seed {SEED}, killed after {', '.join(told)}"


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.usefixtures("small_pages")
def test_killed_at_random_moments_it_ends_like_an_undisturbed_run(fresh_hub: FreshHub, resource: str) -> None:
    _kill_until(fresh_hub, resource, _PLAIN)


@pytest.mark.usefixtures("small_pages")
def test_killed_with_its_whole_process_group_it_ends_like_an_undisturbed_run(fresh_hub: FreshHub) -> None:
    _kill_until(fresh_hub, "civil.social_org", _HARD, group=True)


@pytest.mark.usefixtures("small_pages")
def test_killed_while_the_server_is_busy_it_ends_like_an_undisturbed_run(
    fresh_hub: FreshHub, postgres_url: str
) -> None:
    """A busy server finishes what a dead client had asked for long after the death, and keeps its locks meanwhile."""
    with _load(postgres_url):
        _kill_until(fresh_hub, "hr.vocational", _HARD)


@contextmanager
def _load(url: str) -> Iterator[None]:
    """Four sessions that sort, write and throw away without a pause, and one that asks for checkpoints."""
    churn = (
        "create temporary table busy as select md5(n::text) as text from generate_series(1, 200000) as n; "
        "create index on busy (text); drop table busy"
    )
    workers = [_FORK.Process(target=_repeat, args=(url, churn), daemon=True) for _ in range(4)]
    workers.append(_FORK.Process(target=_repeat, args=(url, "checkpoint"), daemon=True))
    for worker in workers:
        worker.start()
    try:
        time.sleep(0.5)
        assert all(worker.is_alive() for worker in workers)
        yield
        assert all(worker.is_alive() for worker in workers)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def _repeat(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement)
