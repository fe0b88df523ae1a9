"""Puts the current seal on our own licences that bear an earlier one, on as many workers as there are.

For the operator: started by hand, with a form. `organ` is the name or credit code of the organ whose licences are
meant, or `everything` for all that are ours; `legal_basis` is the decision it rests on. `plan` writes the order and
divides it, `reseal` makes the documents of a part, `close` tells how the order stands and fails when some licences did
not get theirs. Running it again is safe: give `order` its number (it is in the log of `plan`), and what is left is
made; what failed is tried again. Every licence gets one new document and keeps its old one until then. A seal that is
suspended, or another one in press.toml, stops it (runbook: reseal-stopped). Archive packages are made by the next run
of `issue_and_archive`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task

from dags._outcome import airflow_outcome

#: Tasks at the most, and chunks (of 100 licences) of a task at the least: starting a task takes seconds.
_AT_MOST, _AT_LEAST = 64, 10


@dag(
    dag_display_name="换章 · Reseal licences",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(seconds=20)},
    params={
        "organ": Param(None, type=["null", "string"], title="原发证机关（名称或统一社会信用代码）"),
        "everything": Param(False, type="boolean", title="本机关及其承继的全部机关"),
        "legal_basis": Param(None, type=["null", "string"], maxLength=500, title="依据（写入证照登记簿）"),
        "old_seal": Param(None, type=["null", "string"], title="只换此编号印章所盖的证照（可不填）"),
        "limit": Param(None, type=["null", "integer"], minimum=1, title="最多换多少件（可不填）"),
        "order": Param(None, type=["null", "string"], title="继续办理的换章单号（填此项时其他不填）"),
        "who": Param(None, type=["null", "string"], title="经办人（可不填）"),
    },
    tags=["issue", "reseal"],
    doc_md=__doc__,
)
def reseal_licences() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task(multiple_outputs=False)
    def plan() -> list[dict[str, object]]:
        import logging

        from core.settings import Settings
        from hub.context import open_hub
        from hub.reseal import begin_asked, parts

        context = get_current_context()
        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            order = begin_asked(hub, context["params"], origin=f"{context['dag'].dag_id}/{context['run_id']}")
            logging.getLogger(__name__).info("order %s", order.id)
            found = parts(hub, order.id, at_most=_AT_MOST, at_least=_AT_LEAST)
        # a part without chunks still tells `close` which order it is
        return [{"order": order.id, "chunks": part} for part in found or [[]]]

    @task
    def reseal(order: str, chunks: list[int]) -> dict[str, int | str]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.reseal import work

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            made = work(hub, order, chunks)
        return {"order": order, "done": made.done, "failed": made.failed, "passed_over": made.passed_over}

    # also when a part failed: somebody wants to know how far it came
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def close(parts: list[dict[str, object]]) -> dict[str, int]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.reseal import close as run
        from hub.reseal import demand_complete

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            report = run(hub, str(parts[0]["order"]))
            demand_complete(report)
        counts = report.counts
        return {"done": counts.done, "passed_over": sum(counts.passed_over.values())}

    planned = plan()
    reseal.expand_kwargs(planned) >> close(planned)


reseal_licences()
