"""Gives licences past their last day their step 过期 just after midnight, writes the reminders that are due, and closes
requests to see an archive whose time is over.

For the operator: `expire` takes each step as of the day after the last day of validity, `remind` writes which holders
are to be told (`hub licences expiring` lists them; a person tells them, no message gateway is connected). A night
without a run loses nothing: the next one makes it up, and pages show an ended licence as ended all the same. A licence
of which a new document is being made waits for it and is named in the log; `hub issue` finishes it. `requests` answers
granted requests that a dead process left without an answer, and closes those that are over; files are refused from that
moment on whether it ran or not. Running it again at any time is safe.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from dags._outcome import airflow_outcome
from dags._schedules import cron


@dag(
    dag_display_name="证照到期 · Licence days",
    schedule=cron("5 0 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=2)},
    tags=["licences"],
    doc_md=__doc__,
)
def licence_days() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def expire() -> dict[str, int]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.expiry import expire as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            done = run(hub)
        for number in done.waiting:
            logging.getLogger(__name__).warning("licence %s ended, and a new document of it is being made", number)
        return {"expired": len(done.expired), "waiting": len(done.waiting)}

    @task(trigger_rule="all_done")
    def remind() -> int:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.reminders import remind as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return run(hub)

    @task
    def requests() -> dict[str, int]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.retrieval import expire as close
        from hub.retrieval_answer import answer_granted

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return {"closed": close(hub), "answered": len(answer_granted(hub))}

    expire() >> remind()
    requests()


licence_days()
