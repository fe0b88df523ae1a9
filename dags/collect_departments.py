"""One DAG per department, generated from the declarations: `collect_<department>`, one task per resource.

For the operator: each task reads its resource from the stored cursor to where the source has no more.
A resource whose declaration says `parts` has a group of three: `plan` divides what waits, `part` reads
the parts at the same time (one where little waits), `close` checks and ends the batch. A part that
failed goes on where it stood, at its next try or in the next run; the batch stays open until then.
A department that is down fails its own DAG only; its task is retried, then shows the message with
source, page and next try. Running a DAG again at any time is safe. The department's pool
(`department_<id>`) bounds how many of its resources are read at once. The bureau's own approvals do not
wait for the schedule: Airflow's triggerer asks each second whether rows have arrived, and a run begins
when some have (HUB_ARRIVALS_SECONDS; 0 leaves it to the schedule). A run that takes so long that a
resource becomes late writes an alert (`hub freshness`) and goes on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pendulum
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, TaskGroup, TriggerRule, dag, task

from dags._arrivals import arrivals_of, seconds_between_looks
from dags._assets import asset_of
from dags._deadlines import read_within
from dags._outcome import airflow_outcome
from hub.freshness import run_allowance
from hub.sources import AT_ONCE, Department, cron_of, departments, parts_of

if TYPE_CHECKING:
    from hub.collect import Collected


@task
def collect_resource(resource: str) -> dict[str, int]:
    """Read one resource; what is handed on is numbers, never records."""
    from core.settings import Settings
    from hub.collect import collect
    from hub.context import open_hub
    from hub.parts import collect_left

    with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
        collect_left(hub, resource)  # where it was declared in parts until now
        return _numbers(collect(hub, resource))


@task(task_id="plan")
def plan(resource: str) -> list[int]:
    """Divide what waits; the numbers of the parts to be read. There are none where the batch only lacks its end."""
    from core.settings import Settings
    from hub.context import open_hub
    from hub.parts import plan_parts

    with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
        return plan_parts(hub, resource)


@task(task_id="part", map_index_template="part {{ task.op_kwargs['part'] }}")
def collect_part(resource: str, part: int) -> dict[str, int]:
    """Read one part to its end."""
    from core.settings import Settings
    from hub.context import open_hub
    from hub.parts import collect_part as collect

    with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
        counts = collect(hub, resource, part)
    return {
        "part": part,
        "landed": counts.landed,
        "accepted": counts.accepted,
        "unchanged": counts.unchanged,
        "quarantined": counts.quarantined,
    }


# not "all success": where no part is left to be read Airflow skips `part`, and the batch is closed all the same
@task(task_id="close", trigger_rule=TriggerRule.NONE_FAILED)
def close(resource: str) -> dict[str, int] | None:
    """Check and end the batch; None where a try that was cut off, or another run, has closed it already."""
    from core.settings import Settings
    from hub.context import open_hub
    from hub.parts import close_parts

    with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
        done = close_parts(hub, resource)
    return None if done is None else _numbers(done)


def _numbers(done: Collected) -> dict[str, int]:
    return {
        "batch": done.batch,
        "landed": done.counts.landed,
        "accepted": done.counts.accepted,
        "unchanged": done.counts.unchanged,
        "quarantined": done.counts.quarantined,
    }


def _schedule(department: Department) -> str | list[Asset] | AssetOrTimeSchedule | None:
    """The department's times; where rows are not to wait for them, their arrival too."""
    cron = cron_of(department)
    at_once = [one.name for one in department.resources if one.name in AT_ONCE]
    if not at_once or not seconds_between_looks():
        return cron
    arrivals = [arrivals_of(department.id, at_once)]
    if cron is None:
        return arrivals
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="Asia/Shanghai"), assets=arrivals)


def collect_dag(department: Department) -> DAG:
    """The DAG of one department."""

    @dag(
        dag_id=f"collect_{department.id}",
        dag_display_name=f"采集 {department.zh} · {department.resources[0].department.en}",
        schedule=_schedule(department),
        start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
        catchup=False,
        max_active_runs=1,
        default_args={
            "owner": "hub",
            "retries": 3,
            "retry_delay": timedelta(seconds=20),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=30),
            "pool": f"department_{department.id}",
        },
        deadline=read_within([one.name for one in department.resources], run_allowance(department.resources)),
        tags=["collect", f"department:{department.id}"],
        doc_md=f"{__doc__}\n" + "\n\n".join(resource.doc_md() for resource in department.resources),
    )
    def collect_department() -> None:
        for declaration in department.resources:
            name, outlets = declaration.name, [asset_of(declaration.name)]
            task_id, parts = name.replace(".", "_"), parts_of(declaration)
            if parts == 1:
                collect_resource.override(task_id=task_id, outlets=outlets)(name)
                continue
            with TaskGroup(task_id, tooltip=declaration.title):
                read = collect_part.override(max_active_tis_per_dagrun=parts).partial(resource=name)
                read.expand(part=plan(name)) >> close.override(outlets=outlets)(name)

    return collect_department()


for _department in departments():
    globals()[f"collect_{_department.id}"] = collect_dag(_department)
