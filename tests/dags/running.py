"""Airflow's components as the one-box world starts them, with a hub and a few DAG files of the test's own."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.settings import Settings
from onebox import airflow, environment, ports
from onebox.airflow import Airflow
from onebox.airflow_api import AirflowApi
from onebox.files import write_secret
from onebox.layout import Layout
from onebox.postgres import Cluster
from tests.departments import Departments
from tests.preparing import prepare

#: Runs of so many seconds whose deadline lies so many seconds after they were queued.
LASTING = """
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
#: The bureau's DAG and the issuing one are the real ones, but that the former has no times.
ARRIVING = """# a file that does not say "airflow" is not read by it
from hub import sources

bureau = next(one for one in sources.departments() if one.id == "bureau")
sources.departments = list  # no DAG of another department
from dags import collect_departments

collect_departments.cron_of = lambda department: None
collect = collect_departments.collect_dag(bureau)
from dags.issue_and_archive import issue_and_archive
issue = issue_and_archive()
"""


class RunningAirflow:
    """Airflow, and a hub beside it."""

    def __init__(
        self, api: AirflowApi, settings: Settings, layout: Layout, cluster: Cluster, components: Airflow
    ) -> None:
        self.api, self.settings, self.layout, self.cluster = api, settings, layout, cluster
        self._components = components

    def start_triggerer(self) -> None:
        """Only now, so that whoever ran before has shown that it needs none."""
        self._components.start_triggerer()
        self.until(lambda: self.api.unhealthy() == [])

    def until(self, what: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            self.cluster.ensure_running()
            assert time.monotonic() < deadline, self.log("scheduler") + self.log("triggerer")
            time.sleep(0.2)

    def log(self, component: str) -> str:
        file = self.layout.log / f"airflow-{component}.log"
        return file.read_text(encoding="utf-8", errors="replace")[-6000:] if file.exists() else ""

    @property
    def airflow_url(self) -> str:
        return self.cluster.url(airflow.DATABASE, role=airflow.DATABASE)


@contextmanager
def airflow_running(
    departments: Departments,
    dags: Mapping[str, str],
    *,
    wanted: set[str],
) -> Iterator[RunningAirflow]:
    """Start everything but the triggerer, and end it.

    Args:
        dags: texts of DAG files by name.
        wanted: DAGs that must be known before the block begins.
    """
    # Below /var/tmp: run by root, PostgreSQL's own user must reach it
    folder = Path(tempfile.mkdtemp(prefix="hub-airflow-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        (folder / "dags").mkdir()
        for name, text in dags.items():
            (folder / "dags" / name).write_text(text, encoding="utf-8")
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
                world = RunningAirflow(api, settings, layout, cluster, components)
                world.until(lambda: api.unhealthy() == ["triggerer"])
                world.until(lambda: wanted <= {dag.dag_id for dag in api.dags()})
                yield world
            finally:
                components.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
