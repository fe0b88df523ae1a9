"""One DAG per department, generated from the declarations: `collect_<department>`, one task per resource.

For the operator: each task reads its resource from the stored cursor to where the source has no more.
A department that is down fails its own DAG only; its task is retried, then shows the message with
source, page and next try. Running a DAG again at any time is safe. The department's pool
(`department_<id>`) bounds how many of its resources are read at once. A run that takes so long that a
resource becomes late writes an alert (`hub freshness`) and goes on.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, dag, task

from dags._assets import asset_of
from dags._deadlines import read_within
from dags._outcome import airflow_outcome
from hub.freshness import run_allowance
from hub.sources import Department, cron_of, departments


@task
def collect_resource(resource: str) -> dict[str, int]:
    """Read one resource; what is handed on is numbers, never records."""
    from core.settings import Settings
    from hub.collect import collect
    from hub.context import open_hub

    with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
        done = collect(hub, resource)
    return {
        "batch": done.batch,
        "landed": done.counts.landed,
        "accepted": done.counts.accepted,
        "unchanged": done.counts.unchanged,
        "quarantined": done.counts.quarantined,
    }


def collect_dag(department: Department) -> DAG:
    """The DAG of one department."""

    @dag(
        dag_id=f"collect_{department.id}",
        dag_display_name=f"采集 {department.zh} · {department.resources[0].department.en}",
        schedule=cron_of(department),
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
            collect_resource.override(task_id=declaration.name.replace(".", "_"), outlets=[asset_of(declaration.name)])(
                declaration.name
            )

    return collect_department()


for _department in departments():
    globals()[f"collect_{_department.id}"] = collect_dag(_department)
