"""What waits at a source is seen by asking, whatever order rows were committed in, and is told once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from connectors.port import SourceRefused, SourceUnavailable
from core.settings import Settings
from hub.arrivals import Look, Teller, Watch, look_once
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.sources import ACCEPT, AT_ONCE, RESULT
from store.arrivals import Mark
from tests.arriving import arrive, exchange_database
from tests.departments import Departments

Exchange = psycopg2.extensions.connection


@pytest.fixture
def exchange(departments: Departments, postgres_url: str) -> Iterator[Exchange]:
    with exchange_database(departments, postgres_url) as connection:
        yield connection


@pytest.fixture
def collected(settings: Settings, departments: Departments) -> Iterator[Hub]:
    """A hub that has read what there is, by this machine's clock as the exchange database goes."""
    departments.write_sources(settings.sources_file)
    with open_hub(settings) as hub:
        for resource in AT_ONCE:
            collect(hub, resource)
        yield hub


@pytest.fixture
def granted(departments: Departments) -> str:
    return str(next(row["key"] for row in departments.expected(RESULT) if row["verdict"] == "accepted"))


def waiting(settings: Settings) -> dict[str, int]:
    return {name: look.waiting for name, look in look_once(settings, AT_ONCE).items()}


def test_what_came_after_the_last_collect_waits_until_it_is_collected(
    collected: Hub, exchange: Exchange, granted: str
) -> None:
    settings = collected.settings
    assert waiting(settings) == {ACCEPT: 0, RESULT: 0}
    arrive(exchange, [(granted, "T1"), (granted, "T2")])
    assert waiting(settings) == {ACCEPT: 2, RESULT: 2}
    collect(collected, RESULT)
    assert waiting(settings) == {ACCEPT: 2, RESULT: 0}
    collect(collected, ACCEPT)
    assert waiting(settings) == {ACCEPT: 0, RESULT: 0}


def test_a_row_committed_late_behind_the_mark_is_seen_too(collected: Hub, exchange: Exchange, granted: str) -> None:
    arrive(exchange, [(granted, "T1")])
    for resource in AT_ONCE:
        collect(collected, resource)
    arrive(exchange, [(granted, "T2")], before=120)
    looks = look_once(collected.settings, AT_ONCE)
    assert {name: (look.waiting, look.late) for name, look in looks.items()} == {ACCEPT: (1, True), RESULT: (1, True)}
    for resource in AT_ONCE:
        assert collect(collected, resource).counts.inserted == 1
    assert waiting(collected.settings) == {ACCEPT: 0, RESULT: 0}


def test_while_a_batch_is_read_the_mark_stands_where_it_stood(collected: Hub, exchange: Exchange, granted: str) -> None:
    before = look_once(collected.settings, AT_ONCE)[RESULT].mark
    arrive(exchange, [(granted, "T1")])
    seen = []

    def look(step: str) -> None:
        seen.append((step, look_once(collected.settings, [RESULT])[RESULT]))

    collect(collected, RESULT, on_step=look)
    during = [found for step, found in seen if step != "batch.finished"]
    assert during and {found.waiting for found in during} == {1}
    assert {found.mark.batch for found in during} == {before.batch}
    assert [found.waiting for step, found in seen if step == "batch.finished"] == [0]


def test_a_source_that_is_gone_is_said_to_be_and_is_asked_again_by_the_next_look(
    collected: Hub, exchange: Exchange, departments: Departments, granted: str
) -> None:
    reader = departments.ready["bureau"]["dsn"].partition("//")[2].partition(":")[0]
    watch = Watch(collected.settings, AT_ONCE)
    with closing(watch):
        assert watch.look()[RESULT].waiting == 0
        with exchange, exchange.cursor() as cursor:
            cursor.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(reader)))
        try:
            with exchange, exchange.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (reader,))
            for _ in range(2):  # the connection that is lost, and none to be had
                with pytest.raises((SourceRefused, SourceUnavailable), match=r"bureau\.accept: "):
                    watch.look()
        finally:
            with exchange, exchange.cursor() as cursor:
                cursor.execute(sql.SQL("alter role {} login").format(sql.Identifier(reader)))
        arrive(exchange, [(granted, "T1")])
        assert watch.look()[RESULT].waiting == 1


# --- what is told, and when ---


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def look(waiting: int, batch: int, *, late: bool = False, brought: int = 0) -> dict[str, Look]:
    return {"x": Look(waiting, late, Mark(batch=batch, brought=brought))}


def test_a_burst_is_told_once_and_what_came_during_the_collect_when_that_has_ended() -> None:
    teller = Teller(Time())
    assert teller.consider(look(0, 1)) == {}
    assert teller.consider(look(3, 1)) == {"x": 3}
    assert [teller.consider(look(rows, 1)) for rows in (4, 9, 10)] == [{}, {}, {}]
    assert teller.consider(look(2, 2, brought=8)) == {"x": 2}
    assert teller.consider(look(0, 3, brought=2)) == {}
    assert teller.consider(look(1, 3, brought=2)) == {"x": 1}


def test_an_arrival_that_nobody_collects_is_told_again_after_pauses_that_grow() -> None:
    clock = Time()
    teller, told = Teller(clock), []
    for second in range(2000):
        clock.now = float(second)
        if teller.consider(look(1, 7)):
            told.append(second)
    assert told == [0, 60, 180, 420, 900, 1500]


def test_late_rows_that_a_collect_does_not_find_are_not_told_each_second() -> None:
    clock = Time()
    teller, told = Teller(clock), []
    for second in range(200):
        clock.now = float(second)
        if teller.consider(look(1, second, late=True)):  # a collect each second that finds nothing
            told.append(second)
    assert told == [0, 60, 180]
