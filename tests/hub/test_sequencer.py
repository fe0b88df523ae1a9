"""The thread that numbers entries: about every second, through a lost database, and to an end when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg2
import pytest

from hub import audit, licence_register
from hub.audit import Sequencer
from hub.context import Hub, open_hub
from hub.kept_logs import NAMES
from store.connection import fetch_all
from tests.hub.logs import add, superuser_of
from tests.hub.registers import issued


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_entries_get_numbers_while_it_runs_and_it_ends_when_told(hub: Hub) -> None:
    sequencer = Sequencer(hub.settings.database_url, ["audit", "register"], every=0.02)
    sequencer.start()
    entries = add(hub, 5)
    until(lambda: audit.size(hub) == 5)
    entries += add(hub, 1)
    until(lambda: audit.size(hub) == 6)
    sequencer.stop()
    sequencer.stop()
    add(hub, 1)
    time.sleep(0.2)
    assert audit.size(hub) == 6
    rows = fetch_all(hub.connection, "select entry::text from log_leaf order by seq")
    assert [row[0] for row in rows] == entries
    with pytest.raises(RuntimeError):
        sequencer.start()


def test_entries_of_the_licence_register_get_theirs_too(hub: Hub) -> None:
    sequencer = Sequencer(hub.settings.database_url, NAMES, every=0.02)
    sequencer.start()
    issued(hub, 2)
    add(hub, 1)
    until(lambda: licence_register.size(hub) == 2 and audit.size(hub) == 1)
    sequencer.stop()


def test_a_database_that_is_lost_is_taken_up_again(hub: Hub, postgres_url: str) -> None:
    sequencer = Sequencer(hub.settings.database_url, ["audit", "register"], every=0.02)
    sequencer.start()
    add(hub, 1)
    until(lambda: audit.size(hub) == 1)
    administrator = psycopg2.connect(postgres_url)
    administrator.autocommit = True
    with administrator.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> %s",
            (hub.connection.info.dbname, hub.connection.info.backend_pid),
        )
        assert cursor.rowcount == 1, "the sequencer's own"
    administrator.close()
    add(hub, 2)
    until(lambda: audit.size(hub) == 3)
    until(lambda: sequencer.trouble is None)
    sequencer.stop()


def test_a_database_that_is_not_there_is_told_and_kills_nothing() -> None:
    sequencer = Sequencer("postgresql://nobody:x@127.0.0.1:1/none", ["audit"], every=0.02)
    sequencer.start()
    until(lambda: "HUB-601" in (sequencer.trouble or ""))
    sequencer.stop()


def test_a_log_that_shrank_is_told_as_trouble(hub: Hub, postgres_url: str) -> None:
    attacker = superuser_of(hub, postgres_url)
    with attacker.at_work() as cursor:
        cursor.execute("insert into log_head values ('audit', 0, 9, %s, now(), '', '', null, 'none')", (b"r" * 32,))
    sequencer = Sequencer(hub.settings.database_url, ["audit", "register"], every=0.02)
    sequencer.start()
    until(lambda: "HUB-781" in (sequencer.trouble or ""))
    attacker.run("delete from log_head")
    add(hub, 1)
    until(lambda: audit.size(hub) == 1)
    sequencer.stop()


def test_many_write_while_two_sequencers_run_and_a_head_is_sealed_and_all_is_sound(hub: Hub) -> None:
    from tests.preparing import demo_keys

    demo_keys(hub.settings, hub.clock)
    sequencers = [Sequencer(hub.settings.database_url, ["audit", "register"], every=0.005) for _ in range(2)]
    for one in sequencers:
        one.start()
    written: list[str] = []

    def write() -> None:
        with open_hub(hub.settings, hub.clock) as own:
            written.extend(add(own, 60))

    writers = [threading.Thread(target=write) for _ in range(8)]
    for thread in writers:
        thread.start()
    while any(thread.is_alive() for thread in writers):
        audit.seal_head(hub)
        assert audit.verify(hub).sound
    for one in sequencers:
        one.stop()
    audit.seal_head(hub)
    report = audit.verify(hub)
    assert report.sound, report.findings
    assert (report.entries, report.covered, report.waiting) == (480, 480, 0)
    rows = fetch_all(hub.connection, "select entry::text from log_leaf order by seq")
    assert sorted(row[0] for row in rows) == sorted(written)
