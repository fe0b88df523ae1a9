"""Publishes the licence register each month, verifies it each night, and keeps the status list new.

For the operator: `publish` takes the first head signed after the month's end, puts it into a sealed notice and both
below HUB_HOME/published/register, from where /register gives them out. `verify` looks through the register and holds
the tables against it; HUB-929 names what says something else: read runbook log-changed before anything else. `refresh`
makes the status list anew where the register has a new entry, a day began or an hour is gone, and else nothing; the
web process does the same every ten seconds. A list ends a day after it was made (HUB_STATUS_LIST_HOURS): runbook
status-list-old. Running any of them again at any time is safe: a month that is published stays as it is. When they run
is told by the settings HUB_REGISTER_MONTHS, HUB_REGISTER_VERIFIED and HUB_STATUS_LIST (cron expressions, Asia/Shanghai)
of Airflow's processes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags._outcome import airflow_outcome
from dags._schedules import cron

_COMMON: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=1)},
    "tags": ["register"],
    "doc_md": __doc__,
}


@dag(
    dag_display_name="证照登记簿月度公布 · Publish the register",
    schedule=cron("30 0 1 * *", "HUB_REGISTER_MONTHS"),
    **_COMMON,
)
def publish_register() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def publish() -> dict[str, object]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.register_months import publish as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return run(hub).to_dict()

    publish()


@dag(
    dag_display_name="证照状态清单 · Keep the status list",
    schedule=cron("*/10 * * * *", "HUB_STATUS_LIST"),
    **_COMMON,
)
def keep_status_list() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def refresh() -> dict[str, object]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.status_list import refresh as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            made = run(hub)
        return {"made": made is not None, "entries": made.entries if made is not None else None}

    refresh()


@dag(
    dag_display_name="证照登记簿核验 · Verify the register",
    schedule=cron("20 3 * * *", "HUB_REGISTER_VERIFIED"),
    **_COMMON,
)
def verify_register() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def verify() -> dict[str, object]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.licence_register import require_sound

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            report = require_sound(hub)
        return {"entries": report.entries, "covered": report.covered, "unsure": len(report.unsure)}

    verify()


publish_register()
verify_register()
keep_status_list()
