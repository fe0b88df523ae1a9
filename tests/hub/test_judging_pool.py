"""A large first load judged by several processes ends as one judged by a single one, even when they are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.declaration import load_all
from hub import judging_pool
from hub.collect import collect
from hub.context import Hub
from tests.departments import Departments
from tests.faults.state import collected_state

RESOURCE = "market.company"


@pytest.fixture(autouse=True)
def _small(hub: Hub, departments: Departments, monkeypatch: pytest.MonkeyPatch) -> None:
    known = load_all()[RESOURCE]
    small = known.model_copy(update={"access": known.access.model_copy(update={"page_size": 4})})
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), RESOURCE: small})
    departments.write_sources(hub.settings.sources_file)


@pytest.fixture
def alone(other_hub: Callable[[], Hub], departments: Departments) -> dict[str, Any]:
    """What one process comes to."""
    hub = other_hub()
    collect(hub, RESOURCE, file=Path(departments.ready["market"]["file"]))
    return collected_state(hub)


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch, alone: dict[str, Any]) -> list[int]:
    """Takes few rows for many; the numbers of the processes that were asked for."""
    asked: list[int] = []
    really = judging_pool.processes

    def processes(rows: int | None) -> int:
        asked.append(really(rows))
        return asked[-1]

    monkeypatch.setattr(judging_pool, "POOLED_FROM", 10)
    monkeypatch.setattr("hub.reading.processes", processes)
    return asked


def test_several_processes_come_to_the_same(
    hub: Hub, alone: dict[str, Any], pooled: list[int], departments: Departments
) -> None:
    done = collect(hub, RESOURCE, file=Path(departments.ready["market"]["file"]))
    if pooled == [0]:
        pytest.skip("this machine gives one core")
    assert pooled[0] > 1
    assert done.counts.quarantined > 0
    assert collected_state(hub) == alone
    assert multiprocessing.active_children() == []


def test_processes_that_are_killed_cost_nothing_but_time(
    hub: Hub, alone: dict[str, Any], pooled: list[int], departments: Departments
) -> None:
    landed = 0

    def on_step(step: str) -> None:
        nonlocal landed
        landed += step == "page.landed"
        if step == "page.landed" and landed == 2:
            for child in multiprocessing.active_children():
                if child.pid is not None:
                    os.kill(child.pid, signal.SIGKILL)

    collect(hub, RESOURCE, file=Path(departments.ready["market"]["file"]), on_step=on_step)
    assert landed > 3
    assert collected_state(hub) == alone


def test_few_rows_and_an_unknown_number_are_judged_in_one() -> None:
    assert judging_pool.processes(judging_pool.POOLED_FROM - 1) == 0
    assert judging_pool.processes(None) == 0
