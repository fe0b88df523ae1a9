"""Looks every five minutes at how callers asked: many misses, neighbouring numbers, off hours.

For the operator: an alarm is a row; `hub access alarms` lists them. A severe one stops its caller until a person has
looked at it and clears it (`hub access clear`). Thresholds stand in the access file and are our own guess. It may be
run again at any time; a run that fails stops nobody and frees nobody. It also drops sessions, tokens and counts that ended.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from dags._outcome import airflow_outcome


@dag(
    dag_display_name="查询行为监测 · Watch usage",
    schedule="*/5 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(seconds=20)},
    tags=["watch"],
    doc_md=__doc__,
)
def watch_usage() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def watch() -> dict[str, int]:
        import logging

        from core.settings import Settings
        from hub.access import Access
        from hub.context import open_hub
        from hub.usage_watch import watch as run

        settings = Settings.from_environment()
        with airflow_outcome(), open_hub(settings) as hub:
            found = run(hub, Access.open(settings).rules().watch)
        for alarm in found.raised:
            logging.getLogger(__name__).warning(
                "%s: %s, %d (threshold %d)%s", alarm.caller, alarm.kind, alarm.count, alarm.threshold,
                ", stopped until cleared" if alarm.severe else "",
            )  # fmt: skip
        return {"raised": len(found.raised), "open": len(found.open)}

    watch()


watch_usage()
