"""When a DAG runs that goes by the clock."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import CronTriggerTimetable


def cron(usual: str, setting: str | None = None) -> CronTriggerTimetable:
    """By a cron expression in Asia/Shanghai, which the setting of Airflow's processes replaces.

    No start date and nothing run at once: a hub that starts has other things to do first.
    """
    said = usual if setting is None else os.environ.get(setting, usual)
    return CronTriggerTimetable(said, timezone="Asia/Shanghai", run_immediately=timedelta(0))
