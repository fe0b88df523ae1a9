"""The deadline of a run that reads sources, and what Airflow does when the run has not ended by it.

The scheduler finds the deadline passed and hands `note_late` to the executor, where tasks run too: no triggerer is
needed, and what tasks can import it can import. It runs once for each run that is late, and is not tried again;
`watch_sources` finds by its own rules whatever it did not write. A run that succeeded before its deadline drops it, one
that failed does not: what it has not read is late then.

With Airflow 3.3.2 `dag.test()` (and `airflow dags test`, which calls it) cannot end such a DAG well: it writes no row
for its deadline and then looks for it. Set `dag.deadline = None` before, as our tests do.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback

log = logging.getLogger(__name__)


def read_within(resources: Sequence[str], interval: timedelta) -> DeadlineAlert:
    """A run that is queued now has read these resources `interval` later, or they are late."""
    return DeadlineAlert(
        name="read_in_time",
        # A run by hand and one that an asset started have no logical date; queued they all were.
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=interval,
        callback=SyncCallback(note_late, kwargs={"resources": list(resources)}),
    )


def note_late(resources: Sequence[str], context: Mapping[str, Any]) -> None:
    """Write a `late` alert for each resource that the run has not read to its end; Airflow calls it."""
    from core.settings import Settings
    from hub.context import open_hub
    from hub.freshness import run_is_late

    run = context["dag_run"]
    began, due = _moment(run["queued_at"] or run["run_after"]), _moment(context["deadline"]["deadline_time"])
    with open_hub(Settings.from_environment()) as hub:
        found = run_is_late(hub, resources, began=began, due=due)
    log.warning(
        "%s, run %s, has not ended by %s; late: %s",
        run["dag_id"],
        run["dag_run_id"],
        due.isoformat(timespec="seconds"),
        "; ".join(map(str, found)) or "nothing, every resource was read",
    )


def _moment(said: datetime | str) -> datetime:
    return said if isinstance(said, datetime) else datetime.fromisoformat(said)
