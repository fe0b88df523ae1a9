"""Looks every ten minutes whether each source was read and has delivered by its deadline.

For the operator: `watch` writes an alert where a source is late (迟到: not read to its end in time) or missing
(缺报: read, and no file was delivered in time), and closes it once data came; `hub freshness` lists them. It asks no
department anything, takes a moment, and may be run again at any time: an alert stands once, however often it is
looked for. A run that fails tells nothing about the sources; the next one looks anew.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from dags._outcome import airflow_outcome


@dag(
    dag_display_name="时效监测 · Watch sources",
    schedule="5-59/10 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(seconds=20)},
    tags=["watch"],
    doc_md=__doc__,
)
def watch_sources() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def watch() -> dict[str, int]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.freshness import watch as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            found = run(hub)
        for alert in found.raised:
            logging.getLogger(__name__).warning("%s", alert)
        return {"raised": len(found.raised), "closed": found.closed, "open": len(found.open)}

    watch()


watch_sources()
