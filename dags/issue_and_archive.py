"""Issues and archives what is approved and evidenced, whenever a collect brought something new.

For the operator: `decide` looks at every approval that still needs work and says which have their evidence.
Where they are few, as when one has just arrived, it issues and packs them itself, since starting a task takes
longer than a licence does; `issue` and `archive` are skipped then. Where they are many, `issue` seals them, a
chunk a task, and carries out at once what waited for one of them (an approved change, renewal, replacement or
cancellation), and `archive` packs them, and with them the cases that ended without a licence (不予, 撤回, 注销).
One approval that cannot be issued, and one case that cannot be packed, fails its task and the run, and keeps no
other from its licence and its package. An approval whose evidence is missing waits and says why
(`hub licences --waiting`). Running it again is safe: a number once reserved is used for the same approval, a
licence once sealed is not sealed again, a case has one package.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import AssetAny, dag, task

from dags._assets import asset_of
from dags._outcome import airflow_outcome
from hub.sources import evidence_resources

_CHUNK = 50
#: So many are done by `decide` itself.
_FEW = 10


@dag(
    dag_display_name="制证归档 · Issue and archive",
    schedule=AssetAny(*(asset_of(resource) for resource in evidence_resources())),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "hub", "retries": 3, "retry_delay": timedelta(seconds=20)},
    tags=["issue"],
    doc_md=__doc__,
)
def issue_and_archive() -> None:
    """See the module's text: it is what the operator reads beside the DAG."""

    @task
    def decide() -> list[list[str]]:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.deposit_ended import deposit_both
        from hub.issue import decide as run
        from hub.issue import issue_all

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            ready = run(hub).to_issue
            if len(ready) <= _FEW:
                try:
                    issue_all(hub, ready, and_followers=True)
                finally:
                    _, ended = deposit_both(hub)
                ended.demand_whole()
                return []
        return [list(ready[start : start + _CHUNK]) for start in range(0, len(ready), _CHUNK)]

    @task(max_active_tis_per_dagrun=2)
    def issue(approvals: list[str]) -> int:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.issue import issue_all

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            return len(issue_all(hub, approvals, and_followers=True))

    # not "all done": where `decide` left nothing to be issued it has left nothing to be packed either
    @task(trigger_rule="none_skipped")
    def archive() -> int:
        from core.settings import Settings
        from hub.context import open_hub
        from hub.deposit_ended import deposit_both

        with airflow_outcome(), open_hub(Settings.from_environment()) as hub:
            packed, ended = deposit_both(hub)
        ended.demand_whole()
        return len(packed) + len(ended.packed)

    issued, archived = issue.expand(approvals=decide()), archive()
    # the state of a run is that of its last task: this one fails with either
    everything_done = EmptyOperator(task_id="everything_done", trigger_rule="none_failed")
    issued >> archived >> everything_done
    issued >> everything_done


issue_and_archive()
