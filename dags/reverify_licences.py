"""Verifies again, each night, what was issued since the last good run and a part of the whole stock drawn by chance.

For the operator: each document is read from disk, compared with what the register recorded, and verified with the
seal and organ it was sealed with. One that is malformed fails this run, names itself, and stops issuing of its type
(`hub licence-type stops`) until a person has found out why and cleared it; other types go on. Read runbook
licence-malformed. A run that cannot tell (no revocation list, no answer) is tried again. Running it again at any time
is safe: what was not found good is looked at again. How many of the stock are drawn says HUB_REVERIFY_SHARE (0.01:
one in a hundred), and when it runs HUB_REVERIFY (cron, Asia/Shanghai), both of Airflow's processes.
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import dag, task

from dags._outcome import airflow_outcome
from dags._schedules import cron


@dag(
    dag_display_name="证照复验 · Verify issued licences again",
    schedule=cron("30 1 * * *", "HUB_REVERIFY"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=10)},
    tags=["issue"],
    doc_md=__doc__,
)
def reverify_licences() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def reverify() -> dict[str, int]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.reverify import SHARE
        from hub.reverify import reverify as run

        share = float(os.environ.get("HUB_REVERIFY_SHARE", str(SHARE)))
        log = logging.getLogger(__name__)

        def say(done: int, total: int) -> None:
            if done % 1000 == 0 or done == total:
                log.info("%s of %s verified", done, total)

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            done = run(hub, share=share, on_progress=say)
        return {"run": done.run, "published": done.published, "sampled": done.sampled}

    reverify()


reverify_licences()
