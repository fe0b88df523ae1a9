"""From an approval in the exchange database to its licence and its package, through the running scheduler.

The one-box world runs as `make serve` runs it. Copies of granted approvals are written into the bureau's exchange
database, each under a number of its own: one after another, each as soon as the one before is archived, and in bursts
of ten. A latency goes from the commit there (the database's clock) to the moment the hub wrote down `published` and
`archived` (the same machine's clock). Beside it stands what the scheduler takes by itself: DAGs of the same shape, two
tasks and an asset and one task, in which every task returns at once, from the request to the end of the last task.
They take turns with the approvals, so both meet the same machine.

Usage: python -m benchmarks.latency --approvals 100 --bursts 5
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psycopg2
from rich.console import Console

from hub.context import open_hub
from onebox import airflow
from onebox.board import Board
from onebox.dag_files import dag_files
from onebox.layout import REPOSITORY, Layout
from onebox.sandbox import ROLE
from onebox.world import HUB_DATABASE, World
from tests.arriving import arrive

_EXCHANGE = "bureau_approval"
_BURST = 10
_LONGEST = 300.0
_EMPTY = '''"""Two tasks, an asset, one task: nothing in any of them."""

from datetime import datetime
from airflow.sdk import Asset, AssetAny, dag, task

ones = [Asset(name=f"nothing.{n}", uri=f"hub://nothing/{n}") for n in "ab"]

@dag(schedule=None, start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def empty_collect():
    for one in ones:
        @task(task_id=one.name.replace(".", "_"), outlets=[one])
        def nothing() -> int:
            return 0
        nothing()

@dag(schedule=AssetAny(*ones), start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def empty_issue():
    @task
    def decide() -> int:
        return 0
    decide()

empty_collect()
empty_issue()
'''

Connection = psycopg2.extensions.connection


class Bench:
    """The running world and what is asked of its databases."""

    def __init__(self, world: World, hub: Connection, exchange: Connection, scheduler: Connection) -> None:
        self.world, self.hub, self.exchange, self.scheduler = world, hub, exchange, scheduler
        self._number = int(time.time()) % 100_000 * 100
        self._granted = [
            row[0]
            for row in _rows(hub, "select approval from licence_version where state = 'archived' and cause = 'issue'")
        ]

    def arrive(self, count: int) -> dict[str, datetime]:
        """So many approvals, each in a transaction of its own; when each was committed."""
        committed = {}
        for _ in range(count):
            self._number += 1
            name = f"4201129999{self._number:010d}"
            committed[name] = arrive(self.exchange, [(self._granted[self._number % len(self._granted)], name)])
        return committed

    def latencies(self, committed: dict[str, datetime]) -> list[tuple[float, float]]:
        """Seconds to published and to archived of each, once all are archived."""
        wanted = "select v.approval, e.event, e.at from licence_version v join licence_event e on e.licence = v.id "
        wanted += "where v.approval = any(%s) and e.event in ('published', 'archived')"
        found: dict[tuple[str, str], datetime] = {}

        def done() -> bool:
            found.update({(row[0], row[1]): row[2] for row in _rows(self.hub, wanted, (list(committed),))})
            return len(found) == 2 * len(committed)

        self.wait(done, "licences")
        return [
            tuple((found[name, event] - at).total_seconds() for event in ("published", "archived"))  # type: ignore[misc]
            for name, at in committed.items()
        ]

    def empty(self, number: int) -> float:
        """Seconds of the empty DAGs, from the request to the end of the last task."""
        wanted = "select end_date from task_instance where dag_id = 'empty_issue' and task_id = 'decide' "
        wanted += "and state = 'success' and start_date >= %s"
        began = _rows(self.scheduler, "select clock_timestamp()")[0][0]
        self.world.api.trigger("empty_collect", f"bench_{number}")
        ended: list[datetime] = []

        def done() -> bool:
            ended[:] = [row[0] for row in _rows(self.scheduler, wanted, (began,))]
            return bool(ended)

        self.wait(done, "the empty DAG")
        took = (min(ended) - began).total_seconds()
        self.quiet()
        return float(took)

    def quiet(self) -> None:
        """Wait until the DAGs that take part have nothing to do."""
        wanted = "select count(*) from dag_run where state in ('queued', 'running') and dag_id = any(%s)"
        queue = "select count(*) from asset_dag_run_queue"
        names = ["collect_bureau", "issue_and_archive", "empty_collect", "empty_issue"]
        self.wait(
            lambda: _rows(self.scheduler, wanted, (names,))[0][0] == 0 and _rows(self.scheduler, queue)[0][0] == 0,
            "quiet",
        )

    def wait(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _LONGEST
        while not done():
            self.world.ensure_running()
            if time.monotonic() > end:
                raise SystemExit(f"still waiting for {what} after {_LONGEST:.0f} s")
            time.sleep(0.05)


def _rows(connection: Connection, query: str, arguments: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
    with connection, connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return cursor.fetchall()


def _line(name: str, values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
    return f"{name:44} {len(ordered):4} {statistics.median(ordered):8.2f} {p95:8.2f} {ordered[-1]:8.2f}"


def main(approvals: int, bursts: int) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="hub-latency-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        (folder / "dags").mkdir()
        for file in dag_files(REPOSITORY / "dags"):
            shutil.copy(file, folder / "dags" / file.name)
        (folder / "dags" / "empty.py").write_text(_EMPTY, encoding="utf-8")
        layout = Layout.of_checkout(folder / "var", folder / "dags")
        with Board(Console(quiet=True)) as board, World(layout, board, seed=1, size=400) as world:
            _measure(world, approvals, bursts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(world: World, approvals: int, bursts: int) -> None:
    with open_hub(world.settings) as hub:
        end = time.monotonic() + _LONGEST
        while not _rows(hub.connection, "select 1 from licence_version where state = 'archived'"):
            world.ensure_running()
            if time.monotonic() > end:
                raise SystemExit("the world issued nothing after its start")
            time.sleep(0.5)
    cluster = world.cluster
    with (
        closing(psycopg2.connect(cluster.url(HUB_DATABASE, role=HUB_DATABASE))) as hub_database,
        closing(psycopg2.connect(cluster.url(_EXCHANGE, role=ROLE))) as exchange,
        closing(psycopg2.connect(cluster.url(airflow.DATABASE, role=airflow.DATABASE))) as scheduler,
    ):
        bench = Bench(world, hub_database, exchange, scheduler)
        bench.quiet()
        one: list[tuple[float, float]] = []
        empty: list[float] = []
        for number in range(approvals):
            one += bench.latencies(bench.arrive(1))
            print(f"{number + 1} of {approvals}: {one[-1][1]:.1f} s", file=sys.stderr, flush=True)
            if number % 4 == 0:  # the rest follow one another without a pause
                bench.quiet()
                empty.append(bench.empty(number))
        many: list[tuple[float, float]] = []
        for _ in range(bursts):
            bench.quiet()
            many += bench.latencies(bench.arrive(_BURST))
        print(f"{'seconds':44} {'n':>4} {'median':>8} {'p95':>8} {'longest':>8}")
        print(_line("empty DAGs of as many tasks, request to end", empty))
        print(_line("an approval, commit to published", [row[0] for row in one]))
        print(_line("an approval, commit to archived", [row[1] for row in one]))
        if many:
            print(_line(f"in bursts of {_BURST}, commit to published", [row[0] for row in many]))
            print(_line(f"in bursts of {_BURST}, commit to archived", [row[1] for row in many]))
        _where(bench)


def _where(bench: Bench) -> None:
    """Where the time goes: medians over all runs that an arrival began, from the scheduler's own table."""
    rows = _rows(
        bench.scheduler,
        "select extract(epoch from min(t.start_date) - r.queued_at), extract(epoch from max(t.end_date) - "
        "min(t.start_date)), r.dag_id from dag_run r join task_instance t on t.dag_id = r.dag_id and "
        "t.run_id = r.run_id where r.run_type = 'asset_triggered' and t.start_date is not null and "
        "t.task_id in ('bureau_accept', 'bureau_result', 'decide', 'nothing_a') and t.state = 'success' "
        "group by r.id, r.dag_id, r.queued_at",
    )
    for dag_id, name in (("collect_bureau", "collect"), ("issue_and_archive", "decide, with the licence in it")):
        of = [row for row in rows if row[2] == dag_id]
        waited, took = (statistics.median(float(row[place]) for row in of) for place in (0, 1))
        print(f"{name}: {waited:.2f} s from queued run to started task, {took:.2f} s in tasks")
    empty = [float(row[1]) for row in rows if row[2] == "empty_issue"]
    print(f"an empty task: {statistics.median(empty):.2f} s from start to end")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--approvals", type=int, default=100, help="one after another (default: 100)")
    parser.add_argument("--bursts", type=int, default=5, help="bursts of ten after them (default: 5)")
    arguments = parser.parse_args()
    main(arguments.approvals, arguments.bursts)
