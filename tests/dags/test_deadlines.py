"""A run that does not end by its deadline writes an alert into the hub: Airflow's scheduler and executor for real.

`dag.test()` knows no deadlines, so this starts Airflow as the one-box world does, and without a triggerer.
"""

from __future__ import annotations

import pytest

from hub.collect import collect
from hub.context import open_hub
from hub.freshness import alerts, watch
from hub.sources import source_states
from store.connection import fetch_all
from tests.dags.running import RunningAirflow


@pytest.mark.slow
def test_a_run_that_misses_its_deadline_writes_an_alert_for_what_it_has_not_read(running: RunningAirflow) -> None:
    with open_hub(running.settings) as hub:
        run = running.api.trigger("slow", "late")
        collect(hub, "hr.insurance")  # read in time, whoever read it
        running.until(lambda: fetch_all(hub.connection, "select 1 from freshness_alert"), seconds=40)
        assert running.api.run(run.dag_id, run.run_id).active  # noticed while it runs, not at its end
        (alert,) = alerts(hub)
        assert (alert.resource, alert.kind, alert.noticed_by) == ("civil.marriage", "late", "airflow")
        assert 0 < (alert.noticed_at - alert.due).total_seconds() < 40
        assert {one.resource: one.state for one in source_states(hub)}["civil.marriage"] == "late"
        running.until(lambda: not running.api.run(run.dag_id, run.run_id).active, seconds=60)

        in_time = running.api.trigger("quick", "in-time")
        running.until(lambda: not running.api.run(in_time.dag_id, in_time.run_id).active)
        collect(hub, "civil.marriage")
        watch(hub)
        assert alerts(hub) == []
        (closed,) = alerts(hub, closed=True)
        assert closed.closed_as == "data came"

        # a run that failed before its deadline has not read either
        failed = running.api.trigger("failing", "failed")
        running.until(lambda: len(alerts(hub)) == 2, seconds=60)
        assert running.api.run(failed.dag_id, failed.run_id).state == "failed"
        assert {alert.resource for alert in alerts(hub)} == {"civil.marriage", "hr.insurance"}
    kept = running.layout.log / "airflow" / "executor_callbacks"
    assert not (kept / "quick").exists()
    logs = [file.read_text(encoding="utf-8") for file in (kept / "slow").rglob("*") if file.is_file()]
    assert len(logs) == 1 and "civil.marriage is late" in logs[0] and "hr.insurance" not in logs[0]
