"""Gives waiting entries of audit log, licence register, archive's log and register of moves their numbers each
minute, and seals a signed head of each log each hour.

For the operator: each log has a task of its own, so that trouble of one does not hold up the other. `number_…` is a net
below the web process, which does the same about every second; where both fail, entries are written all the same and
wait. `seal_…` signs a head over everything, has it timestamped where an authority is configured, and writes it with the
new leaf hashes below HUB_HOME/log, outside the database: copy that folder to where nobody who may change the database
can write. HUB-781 or HUB-788 says that a log was changed: read runbook log-changed before anything else. Running either
again at any time is safe; a head more does no harm. When they run is told by the settings HUB_LOG_NUMBERS and
HUB_LOG_HEADS (cron expressions, Asia/Shanghai) of Airflow's processes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags._logs import LOGS
from dags._outcome import airflow_outcome
from dags._schedules import cron

_COMMON: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {"owner": "hub", "retries": 3, "retry_delay": timedelta(seconds=20)},
    "tags": ["log"],
    "doc_md": __doc__,
}


@dag(
    dag_display_name="审计日志编号 · Number the log",
    schedule=cron("* * * * *", "HUB_LOG_NUMBERS"),
    **_COMMON,
)
def number_log() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def number(log: str) -> dict[str, float]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.kept_logs import kept

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return {"numbered": kept(log).sequence(hub), "behind": kept(log).behind(hub)}

    for log in LOGS:
        number.override(task_id=f"number_{log}")(log)


@dag(
    dag_display_name="审计日志签名 · Seal the log",
    schedule=cron("0 * * * *", "HUB_LOG_HEADS"),
    **_COMMON,
)
def seal_log() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def seal(log: str) -> dict[str, object]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.kept_logs import kept

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            made = kept(log).seal_head(hub)
        if made.unstamped:
            logging.getLogger(__name__).warning("%s: head %s has no timestamp: %s", log, made.number, made.unstamped)
        return {"number": made.number, "size": made.size, "stamped": made.stamp is not None}

    for log in LOGS:
        seal.override(task_id=f"seal_{log}")(log)


number_log()
seal_log()
