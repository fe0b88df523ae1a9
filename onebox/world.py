"""Start and stop everything in order, one world a folder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType

from core.settings import Settings
from onebox import airflow, doctor, environment
from onebox.airflow import Airflow
from onebox.airflow_api import AirflowApi
from onebox.board import Board
from onebox.dag_files import dag_files
from onebox.errors import ComponentFailed, RunFailed
from onebox.files import write_secret
from onebox.guardian import Guardian
from onebox.layout import Layout
from onebox.lock import WorldLock
from onebox.ports import PortBook
from onebox.postgres import Cluster
from onebox.process import end_marked
from onebox.sandbox import Sandbox

HUB_DATABASE = "hub"
_PORTS = {"postgres": 54_320, "airflow": 8_780, "tax": 8_781, "hr": 8_782, "tsa": 8_783, "seal": 8_784, "web": 8_700}
_HEALTHY_SECONDS = 180.0
#: Runs of one department's tasks at the same time, where a task asks for a pool nobody has made.
_POOL_SLOTS = 2


class World:
    """PostgreSQL, the departments and Airflow, from `__enter__` to `__exit__`.

    Args:
        layout: where everything is written.
        board: where progress is shown.
        seed, size: what the departments hold (size is the number of companies).
        triggerer: whether Airflow gets the component that watches for arrivals; without it they wait for the schedule.
        preloaded: whether tasks start with their modules imported, as they were when the world began.
    """

    def __init__(
        self, layout: Layout, board: Board, *, seed: int, size: int, triggerer: bool = True, preloaded: bool = False
    ) -> None:
        self._layout = layout
        self._board = board
        self._seed = seed
        self._size = size
        self._triggerer = triggerer
        self._preloaded = preloaded
        self.environment = environment.for_components(layout)
        self._lock = WorldLock(layout.lock)
        self._cluster: Cluster | None = None
        self._sandbox: Sandbox | None = None
        self._airflow: Airflow | None = None
        self._guardian = Guardian(layout.var, self.environment)
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare")
        self._api: AirflowApi | None = None
        self._since = datetime.now(UTC)
        self.ports = PortBook(layout.ports)
        self.preferred_ports = dict(_PORTS)

    # --- what is running ---

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def settings(self) -> Settings:
        """The hub's settings in this world."""
        return Settings.from_environment(self.environment)

    @property
    def cluster(self) -> Cluster:
        """The world's PostgreSQL."""
        if self._cluster is None:
            raise ComponentFailed("PostgreSQL is not running.")
        return self._cluster

    @property
    def api(self) -> AirflowApi:
        """Airflow's API, logged in."""
        if self._api is None:
            raise ComponentFailed("Airflow is not running.")
        return self._api

    def ensure_running(self) -> None:
        """Raise ComponentFailed when a component has ended by itself."""
        for part in (self._cluster, self._sandbox, self._airflow):
            if part is not None:
                part.ensure_running()

    # --- life ---

    def __enter__(self) -> World:
        doctor.require(doctor.examine(self._layout))
        self._lock.take()
        try:
            self._start()
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        row = self._board.begin("Stopping everything")
        self._stop_all()
        row.done("nothing left running")

    def _start(self) -> None:
        self._layout.make()
        if ended := end_marked(self._layout.var):
            self._board.say(f"  ended {ended} process(es) an earlier, cut-off run had left behind")
        for log in self._layout.log.glob("*.log"):
            if log.stat().st_size > 20_000_000:
                log.unlink()

        self._guardian.start()
        row = self._board.begin("PostgreSQL")
        cluster = self._start_postgres()
        row.done(f"port {cluster.port}")

        # From here on things overlap: the departments make their data while Airflow makes its tables;
        # the hub is prepared while Airflow's services come up. The scheduler comes last, so that no
        # run it owes from an earlier day starts before the hub is ready for it.
        departments = self._board.begin(
            "Departments 民政 · 税务 · 人社 · 市场监管 · 公安 · 卫健 · 住建 · 共享平台 · 审批局"
        )
        self._sandbox = Sandbox(
            self._layout,
            cluster,
            seed=self._seed,
            size=self._size,
            tax_port=self.port("tax"),
            hr_port=self.port("hr"),
            tsa_port=self.port("tsa"),
            seal_port=self.port("seal"),
            environment=self.environment,
        )
        self._sandbox.start()
        tables = self._board.begin("Airflow's tables")
        self._airflow = Airflow(self._layout, cluster, port=self.port("airflow"), environment=self.environment)
        migrating = self._airflow.begin_migration()
        if not migrating:
            tables.done("as they should be")
            self._airflow.start_services()
        self._sandbox.wait()
        self._sandbox.write_sources()
        self._sandbox.write_press()
        departments.done(f"{self._size} companies, seed {self._seed}")
        hub = self._board.begin("Hub: tables, keys, seals 枢纽")
        prepared = self._hands.submit(_prepare, self.settings)
        if migrating:
            self._airflow.finish_migration()
            tables.done("made")
            self._airflow.start_services()
        services = self._board.begin("Airflow's services")
        self._wait_for(prepared)
        hub.done("ready")
        self._airflow.start_scheduler(preloaded=self._preloaded)
        self._api = AirflowApi(self._airflow.url, airflow.ADMIN, self._airflow.admin_password())
        self._wait_healthy(services.note)
        self._clear_cut_off_runs()
        self._wait_parsed(services.note)
        self._make_pools()
        if self._triggerer:
            self._airflow.start_triggerer()
        services.done(self._airflow.url)

    def _start_postgres(self) -> Cluster:
        layout = self._layout
        self._cluster = cluster = Cluster(
            layout.postgres,
            secrets_folder=layout.secrets,
            port=self.port("postgres"),
            log=layout.log / "postgres.log",
        )
        cluster.start()
        for role, database in ((HUB_DATABASE, HUB_DATABASE), (airflow.DATABASE, airflow.DATABASE)):
            cluster.ensure_role(role)
            cluster.ensure_database(database, owner=role)
        write_secret(layout.hub_database_url, cluster.url(HUB_DATABASE, role=HUB_DATABASE) + "\n")
        return cluster

    def port(self, name: str) -> int:
        """A free port for a component, the same as last time where possible."""
        return self.ports.take(name, self.preferred_ports[name])

    # --- waiting ---

    def _wait_for(self, work: Future[None]) -> None:
        while not work.done():
            self.ensure_running()
            time.sleep(0.05)
        work.result()

    def _wait(self, missing: Callable[[], str], note: Callable[[str], None]) -> None:
        """Wait until `missing` has nothing to name; raise ComponentFailed when it takes too long."""
        deadline = time.monotonic() + _HEALTHY_SECONDS
        while what := missing():
            self.ensure_running()
            if time.monotonic() > deadline:
                raise ComponentFailed(
                    f"after {_HEALTHY_SECONDS:.0f} s still waiting for {what}. The logs are in {self._layout.log}."
                )
            note(f"awaits {what}")
            time.sleep(0.2)

    def _wait_healthy(self, note: Callable[[str], None]) -> None:
        warmed = False

        def missing() -> str:
            nonlocal warmed
            sick = self.api.unhealthy()
            if sick is None:
                return "the API server"
            if not warmed:  # beside the others' coming up
                warmed = True
                self._hands.submit(self.api.warm_up)
            return ", ".join(part for part in sick if part != "triggerer")

        self._wait(missing, note)

    def _wait_parsed(self, note: Callable[[str], None]) -> None:
        """Wait until every DAG file has been read by this world's processor, not by an earlier one."""
        files = dag_files(self._layout.dags)

        def missing() -> str:
            if errors := self.api.import_errors():
                file, trace = next(iter(sorted(errors.items())))
                raise RunFailed(f"the DAG file {file} cannot be read:\n{trace.rstrip()}")
            read = {dag.file for dag in self.api.dags() if dag.parsed is not None and dag.parsed >= self._since}
            return ", ".join(sorted(file.name for file in files if str(file) not in read))

        self._wait(missing, note)

    def _clear_cut_off_runs(self) -> None:
        """Give up runs an earlier world left unfinished; Airflow itself would wait 5 minutes for their heartbeat."""
        for run in self.api.runs(states=("queued", "running")):
            if run.started is not None and run.started < self._since:
                self.api.give_up(run)

    def _make_pools(self) -> None:
        # here, not above, as in `_prepare`
        from hub.sources import pools

        slots = pools()
        wanted = {pool for dag in self.api.dags() for pool in self.api.pools_asked_for(dag.dag_id)}
        for pool in sorted(wanted - self.api.pools().keys()):
            self.api.make_pool(pool, slots.get(pool, _POOL_SLOTS), f"runs at the same time against {pool}")

    # --- end ---

    def _stop_all(self) -> None:
        with contextlib.ExitStack() as stack:  # each step is tried even when one before it fails
            stack.callback(self._lock.release)
            stack.callback(end_marked, self._layout.var)
            stack.callback(self._guardian.dismiss)
            if self._cluster is not None:
                stack.callback(self._cluster.stop)
            if self._sandbox is not None:
                stack.callback(self._sandbox.stop)
            if self._airflow is not None:
                stack.callback(self._airflow.stop)
            if self._sandbox is not None:
                stack.callback(self._sandbox.ask_to_stop)
            stack.callback(self._hands.shutdown, wait=False, cancel_futures=True)


def _prepare(settings: Settings) -> None:
    # here, not above: `doctor` must work where a part of the hub cannot be imported
    from hub.install import prepare

    prepare(settings)
