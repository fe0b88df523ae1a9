"""Has the timestamps over the logs made anew before the certificates behind them end, and once a year.

For the operator: it runs each day and does nothing when nothing is due; each log has a task of its own. A failure is
to be looked at the same day: HUB-988 says that a chain has ended or soon will, because the timestamp authority has no
newer certificate (runbook: evidence-ends); HUB-314 that the authority does not answer, which is tried again; HUB-989
that a log or a renewal was changed (runbook: log-changed). Where `press.toml` names no authority nothing is stamped.
Running it again at any time is safe. Settings of Airflow's processes: HUB_EVIDENCE_DAYS (365), HUB_EVIDENCE_DAYS_BEFORE
(90), HUB_EVIDENCE_HASHES (sm3 sha256), HUB_EVIDENCE_RENEWAL (a cron expression, Asia/Shanghai).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from dags._logs import LOGS
from dags._outcome import airflow_outcome
from dags._schedules import cron


@dag(
    dag_display_name="证据续期 · Renew the evidence",
    schedule=cron("45 4 * * *", "HUB_EVIDENCE_RENEWAL"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=20)},
    tags=["log", "archive"],
    doc_md=__doc__,
)
def renew_evidence() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def renew(log: str) -> dict[str, object]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.evidence_renewal import renew as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            outcome = run(hub, log)
        logging.getLogger(__name__).info("%s: %s", log, outcome.note)
        return outcome.to_dict()

    for log in LOGS:
        renew.override(task_id=f"renew_{log}")(log)


renew_evidence()
