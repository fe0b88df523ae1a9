"""What has to run where Airflow is imported: a process of its own, so that no other test gets to see Airflow.

`python -m tests.dags.inside parse OUT` reads the DAG files and tells what is in them, `… outcomes OUT` what becomes of
our errors; both write JSON to OUT. `… play OUT` makes Airflow's tables, then takes lines of orders (see `Order`) from
standard input, runs their DAGs in this process, and writes a line to OUT for each.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict

DAGS = Path(__file__).resolve().parents[2] / "dags"

#: What a file may not do while it is parsed (names of Python's audit events).
_FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.fork")


class Order(TypedDict, total=False):
    """One run: `environment` holds while it runs, `heal` is set when a task is up for retry.

    `answers` is what a person answers to the questions of the run: words of a question's subject → the option chosen,
    by whom (None: the time ran out) and what was filled in. `access` changes how resources are declared to be read:
    of a resource some of its access. What the DAG is made of stays as it was parsed. `params` is the form filled in.
    """

    dag: str
    environment: dict[str, str]
    heal: dict[str, str]
    answers: dict[str, Answer]
    access: dict[str, dict[str, Any]]
    params: dict[str, Any]


class Answer(TypedDict):
    """One person's answer."""

    option: str
    by: str | None
    filled_in: dict[str, str]


def parse() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    seen: list[str] = []
    sys.addaudithook(lambda event, details: seen.append(f"{event} {details!r}") if event in _FORBIDDEN else None)
    files, dags = {}, []
    for file in sorted(DAGS.glob("*.py")):
        before, began = len(seen), time.monotonic()
        bag = DagBag(str(file))
        files[file.name] = {
            "seconds": time.monotonic() - began,
            "errors": list(bag.import_errors.values()),
            "reached for": seen[before:],
            "dags": sorted(bag.dags),
        }
        dags += [_told(dag) for dag in bag.dags.values()]
    return {"files": files, "dags": {dag["id"]: dag for dag in dags}}


def _cron(schedule: Any) -> str | None:
    """The expression, with its time zone where the schedule has one of its own."""
    if isinstance(schedule, str):
        return schedule
    schedule = getattr(schedule, "timetable", schedule)  # of one that goes by assets too
    expression = getattr(schedule, "expression", None)
    return None if expression is None else f"{expression} {schedule.timezone}"


def _told(dag: Any) -> dict[str, Any]:
    condition = getattr(dag.schedule, "asset_condition", dag.schedule)
    waited_for = getattr(condition, "objects", [])
    assets = [asset.name for asset in waited_for]
    return {
        "id": dag.dag_id,
        "title": dag.dag_display_name,
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "cron": _cron(dag.schedule),
        "waits for": sorted(assets),
        "watched by": {
            watcher.name: list(watcher.trigger.serialize()) for asset in waited_for for watcher in asset.watchers
        },
        "deadlines": [
            {
                "reference": one.reference.reference_name,
                "seconds": one.interval.total_seconds(),
                "callback": f"{type(one.callback).__name__} {one.callback.path}",
                **one.callback.kwargs,
            }
            for one in dag.deadline or []
        ],
        "waits for any": type(dag.schedule).__name__ == "AssetAny",
        "tasks": {
            task.task_id: {
                "retries": task.retries,
                "delay": task.retry_delay.total_seconds(),
                "pool": task.pool,
                "outlets": [outlet.name for outlet in task.outlets],
                "at once": task.max_active_tis_per_dagrun,
                "before": sorted(task.downstream_task_ids),
                "operator": task.task_type,
                "mapped": task.is_mapped,
            }
            for task in dag.tasks
        },
    }


def play(out: Path) -> None:
    """Run what is ordered until nothing more comes: to start Airflow takes longer than most runs."""
    from airflow import settings
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(str(DAGS))
    for line in sys.stdin:
        with _environment(json.loads(line)["environment"]):
            told = [_run(bag.dags[order["dag"]], order) for order in json.loads(line)["orders"]]
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(told, ensure_ascii=False) + "\n")
    settings.dispose_orm()


def _run(dag: Any, order: Order) -> dict[str, Any]:
    retried: list[str] = []

    def on_retry(context: Any) -> None:
        retried.append(context["task_instance"].task_id)
        os.environ.update(order.get("heal", {}))

    # Airflow 3.3.2 looks a deadline up under its row's id when a run ends well, and `dag.test()` makes no row.
    dag.deadline = None
    for task in dag.tasks:
        # do not wait for minutes
        if task.is_mapped:
            task.partial_kwargs |= {"retry_delay": timedelta(0), "on_retry_callback": [on_retry]}
        else:
            task.retry_delay, task.on_retry_callback = timedelta(0), [on_retry]
    with (
        _environment(order.get("environment", {})),
        _answering(order.get("answers", {})) as asked,
        _declared(order.get("access", {})),
    ):
        run = dag.test(run_conf=order.get("params"))
    return {
        "run": run.run_id,
        "state": str(run.state),
        "retried": sorted(retried),
        "asked": asked,
        "tasks": {
            _name(one.task_id, one.map_index): [str(one.state), one.try_number]
            for one in sorted(run.get_task_instances(), key=lambda one: (one.task_id, one.map_index))
        },
    }


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    usual = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(usual)


@contextmanager
def _declared(access: dict[str, dict[str, Any]]) -> Iterator[None]:
    from connectors import registry

    usual = registry.load_all
    changed = dict(usual())
    for name, some in access.items():
        known = changed[name]
        changed[name] = known.model_copy(update={"access": known.access.model_copy(update=some)})
    registry.load_all = lambda folder=None: changed
    try:
        yield
    finally:
        registry.load_all = usual


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


@contextmanager
def _answering(answers: dict[str, Answer]) -> Iterator[dict[str, str]]:
    """A person at Airflow's page: what the API writes when an answer comes in, written by another thread."""
    asked: dict[str, str] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            _answer(answers, asked)

    person = threading.Thread(target=watch)
    if answers:
        person.start()
    try:
        yield asked
    finally:
        over.set()
        if answers:
            person.join()


def _answer(answers: dict[str, Answer], asked: dict[str, str]) -> None:
    from airflow.models.hitl import HITLDetail, HITLUser
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from airflow.utils import timezone
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    with create_session() as session:
        for detail in session.scalars(select(HITLDetail).where(HITLDetail.responded_at.is_(None))):
            task = session.get(TaskInstance, detail.ti_id, with_for_update={"of": TaskInstance})
            if task is None or task.state != TaskInstanceState.AWAITING_INPUT:
                continue
            asked[detail.subject] = detail.body or ""
            chosen = next(answer for words, answer in answers.items() if words in detail.subject)
            who = chosen["by"]
            detail.responded_by = None if who is None else HITLUser(id=who, name=who)
            detail.responded_at = timezone.utcnow()
            detail.chosen_options, detail.params_input = [chosen["option"]], chosen["filled_in"]
            event = TriggerEvent(detail.as_resume_event_payload(timedout=who is None))
            handle_event_submit(event, task_instance=task, session=session)


def outcomes() -> dict[str, str]:
    from airflow.sdk.exceptions import AirflowFailException

    from core.errors import Permanent, Rejected, Retryable
    from dags._outcome import airflow_outcome

    def outcome_of(error: Exception) -> str:
        try:
            with airflow_outcome():
                raise error
        except (AirflowFailException, Retryable) as raised:
            return f"{type(raised).__name__}: {raised}"

    errors = (Retryable("again"), Permanent("stop"), Rejected("one row"), KeyError("110105194912310021"))
    return {type(error).__name__: outcome_of(error) for error in errors}


if __name__ == "__main__":
    what, out = sys.argv[1], Path(sys.argv[2])
    if what == "play":
        play(out)
    else:
        done = {"parse": parse, "outcomes": outcomes}[what]()
        out.write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")
