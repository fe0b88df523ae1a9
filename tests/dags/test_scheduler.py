"""What only a running Airflow shows: a deadline that is missed, and an arrival that leads to a licence by no schedule.

`dag.test()` knows neither deadlines nor triggers, so scheduler, executor and triggerer run here as the one-box world
starts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from core.settings import Settings
from hub.collect import collect
from hub.context import open_hub
from hub.deposit import deposit_all
from hub.freshness import alerts, watch
from hub.issue import decide, issue_all
from hub.sources import AT_ONCE, source_states
from store.connection import fetch_all
from tests.arriving import arrive, exchange_database
from tests.dags.running import ARRIVING, LASTING, RunningAirflow, airflow_running
from tests.departments import EVIDENCE, Departments

_COLLECT, _ISSUE = "collect_bureau", "issue_and_archive"

Exchange = psycopg2.extensions.connection


@pytest.fixture(scope="module")
def running(departments: Departments) -> Iterator[RunningAirflow]:
    """Airflow, started once for all of these; it keeps a core busy for as long as it runs."""
    dags = {"lasting.py": LASTING, "arriving.py": ARRIVING}
    wanted = {"slow", "quick", "failing", "collect_bureau", "issue_and_archive"}
    with airflow_running(departments, dags, wanted=wanted) as world:
        yield world


@pytest.mark.slow
def test_a_run_that_misses_its_deadline_writes_an_alert_for_what_it_has_not_read(running: RunningAirflow) -> None:
    # without a triggerer: none is needed for this
    with open_hub(running.settings) as hub:
        run = running.api.trigger("slow", "late")
        collect(hub, "hr.insurance")  # read in time, whoever read it
        running.until(lambda: fetch_all(hub.connection, "select 1 from freshness_alert"), seconds=40)
        assert running.api.run(run.dag_id, run.run_id).active  # noticed while it runs, not at its end
        (alert,) = alerts(hub)
        assert (alert.resource, alert.kind, alert.noticed_by) == ("civil.marriage", "late", "airflow")
        assert 0 < (alert.noticed_at - alert.due).total_seconds() < 40
        assert {one.resource: one.state for one in source_states(hub)}["civil.marriage"] == "late"
        running.until(lambda: not running.api.run(run.dag_id, run.run_id).active, seconds=60)

        in_time = running.api.trigger("quick", "in-time")
        running.until(lambda: not running.api.run(in_time.dag_id, in_time.run_id).active)
        collect(hub, "civil.marriage")
        watch(hub)
        assert alerts(hub) == []
        (closed,) = alerts(hub, closed=True)
        assert closed.closed_as == "data came"

        # a run that failed before its deadline has not read either
        failed = running.api.trigger("failing", "failed")
        running.until(lambda: len(alerts(hub)) == 2, seconds=60)
        assert running.api.run(failed.dag_id, failed.run_id).state == "failed"
        assert {alert.resource for alert in alerts(hub)} == {"civil.marriage", "hr.insurance"}
    kept = running.layout.log / "airflow" / "executor_callbacks"
    assert not (kept / "quick").exists()
    logs = [file.read_text(encoding="utf-8") for file in (kept / "slow").rglob("*") if file.is_file()]
    assert len(logs) == 1 and "civil.marriage is late" in logs[0] and "hr.insurance" not in logs[0]


def _all_there_is(settings: Settings) -> None:
    with open_hub(settings) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
        issue_all(hub, decide(hub).to_issue)
        deposit_all(hub)


def _runs(world: RunningAirflow, dag_id: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(world.airflow_url)) as connection, connection.cursor() as cursor:
        cursor.execute("select run_type, state from dag_run where dag_id = %s order by id", (dag_id,))
        return cursor.fetchall()


def _events(world: RunningAirflow) -> list[Any]:
    with closing(psycopg2.connect(world.airflow_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select e.extra from asset_event e join asset a on a.id = e.asset_id where a.name = 'bureau.arrivals'"
        )
        return [json.loads(extra) if isinstance(extra, str) else extra for (extra,) in cursor]


@pytest.mark.slow
def test_what_arrives_is_issued_and_archived_by_its_arrival(
    running: RunningAirflow, departments: Departments, postgres_url: str
) -> None:
    _all_there_is(running.settings)
    running.api.make_pool("department_bureau", 2, "the test's")
    running.start_triggerer()
    reader = departments.ready["bureau"]["dsn"].partition("//")[2].partition(":")[0]
    with open_hub(running.settings) as hub, exchange_database(departments, postgres_url) as exchange:
        (granted,) = fetch_all(
            hub.connection, "select approval from licence_version where state = 'archived' and cause = 'issue' limit 1"
        )[0]

        def archived() -> set[str]:
            rows = fetch_all(
                hub.connection,
                "select approval from licence_version where state = 'archived' and approval like 'T%%'",
            )
            return {row[0] for row in rows}

        def quiet() -> bool:
            return all(state == "success" for dag in (_COLLECT, _ISSUE) for _, state in _runs(running, dag))

        arrive(exchange, [(granted, "T1")])
        running.until(lambda: archived() == {"T1"}, seconds=90)

        # a burst, committed one by one, is a run or, where it begins in the middle of one, two
        running.until(quiet)
        before = len(_runs(running, _COLLECT))
        burst = [f"T2{number}" for number in range(6)]
        for name in burst:
            arrive(exchange, [(granted, name)])
        running.until(lambda: archived() >= set(burst), seconds=90)
        assert len(_runs(running, _COLLECT)) - before <= 2

        # one that comes while a run is under way is not lost
        running.until(quiet)
        arrive(exchange, [(granted, "T3")])
        running.until(lambda: any(state == "running" for _, state in _runs(running, _COLLECT)))
        arrive(exchange, [(granted, "T4")])
        running.until(lambda: archived() >= {"T3", "T4"}, seconds=90)

        # a source that is gone does not end the watch
        running.until(quiet)
        with exchange, exchange.cursor() as cursor:
            cursor.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(reader)))
        try:
            with exchange, exchange.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (reader,))
            arrive(exchange, [(granted, "T5")])
            running.until(lambda: running.log("triggerer").count("no look at bureau.accept, bureau.result") >= 2)
            assert "T5" not in archived()
        finally:
            with exchange, exchange.cursor() as cursor:
                cursor.execute(sql.SQL("alter role {} login").format(sql.Identifier(reader)))
        running.until(lambda: "T5" in archived(), seconds=90)

    assert {kind for dag in (_COLLECT, _ISSUE) for kind, _ in _runs(running, dag)} == {"asset_triggered"}
    events = _events(running)
    assert events and all(set(event) == {"from_trigger", "payload"} for event in events)
    assert all(set(event["payload"]) == {"waiting"} for event in events)
    assert {name for event in events for name in event["payload"]["waiting"]} == set(AT_ONCE)
    assert all(isinstance(rows, int) for event in events for rows in event["payload"]["waiting"].values())
