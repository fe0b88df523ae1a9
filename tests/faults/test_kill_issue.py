"""Issuing and archiving killed after any step and run again ends where an undisturbed run ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from hub.deposit import deposit_all
from hub.install import prepare
from hub.issue import decide, issue_all
from tests.departments import EVIDENCE
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import issued_state


@pytest.fixture
def collected(fresh_hub: FreshHub) -> Settings:
    """A hub with every record in it and nothing issued yet."""
    settings = fresh_hub()
    prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
    return settings


def issuing(settings: Settings, approvals: list[str]) -> Callable[[OnStep], object]:
    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            decided = decide(hub, only=approvals)
            on_step("decided")
            issue_all(hub, decided.to_issue, on_step)
            deposit_all(hub, on_step)
            on_step("done")

    return work


def test_killed_after_any_step_and_run_again(fresh_hub: FreshHub, collected: Settings) -> None:
    with open_hub(collected, FixedClock(NOON)) as hub:
        ready = decide(hub)
    # Two that get their licence, so that the second meets what the first left; one that waits; one not granted.
    approvals = [*ready.to_issue[:2], ready.waiting[0].approval, ready.not_granted[0]]

    undisturbed = fresh_hub(collected)
    steps = steps_of(issuing(undisturbed, approvals))
    assert steps.count("licence.published") == steps.count("package.recorded") == 2
    with open_hub(undisturbed, FixedClock(NOON)) as hub:
        wanted = issued_state(hub)
    assert [licence[3] for licence in wanted["licences"]] == ["archived", "archived"]
    assert [licence[6] for licence in wanted["licences"]] == ["valid", "valid"]
    assert [verdict for _, verdict in wanted["packages"]] == ["valid", "valid"]

    for after in range(1, len(steps) + 1):
        settings = fresh_hub(collected)
        assert run_and_die(issuing(settings, approvals), after)
        issuing(settings, approvals)(no_step)
        with open_hub(settings, FixedClock(NOON)) as hub:
            assert issued_state(hub) == wanted, f"killed after step {after} ({steps[after - 1]})"


def test_issuing_again_changes_nothing(fresh_hub: FreshHub, collected: Settings) -> None:
    settings = fresh_hub(collected)
    with open_hub(settings, FixedClock(NOON)) as hub:
        approvals = list(decide(hub).to_issue)
    issuing(settings, approvals)(no_step)
    files = {path: path.read_bytes() for path in settings.home.rglob("*") if path.is_file()}
    with open_hub(settings, FixedClock(NOON)) as hub:
        wanted = issued_state(hub)
        assert len(wanted["licences"]) == len(approvals) > 3
    issuing(settings, approvals)(no_step)
    with open_hub(settings, FixedClock(NOON)) as hub:
        assert issued_state(hub) == wanted
    assert {path: path.read_bytes() for path in settings.home.rglob("*") if path.is_file()} == files


def test_what_its_makers_say_waits_waits_for_just_that(collected: Settings, departments: object) -> None:
    import json
    from pathlib import Path

    from tests.departments import Departments

    assert isinstance(departments, Departments)
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        expected = {row["approval"]: row for row in map(json.loads, lines) if "approval" in row}
    with open_hub(collected, FixedClock(NOON)) as hub:
        decided = decide(hub)
    of = {
        verdict: {no for no, row in expected.items() if row["verdict"] == verdict}
        for verdict in ("issued", "waiting", "not_granted")
    }
    assert set(decided.to_issue) == of["issued"]
    assert set(decided.not_granted) == of["not_granted"]
    lacking = {row.approval: sorted(lack.material for lack in row.lacks) for row in decided.waiting}
    assert lacking == {no: sorted(expected[no]["missing"]) for no in of["waiting"]}
