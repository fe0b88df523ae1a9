"""Checks each package the archive holds again before its last four-property check is 90 days old.

For the operator: it runs each night; the package whose check is longest ago comes first. Each report is kept as it is
made, so a run that was stopped is gone on with by the next, and running it again is safe. It fails, with the packages'
numbers, when one is not sound or cannot be judged; `hub archive reports FILE_NO` says what is wrong. Restore such a
package from the backup: it is checked again at every run until it is sound. Settings of Airflow's processes:
HUB_ARCHIVE_DAYS (90), HUB_ARCHIVE_RATE (bytes read per second, 20,000,000), HUB_ARCHIVE_WALK (a cron expression,
Asia/Shanghai).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from dags._outcome import airflow_outcome
from dags._schedules import cron


@dag(
    dag_display_name="馆藏巡检 · Walk the holdings",
    schedule=cron("30 2 * * *", "HUB_ARCHIVE_WALK"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["archive"],
    doc_md=__doc__,
)
def walk_holdings() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def walk() -> dict[str, int]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.keeping import walk as run

        log = logging.getLogger(__name__)

        def told(done: int, total: int, read: int) -> None:
            if done % 1_000 == 0 or done == total:
                log.info("%d of %d packages, %d bytes", done, total, read)

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            walked = run(hub, on_progress=told)
            walked.demand_sound()
        return {"checked": walked.checked, "bytes": walked.bytes, "left": walked.left}

    walk()


walk_holdings()
