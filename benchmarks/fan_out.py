"""One large resource read in parts: what two workers bring over one, as processes alone and as Airflow's mapped tasks.

An exchange database of generated marriages (18 columns, two people a row) is read into an empty store, once in one
part and once in two. Between the start and the end of a reading lie plan, parts and close, not the start of Python.

- `processes`: workers that have imported everything wait for their parts. With the pool off, each judges its rows
  itself; `as it is`, a reading in one of 50,000 rows or more has further processes judge (`hub/judging_pool.py`).
- `Airflow`: the scheduler, the API server and the DAG processor of the one-box world run the DAG of the department,
  parts = 1 (one task) against parts = 2 (plan, two mapped tasks, close): from trigger to end, and inside the tasks.

Workers, the hub's PostgreSQL and the exchange database share the cores, and that is the bound: the processor time of
all of them, divided by the cores, is the least a reading can take here. It is printed beside the times.

Usage: python -m benchmarks.fan_out --rows 200000 --rounds 3
Figures are medians of the rounds; the ways take turns. `--airflow-rounds 0` leaves Airflow out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.marriages import RESOURCE, fill, marriages
from connectors import registry
from connectors.declaration import Declaration, load_all
from core.settings import Mode, Settings
from hub import judging_pool
from hub.context import open_hub
from hub.parts import close_parts, collect_part, plan_parts
from onebox import airflow, environment, ports
from onebox.airflow import Airflow
from onebox.airflow_api import AirflowApi
from onebox.files import write_secret
from onebox.layout import Layout
from onebox.postgres import Cluster
from onebox.sandbox import as_toml
from store.connection import fetch_all
from store.migrate import migrate
from store.vault import make_keyring

_NEVER = 10**9
_PARTS = 2
_REPOSITORY = Path(__file__).resolve().parent.parent

#: A file of DAGs that is the department's own, but for how the resource is declared and the pool of judging processes.
_DAG = """# a file that does not say "airflow" is not read by it
import dataclasses
from benchmarks import fan_out
from hub import sources

civil = next(one for one in sources.departments() if one.id == "civil")
sources.departments = list  # no DAG of another department
from dags import collect_departments

collect_departments.cron_of = lambda department: None  # begins when it is told to
resource = fan_out.declare({parts}, pooled={pooled})
made = collect_departments.collect_dag(dataclasses.replace(civil, id="{name}", resources=(resource,)))
"""


def declare(parts: int, *, pooled: bool) -> Declaration:
    """In this process the resource is read in so many parts, however few rows wait."""
    known = load_all()[RESOURCE]
    changed = known.model_copy(update={"access": known.access.model_copy(update={"parts": parts, "rows_a_part": 1})})
    every = {**load_all(), RESOURCE: changed}
    registry.load_all = lambda: every  # type: ignore[assignment]
    if not pooled:
        judging_pool.POOLED_FROM = _NEVER  # type: ignore[misc]
    return changed


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the whole table.

    Attributes:
        seconds: from plan to the end of close, or from trigger to the end of the run.
        inside: from the begin of the first task to the end of the last, gaps between tasks left out; Airflow only.
        worked: processor seconds of the workers and their children; None where Airflow ran them.
        served: processor seconds of PostgreSQL.
    """

    seconds: float
    served: float
    worked: float | None = None
    inside: float | None = None


class Bench:
    """A PostgreSQL with the exchange database, and an empty store for each reading."""

    def __init__(self, folder: Path, rows: int) -> None:
        folder.chmod(0o711)
        self.folder, self.rows = folder, rows
        self.layout = Layout.of_checkout(folder / "var", folder / "dags")
        self.layout.make()
        (folder / "var").chmod(0o711)
        self.layout.dags.mkdir()
        self.cluster = Cluster(folder / "postgres", secrets_folder=self.layout.secrets, durable=True)
        self.cluster.start()
        for role in ("hub", airflow.DATABASE):
            self.cluster.ensure_role(role)
        self.cluster.ensure_database(airflow.DATABASE, owner=airflow.DATABASE)
        self.cluster.ensure_database("exchange", owner="hub")
        write_secret(self.layout.hub_database_url, self.cluster.url("hub", role="hub") + "\n")
        exchange = self.cluster.url("exchange", role="hub")
        self.layout.sources.write_text(as_toml({"civil": {"dsn": exchange}}), encoding="utf-8")
        self.layout.sources.chmod(0o600)
        fill(exchange, marriages(rows))
        url = self.cluster.url("hub", role="hub")
        self.settings = Settings(self.layout.var, url, self.layout.sources, self.layout.keys, Mode.DEMO)
        make_keyring(self.settings.keys)

    def empty(self) -> None:
        """A store that holds nothing; what the server still has in memory is written out."""
        self.cluster.drop_database("hub")
        self.cluster.ensure_database("hub", owner="hub")
        migrate(self.settings.database_url)
        connection = psycopg2.connect(self.cluster.url())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")
        connection.close()

    def check(self, parts: int) -> None:
        """Stop where a reading was not what it should have been."""
        with open_hub(self.settings) as hub:
            held = fetch_all(hub.connection, "select count(*) from record_head")
            batch = fetch_all(hub.connection, "select landed, inserted, state, fault from batch")
            read_in = fetch_all(hub.connection, "select count(*), min(landed), max(landed) from batch_part")[0]
        if held != [(self.rows,)] or batch != [(self.rows, self.rows, "complete", None)]:
            raise SystemExit(f"the reading left {held}, {batch}")
        if parts > 1 and (read_in[0] != parts or read_in[2] > 1.1 * self.rows / parts):
            raise SystemExit(f"the parts were {read_in}")

    def served(self) -> float:
        """Processor seconds of PostgreSQL so far; those of a connection that has ended are the postmaster's."""
        (said,) = (self.folder / "postgres").rglob("postmaster.pid")
        master = int(said.read_text(encoding="ascii").splitlines()[0])
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat.parent.name) == master:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == master:
                total += sum(map(int, fields[11:13]))
        return total / os.sysconf("SC_CLK_TCK")


# --- processes ---


def work(home: str, pooled: bool) -> None:
    """A worker: reads part numbers, one a line; says what it cost when there are no more."""
    var = Path(home)
    settings = Settings(var, os.environ["HUB_DATABASE_URL"], var / "sources.toml", var / "keys", Mode.DEMO)
    declare(_PARTS, pooled=pooled)
    with open_hub(settings) as hub:
        print("ready", flush=True)
        for line in sys.stdin:
            collect_part(hub, RESOURCE, int(line))
            print("read", flush=True)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps(sum(one.ru_utime + one.ru_stime for one in used)))


def by_processes(bench: Bench, workers: int, parts: int, *, pooled: bool) -> Reading:
    """One reading by so many processes."""
    bench.empty()
    declare(parts, pooled=pooled)
    arguments = [sys.executable, "-m", "benchmarks.fan_out", "--worker", str(bench.layout.var), str(int(pooled))]
    with ExitStack() as stack:
        begun = [
            stack.enter_context(
                subprocess.Popen(
                    arguments,
                    env={**os.environ, "HUB_DATABASE_URL": bench.settings.database_url},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    bufsize=1,
                    cwd=_REPOSITORY,
                )
            )
            for _ in range(workers)
        ]
        hub = stack.enter_context(open_hub(bench.settings))
        for one in begun:
            _expect(one, "ready")
        served, start = bench.served(), time.perf_counter()
        planned = plan_parts(hub, RESOURCE)
        for number, part in enumerate(planned):
            _tell(begun[number % workers], f"{part}\n")
        for number, _ in enumerate(planned):
            _expect(begun[number % workers], "read")
        close_parts(hub, RESOURCE)
        seconds = time.perf_counter() - start
        worked = 0.0
        for one in begun:
            worked += json.loads(one.communicate()[0])
    bench.check(parts)
    return Reading(seconds, bench.served() - served, worked=worked)


def _tell(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        raise RuntimeError("a worker without a way in")
    process.stdin.write(line)
    process.stdin.flush()


def _expect(process: subprocess.Popen[str], word: str) -> None:
    said = process.stdout.readline().strip() if process.stdout else ""
    if said != word:
        raise SystemExit(f"a worker said {said!r}, not {word!r}")


# --- Airflow ---


@contextmanager
def scheduler(bench: Bench) -> Iterator[AirflowApi]:
    """The one-box world's Airflow with the two DAGs, but for the triggerer."""
    for name, parts, pooled in _DAGS:
        text = _DAG.format(name=name, parts=parts, pooled=pooled)
        (bench.layout.dags / f"{name}.py").write_text(text, encoding="utf-8")
    variables = environment.for_components(bench.layout)
    components = Airflow(bench.layout, bench.cluster, port=ports.pick(), environment=variables)
    try:
        components.begin_migration()
        components.finish_migration()
        components.start_services()
        components.start_scheduler()
        api = AirflowApi(components.url, airflow.ADMIN, components.admin_password())
        end = time.monotonic() + 120
        wanted = {f"collect_{name}" for name, _, _ in _DAGS}
        while api.unhealthy() != ["triggerer"] or not wanted <= {dag.dag_id for dag in api.dags()}:
            components_said = api.import_errors() if api.unhealthy() is not None else {}
            if components_said or time.monotonic() > end:
                raise SystemExit(f"Airflow did not come up: {components_said}")
            time.sleep(0.5)
        for name, parts, _ in _DAGS:
            api.make_pool(f"department_{name}", max(2, parts), "the benchmark's")
        yield api
    finally:
        components.stop()


#: (name, parts, whether readings may have further processes judge)
_DAGS = (("one", 1, False), ("two", _PARTS, False), ("one_pooled", 1, True), ("two_pooled", _PARTS, True))


def by_airflow(bench: Bench, api: AirflowApi, name: str, parts: int, number: int) -> Reading | None:
    """One run of a DAG, from trigger to end; None where it failed."""
    bench.empty()
    served, start = bench.served(), time.perf_counter()
    run = api.trigger(f"collect_{name}", f"bench_{number}")
    while (now := api.run(run.dag_id, run.run_id)).active:
        time.sleep(0.1)
    seconds = time.perf_counter() - start
    if now.state != "success":
        for task in api.tasks([run]):
            if task.state == "failed":
                print(*api.log_tail(task), sep="\n", file=sys.stderr)
        return None
    spent = bench.served() - served
    bench.check(parts)
    return Reading(seconds, spent, inside=_inside(bench, run.dag_id, run.run_id))


def _inside(bench: Bench, dag_id: str, run_id: str) -> float:
    """How long at least one task was at work, seconds."""
    connection = psycopg2.connect(bench.cluster.url(airflow.DATABASE, role=airflow.DATABASE))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select start_date, end_date from task_instance where dag_id = %s and run_id = %s "
            "and start_date is not null order by 1",
            (dag_id, run_id),
        )
        spans = cursor.fetchall()
    connection.close()
    total, until = 0.0, spans[0][0]
    for begin, end in spans:
        if end > until:
            total += (end - max(begin, until)).total_seconds()
            until = end
    return total


# --- the table ---


def main(rows: int, rounds: int, airflow_rounds: int) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/var/tmp"))
    found: dict[str, list[Reading]] = {}
    failed: list[str] = []
    bench = None
    try:
        bench = Bench(folder, rows)
        ways: list[tuple[str, int, int, bool]] = [
            ("one worker, one part", 1, 1, False),
            ("one worker, two parts", 1, _PARTS, False),
            ("two workers, two parts", 2, _PARTS, False),
            ("as it is: one worker, one part", 1, 1, True),
            ("as it is: two workers, two parts", 2, _PARTS, True),
        ]
        big = rows >= judging_pool.POOLED_FROM  # else the pool is off as it is
        for number in range(1, rounds + 1):
            for name, workers, parts, pooled in ways:
                if pooled and not big:
                    continue
                _progress(f"round {number} of {rounds}: {name}")
                found.setdefault(name, []).append(by_processes(bench, workers, parts, pooled=pooled))
        if airflow_rounds:
            _progress("Airflow begins")
            with scheduler(bench) as api:
                for number in range(1, airflow_rounds + 1):
                    for name, parts, pooled in _DAGS:
                        if pooled and not big:
                            continue
                        label = f"Airflow{' as it is' if pooled else ''}: parts = {parts}"
                        _progress(f"round {number} of {airflow_rounds}: {label}")
                        done = by_airflow(bench, api, name, parts, number)
                        if done is None:
                            failed.append(label)
                        else:
                            found.setdefault(label, []).append(done)
    finally:
        if bench is not None:
            bench.cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)
        if found:
            _table(found, rows)  # whatever ended it: what was measured stays worth knowing
    for label in failed:
        print(f"  {label}: a run FAILED and is not counted")
    if failed:
        raise SystemExit(1)


def _progress(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)


def _table(found: dict[str, list[Reading]], rows: int) -> None:
    cores = len(os.sched_getaffinity(0))
    print(f"{rows:,} rows of {len(load_all()[RESOURCE].columns)} columns, {cores} cores; medians, and each round")
    print(f"  {'':<34} {'s':>6} {'rows/s':>8}  {'PostgreSQL':>10} {'workers':>8} {'least':>6}   rounds, s")
    for name, readings in found.items():
        seconds, served = _median(readings, "seconds"), _median(readings, "served")
        told = f"  {name:<34} {seconds:>6.1f} {rows / seconds:>8,.0f}  {served:>8.1f} s"
        if readings[0].worked is not None:
            worked = _median(readings, "worked")
            told += f" {worked:>6.1f} s {(served + worked) / cores:>6.1f}"
        else:
            told += f" {'':>8} {'':>6}"
        print(f"{told}   {', '.join(f'{one.seconds:.1f}' for one in readings)}")
        if readings[0].inside is not None:
            inside = _median(readings, "inside")
            print(f"  {'  inside its tasks':<34} {inside:>6.1f} {rows / inside:>8,.0f}")
    print("PostgreSQL and workers: processor seconds; least: both divided by the cores")
    pairs = (
        ("two workers beside one, the pool off", "one worker, one part", "two workers, two parts"),
        ("the same two parts by two and by one", "one worker, two parts", "two workers, two parts"),
        ("as it is", "as it is: one worker, one part", "as it is: two workers, two parts"),
        ("Airflow, the pool off", "Airflow: parts = 1", f"Airflow: parts = {_PARTS}"),
        ("Airflow as it is", "Airflow as it is: parts = 1", f"Airflow as it is: parts = {_PARTS}"),
    )
    for title, one, two in pairs:
        if one in found and two in found:
            ratio = _median(found[one], "seconds") / _median(found[two], "seconds")
            print(f"  {title:<40} {ratio:.2f} times as fast{'' if ratio > 1 else ': two do not beat one'}")


def _median(readings: list[Reading], name: str) -> float:
    return statistics.median(float(getattr(one, name)) for one in readings)


def _arguments() -> Any:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--airflow-rounds", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3] == "1")
    else:
        chosen = _arguments()
        main(chosen.rows, chosen.rounds, chosen.airflow_rounds)
