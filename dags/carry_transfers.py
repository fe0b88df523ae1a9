"""Carries archives that move between this hub and others: every few minutes whatever is next, on both sides 迁移调档.

For the operator: `carry` sends signed letters that have not left yet, opens the inbox, takes in what came, and signs
receipts; it may be killed at any moment and run again: nothing is lost, nothing happens twice. It fails where a person
has to look: a file that is no letter of the hub it came from (HUB-836), a package nobody can be trusted for (HUB-834),
something to mend before it can be sent again (HUB-831). `overdue` fails while a transfer is late (HUB-827). A hub
without HUB_HOME/peers.toml moves nothing. Setting of Airflow's processes: HUB_TRANSFER_RUNS (a cron expression,
Asia/Shanghai).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from dags._outcome import airflow_outcome
from dags._schedules import cron


@dag(
    dag_display_name="迁移调档 · Carry transfers",
    schedule=cron("*/5 * * * *", "HUB_TRANSFER_RUNS"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(minutes=1)},
    tags=["archive", "transfer"],
    doc_md=__doc__,
)
def carry_transfers() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def carry() -> dict[str, str]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.transfer_desk import Desk
        from hub.transfer_peers import configured
        from hub.transfer_run import run_all

        settings = Settings.from_environment()
        if not configured(settings):
            return {}
        with airflow_outcome(), open_hub(settings) as hub:
            carried = run_all(Desk(hub))
            carried.demand_sound()
        return {id_: state.value for id_, state in carried.states.items()}

    @task
    def overdue() -> int:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.transfer_clocks import demand_in_time
        from hub.transfer_clocks import overdue as look

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            late = look(hub)
            demand_in_time(late)
        return len(late)

    carry()
    overdue()


carry_transfers()
