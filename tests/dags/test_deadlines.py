"""A run that does not end by its deadline writes an alert into the hub: Airflow's scheduler and executor for real.

`dag.test()` knows no deadlines, so this starts Airflow as the one-box world does, and without a triggerer.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from hub.collect import collect
from hub.context import open_hub
from hub.freshness import alerts, watch
from hub.install import prepare
from hub.sources import source_states
from onebox import airflow, environment, ports
from onebox.airflow import Airflow
from onebox.airflow_api import AirflowApi
from onebox.files import write_secret
from onebox.layout import Layout
from onebox.postgres import Cluster
from store.connection import fetch_all
from tests.departments import Departments

#: Runs of so many seconds whose deadline lies so many seconds after they were queued.
_DAGS = """
from datetime import timedelta
import pendulum
from airflow.sdk import dag, task
from dags._deadlines import read_within

def lasting(name, seconds, deadline):
    @dag(dag_id=name, schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
         deadline=read_within(["civil.marriage", "hr.insurance", "education.enrolment"], timedelta(seconds=deadline)))
    def made():
        @task
        def last():
            import time
            time.sleep(abs(seconds))
            assert seconds >= 0
        last()
    return made()

slow = lasting("slow", 20, 3)
quick = lasting("quick", 0, 120)
failing = lasting("failing", -1, 6)
"""


class RunningAirflow:
    """Airflow's components but the triggerer, and a hub beside them."""

    def __init__(self, api: AirflowApi, settings: Settings, layout: Layout, ensure: Callable[[], None]) -> None:
        self.api, self.settings, self.layout, self._ensure = api, settings, layout, ensure

    def until(self, what: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            self._ensure()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.3)

    def log(self) -> str:
        return (self.layout.log / "airflow-scheduler.log").read_text(encoding="utf-8", errors="replace")[-6000:]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Below /var/tmp: run by root, PostgreSQL's own user must reach it."""
    made = Path(tempfile.mkdtemp(prefix="hub-deadline-", dir="/var/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def running(departments: Departments, folder: Path) -> Iterator[RunningAirflow]:
    (folder / "dags").mkdir()
    (folder / "dags" / "lasting.py").write_text(_DAGS, encoding="utf-8")
    layout = Layout.of_checkout(folder / "var", folder / "dags")
    layout.make()
    (folder / "var").chmod(0o711)
    departments.write_sources(layout.sources)
    with Cluster(folder / "postgres", secrets_folder=layout.secrets, durable=False) as cluster:
        for role in ("hub", airflow.DATABASE):
            cluster.ensure_role(role)
            cluster.ensure_database(role, owner=role)
        write_secret(layout.hub_database_url, cluster.url("hub", role="hub") + "\n")
        variables = environment.for_components(layout)
        settings = Settings.from_environment(variables)
        prepare(settings)
        components = Airflow(layout, cluster, port=ports.pick(), environment=variables)
        try:
            components.begin_migration()
            components.finish_migration()
            components.start_services()
            components.start_scheduler()
            api = AirflowApi(components.url, airflow.ADMIN, components.admin_password())
            world = RunningAirflow(api, settings, layout, cluster.ensure_running)
            world.until(lambda: api.unhealthy() == ["triggerer"])
            world.until(lambda: {"slow", "quick", "failing"} <= {dag.dag_id for dag in api.dags()})
            yield world
        finally:
            components.stop()


@pytest.mark.slow
def test_a_run_that_misses_its_deadline_writes_an_alert_for_what_it_has_not_read(running: RunningAirflow) -> None:
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
