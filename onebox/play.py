"""The demo's main job: collect from every department, wait for issuing and archiving, tell what failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from onebox.airflow_api import ACTIVE, AirflowApi, Run, TaskRun
from onebox.board import Board, Row
from onebox.errors import RunFailed

COLLECT_TAG = "collect"
ISSUE = "issue_and_archive"
_PATIENCE_SECONDS = 900.0
#: How long after the last collection an asset may take to start the DAG that waits for it.
_ASSET_SECONDS = 2.0
_LOOK_SECONDS = 0.5


class Play:
    """One performance on a running Airflow.

    Args:
        api: Airflow's API, logged in.
        board: where progress is shown.
        alive: raises when a component has died; asked while waiting.
    """

    def __init__(self, api: AirflowApi, board: Board, alive: Callable[[], None]) -> None:
        self._api = api
        self._board = board
        self._alive = alive
        self._began = datetime.now(UTC)
        self._told: set[tuple[str, str, int, int]] = set()

    def perform(self) -> None:
        """Trigger, watch, and return when all is collected, issued and archived.

        Raises:
            RunFailed: a DAG failed, is missing, or was not done within 15 minutes.
        """
        dags = {dag.dag_id: dag for dag in self._api.dags()}
        titles = {dag_id: dag.title for dag_id, dag in dags.items() if COLLECT_TAG in dag.tags}
        if not titles or ISSUE not in dags:
            raise RunFailed(f"no DAG `{ISSUE}`, or none with the tag `{COLLECT_TAG}`; is it the right folder of DAGs?")
        for dag_id in (*titles, ISSUE):
            self._api.unpause(dag_id)
        run_id = f"demo__{self._began:%Y-%m-%dT%H:%M:%S.%f}"
        rows = {dag_id: self._board.begin(title, total=1) for dag_id, title in titles.items()}
        rows[ISSUE] = self._board.begin(dags[ISSUE].title, total=1)
        # what a schedule has just begun need not be asked for twice
        owed = {run.dag_id: run for run in self._api.runs(states=ACTIVE)}
        runs = [owed.get(dag_id) or self._api.trigger(dag_id, run_id) for dag_id in titles]
        runs = self._watch_collections(runs, rows)
        self._judge(runs)
        collected = max((run.ended for run in runs if run.ended), default=self._began)
        self._watch_issue(collected, rows[ISSUE])

    # --- watching ---

    def _watch_collections(self, runs: Sequence[Run], rows: dict[str, Row]) -> list[Run]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            # few questions a look, whatever the number of departments: asking costs the API server time
            seen = {(run.dag_id, run.run_id): run for run in self._api.runs(since=self._began)}
            runs = [seen.get((run.dag_id, run.run_id)) or self._now(run) for run in runs]
            issues = [run for run in seen.values() if run.dag_id == ISSUE]
            tasks = self._api.tasks([*runs, *issues])
            for run in runs:
                of_run = [task for task in tasks if (task.dag_id, task.run_id) == (run.dag_id, run.run_id)]
                self._show(rows[run.dag_id], of_run)
                if not run.active:
                    self._end(rows[run.dag_id], run, of_run)
            self._show(rows[ISSUE], [task for task in tasks if task.dag_id == ISSUE])
            if not any(run.active for run in runs):
                return list(runs)
            self._pause(deadline, [run for run in runs if run.active])

    def _watch_issue(self, collected: datetime, row: Row) -> None:
        """Wait for a run of the issuing DAG that began after everything was collected, and for all others."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        quiet_since = time.monotonic()
        while True:
            runs = self._issues()
            active = [run for run in runs if run.active]
            self._show(row, self._api.tasks(runs))
            if active:
                quiet_since = time.monotonic()
            elif any(run.started and run.started >= collected for run in runs):
                self._judge(runs)
                row.done(_count(len(runs), "run"))
                return
            elif time.monotonic() - quiet_since > _ASSET_SECONDS:
                # the assets' updates were all taken up by an earlier run, or nothing was new
                self._api.trigger(ISSUE, f"demo__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}")
                quiet_since = time.monotonic()
            self._pause(deadline, active)

    def _now(self, run: Run) -> Run:
        """A run whose time was before ours; asked for by itself while it lasts."""
        return self._api.run(run.dag_id, run.run_id) if run.active else run

    def _issues(self) -> list[Run]:
        return self._api.runs(ISSUE, since=self._began)

    def _pause(self, deadline: float, waiting_for: Sequence[Run]) -> None:
        self._alive()
        if time.monotonic() > deadline:
            names = ", ".join(sorted({run.dag_id for run in waiting_for})) or ISSUE
            raise RunFailed(
                f"{names} did not finish within {_PATIENCE_SECONDS / 60:.0f} minutes. What is done is kept; "
                "`make demo` goes on from there, `make serve` shows the runs in Airflow."
            )
        time.sleep(_LOOK_SECONDS)

    def _show(self, row: Row, tasks: Sequence[TaskRun]) -> None:
        at_work = sorted({task.task_id for task in tasks if task.state == "running"})
        row.update(sum(task.done for task in tasks), max(len(tasks), 1), ", ".join(at_work))
        for task in tasks:
            told = (task.dag_id, task.task_id, task.map_index, task.try_number)
            if task.state == "up_for_retry" and told not in self._told:
                self._told.add(told)
                self._board.say(f"  {task.dag_id}.{task.task_id} failed and is tried again:\n{self._log(task, 4)}")

    def _end(self, row: Row, run: Run, tasks: Sequence[TaskRun]) -> None:
        if run.state == "success":
            # the group of a resource that is read in parts is one resource
            row.done(_count(len({task.task_id.partition(".")[0] for task in tasks}), "resource"))
        else:
            row.failed(run.state)

    # --- what failed ---

    def _judge(self, runs: Sequence[Run]) -> None:
        failed = [run for run in runs if run.state == "failed"]
        if not failed:
            return
        culprits = [task for task in self._api.tasks(failed) if task.state == "failed"]
        said = [f"{', '.join(sorted({run.dag_id for run in failed}))} failed. What was done before is kept."]
        for task in culprits:
            part = f"[{task.map_index}]" if task.map_index >= 0 else ""
            said.append(f"Task {task.dag_id}.{task.task_id}{part}, try {task.try_number}; its log ends:")
            said.append(self._log(task, 12))
        said.append("`make demo` tries again from there; `make serve` shows the whole logs in Airflow.")
        raise RunFailed("\n".join(said))

    def _log(self, task: TaskRun, lines: int) -> str:
        tail = self._api.log_tail(task, lines)
        return "\n".join(f"    {line}" for line in tail) or "    (no log)"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
