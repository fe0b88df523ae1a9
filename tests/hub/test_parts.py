"""A table read in parts at the same time ends as one read in one, whoever reads them, in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors import registry
from connectors.access import TableAccess
from connectors.declaration import load_all
from core.settings import Settings
from hub.collect import RowsMissing, collect
from hub.context import Hub, open_hub
from hub.parts import close_parts, collect_left, collect_part, plan_parts
from hub.sources import source_states
from store.batches import BatchBusy
from store.connection import fetch_all
from store.errors import NotInStore, PartsUnfinished
from tests.departments import Departments
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import collected_state

RESOURCE = "civil.marriage"


@pytest.fixture(autouse=True)
def _in_parts(hub: Hub, departments: Departments, monkeypatch: pytest.MonkeyPatch) -> None:
    departments.write_sources(hub.settings.sources_file)
    known = load_all()[RESOURCE]
    assert isinstance(known.access, TableAccess)
    access = known.access.model_copy(update={"parts": 3, "rows_a_part": 5, "page_size": 4})
    changed = {**load_all(), RESOURCE: known.model_copy(update={"access": access})}
    monkeypatch.setattr(registry, "load_all", lambda: changed)


def _ended(hub: Hub) -> dict[str, Any]:
    """What both ways of reading must leave alike; pages and batches are cut in another way."""
    state = collected_state(hub)
    return {name: state[name] for name in ("records", "rows", "history")} | {
        "quarantine": [entry[:4] for entry in state["quarantine"]],
        "counts": [row[4:] for row in state["counts"]],
    }


def test_parts_end_as_one_reading_does(hub: Hub, other_hub: Callable[[], Hub]) -> None:
    planned = plan_parts(hub, RESOURCE)
    assert planned == [1, 2, 3]
    for part in reversed(planned):
        assert collect_part(hub, RESOURCE, part).landed > 0
    assert plan_parts(hub, RESOURCE) == []
    closed = close_parts(hub, RESOURCE)
    assert closed is not None
    assert closed.counts.landed == closed.source_count
    assert closed.counts.balanced
    one = other_hub()
    whole = collect(one, RESOURCE)
    assert closed.counts.landed == whole.counts.landed
    assert _ended(hub) == _ended(one)
    # The cursor stands where it would have stood, so the next ordinary reading finds nothing new.
    assert collect(hub, RESOURCE).counts.accepted == 0
    assert close_parts(hub, RESOURCE) is None


def test_a_part_read_again_changes_nothing_and_a_batch_is_closed_only_when_all_are_read(hub: Hub) -> None:
    first, *rest = plan_parts(hub, RESOURCE)
    counts = collect_part(hub, RESOURCE, first)
    assert collect_part(hub, RESOURCE, first) == counts
    with pytest.raises(PartsUnfinished, match=r"part 2, 3 of batch"):
        close_parts(hub, RESOURCE)
    with pytest.raises(BatchBusy, match=r"read in parts"):
        collect(hub, RESOURCE)
    assert plan_parts(hub, RESOURCE) == rest
    with pytest.raises(NotInStore, match=r"no part 9"):
        collect_part(hub, RESOURCE, 9)


def test_a_part_that_is_killed_goes_on_where_it_stood(hub: Hub, other_hub: Callable[[], Hub]) -> None:
    settings: Settings = hub.settings
    planned = plan_parts(hub, RESOURCE)

    def work(on_step: Callable[[str], None]) -> None:
        with open_hub(settings) as own:
            collect_part(own, RESOURCE, planned[0], on_step)

    for after in (3, 5, 7, 9, 11):
        run_and_die(work, after)
    steps_of(work)
    for part in planned[1:]:
        collect_part(hub, RESOURCE, part)
    close_parts(hub, RESOURCE)
    one = other_hub()
    collect(one, RESOURCE)
    assert _ended(hub) == _ended(one)


def test_few_rows_are_one_part_and_none_are_closed_too(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(hub, RESOURCE)
    known = registry.load_all()[RESOURCE]
    monkeypatch.setattr(registry, "load_all", lambda: {RESOURCE: known.model_copy(update={"overlap_minutes": 0})})
    assert plan_parts(hub, RESOURCE) == [1]
    assert collect_part(hub, RESOURCE, 1).landed == 0
    closed = close_parts(hub, RESOURCE)
    assert closed is not None
    assert closed.counts.landed == 0
    (state,) = [state for state in source_states(hub) if state.resource == RESOURCE]
    assert state.state == "up to date"


def test_a_part_with_another_number_of_rows_than_said_stays_open_and_in_trouble(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.exchange_db import ExchangeTable

    planned = plan_parts(hub, RESOURCE)
    count = ExchangeTable.count
    monkeypatch.setattr(ExchangeTable, "count", lambda table, cursor: count(table, cursor) + (0 if cursor else 2))
    with pytest.raises(RowsMissing, match=rf"{RESOURCE}: the source said"):
        collect_part(hub, RESOURCE, planned[0])
    assert fetch_all(hub.connection, "select state from batch_part where part = 1") == [("running",)]
    assert "HUB-701" in str(next(s.trouble for s in source_states(hub) if s.resource == RESOURCE))


def test_a_batch_in_parts_is_ended_by_who_reads_the_resource_in_one(hub: Hub, other_hub: Callable[[], Hub]) -> None:
    first, *_ = plan_parts(hub, RESOURCE)
    collect_part(hub, RESOURCE, first)
    done = collect_left(hub, RESOURCE)
    assert done is not None and done.counts.landed == done.source_count
    assert collect_left(hub, RESOURCE) is None
    one = other_hub()
    collect(one, RESOURCE)
    assert _ended(hub) == _ended(one)
