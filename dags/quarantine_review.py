"""Sends rows set aside back to their owners every working morning, and asks a person what only a person decides.

For the operator: `retry_changed` judges rows again that an older edition of the schemas refused; one task a
resource sends back what waits, in the department's pool, and keeps nothing from the others when its channel is
down. Then for each resource with overdue rows, rows that were sent back twice and came wrong again, or a workbook
that somebody has to send on, `ask` waits under Airflow's *Required actions*: 再次退回, 已转交部门, 撤销，不再追 or
暂不处理. What is answered is done at once, in the name of whoever answered; nobody waits for the other answers.
Without an answer in nine hours it is left as 暂不处理 and asked again on the next working morning. On days off the
run ends at its first task, unless somebody started it. Running it again at any time is safe.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task, task_group

from dags._outcome import airflow_outcome
from hub.answers import WHYS, Answer
from hub.sources import departments

#: From half past eight until the office closes.
_PATIENCE = timedelta(hours=9)


@dag(
    dag_display_name="退回与更正 · Quarantine review",
    # no start date and nothing run at once: a hub that is new, or has just got this file, waits for its first morning
    schedule=CronTriggerTimetable("30 8 * * *", timezone="Asia/Shanghai", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "hub",
        "retries": 3,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
    },
    tags=["quarantine"],
    doc_md=__doc__,
)
def quarantine_review() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task.short_circuit
    def working_morning() -> bool:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.returns import is_worked

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return get_current_context()["dag_run"].run_type != "scheduled" or is_worked(hub)

    @task
    def retry_changed() -> dict[str, int]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.quarantine import retry_changed as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return run(hub).to_dict()

    @task(trigger_rule="all_done")
    def send_back(resource: str) -> dict[str, int]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.returns import send_back as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            done = run(hub, resource)
        return {"sendings": len(done.sendings), "rows": done.rows, "left": done.left, "overdue": done.overdue}

    @task(trigger_rule="all_done")
    def questions() -> list[dict[str, object]]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.review import questions as run

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return [question.to_dict() for question in run(hub)]

    @task
    def carry_out(resource: str, upto: int, references: list[str], said: dict[str, object]) -> dict[str, object]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.review import carry_out_said

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return carry_out_said(hub, said, resource=resource, upto=upto, references=references).to_dict()

    @task_group
    def decide(resource: str, subject: str, body: str, upto: int, references: list[str]) -> None:
        # a group a resource: what one answers is carried out while another still waits
        ask = HITLOperator(
            task_id="ask",
            map_index_template="{{ task.subject }}",
            subject=subject,
            body=body,
            options=[answer.value for answer in Answer],
            defaults=Answer.NOT_NOW.value,
            params={
                "why": Param("owner_cannot", enum=list(WHYS), values_display=WHYS, title="撤销的原因（只在撤销时用）"),
                # null, or the page would want it filled in before any button can be pressed
                "note": Param(None, type=["null", "string"], maxLength=500, title="说明（可不填；不写姓名和号码）"),
            },
            response_timeout=_PATIENCE,
        )
        carry_out(resource, upto, references, ask.output)

    morning, retried, asked = working_morning(), retry_changed(), questions()
    sent = [
        send_back.override(task_id=f"send_back_{resource.name.replace('.', '_')}", pool=f"department_{department.id}")(
            resource.name
        )
        for department in departments()
        for resource in department.resources
    ]
    # the state of a run is that of its last task: this one fails with any
    everything_done = EmptyOperator(task_id="everything_done", trigger_rule="none_failed")
    decided = decide.expand_kwargs(asked)
    morning >> retried >> sent >> asked
    [retried, *sent, decided] >> everything_done


quarantine_review()
