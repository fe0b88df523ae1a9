"""Issuing and archiving killed after any step and run again ends where an undisturbed run ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from store.connection import fetch_all
from tests.departments import EVIDENCE, Departments
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import issued_state
from tests.preparing import prepare


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


#: Parts of transactions: whoever dies behind one has written rows that nobody may ever see.
WITHIN = [
    ("store.licence_making.add_versions", "a number is taken, its document's row is written"),
    ("store.seal_uses.write_intents", "the intent is written"),
    ("store.register_entries.append_all", "the register's entry and its leaf are written, the licence's state is not"),
    ("store.licence_life.record_all", "state, step and entry are written, the document is not published"),
    ("store.licence_making.publish_all", "everything is written but the end of the transaction"),
]


def test_killed_within_a_transaction_and_run_again(
    fresh_hub: FreshHub, collected: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_hub(collected, FixedClock(NOON)) as hub:
        approvals = list(decide(hub).to_issue[:1])
    undisturbed = fresh_hub(collected)
    issuing(undisturbed, approvals)(no_step)
    with open_hub(undisturbed, FixedClock(NOON)) as hub:
        wanted = issued_state(hub)
    for name, what in WITHIN:
        settings = fresh_hub(collected)
        with monkeypatch.context() as patched:
            patched.setattr(name, and_then_die(resolve_name(name)))
            assert run_and_die(issuing(settings, approvals), after=1_000_000), what
        with open_hub(settings, FixedClock(NOON)) as hub:
            entries, steps, leaves = (
                fetch_all(hub.connection, f"select count(*) from {table}")[0][0]
                for table in ("register_entry", "licence_step", "log_waiting where log = 'register'")
            )
            assert (entries, steps, leaves) == (0, 0, 0), what
        issuing(settings, approvals)(no_step)
        with open_hub(settings, FixedClock(NOON)) as hub:
            assert issued_state(hub) == wanted, what
            assert fetch_all(hub.connection, "select count(*) from log_waiting where log = 'register'") == [(1,)]


def and_then_die(part: Callable[..., object]) -> Callable[..., object]:
    def dying(*args: object, **more: object) -> None:
        part(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying


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


def test_what_its_makers_say_waits_waits_for_just_that(collected: Settings, departments: Departments) -> None:
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        planned = [row for row in map(json.loads, lines) if "approval" in row]
    # Of the first three types and their later steps: what was collected is enough for those.
    firsts = {row["item"] for row in planned[:3]}
    expected = {row["approval"]: row for row in planned if row["item"] in firsts or "step" in row}
    with open_hub(collected, FixedClock(NOON)) as hub:
        decided = decide(hub)
    of = {
        verdict: {no for no, row in expected.items() if row["verdict"] == verdict}
        for verdict in ("issued", "waiting", "not_granted")
    }
    assert set(decided.to_issue) == of["issued"]
    assert set(decided.not_granted) == of["not_granted"]
    waiting = [row for row in decided.waiting if row.approval in expected]
    lacking = {row.approval: sorted(lack.material for lack in row.lacks) for row in waiting}
    later = {no: ["licence"] for no, row in expected.items() if "step" in row and row["verdict"] != "not_granted"}
    assert lacking == later | {no: sorted(expected[no]["missing"]) for no in of["waiting"]}


def test_later_steps_killed_after_any_step_and_run_again(
    fresh_hub: FreshHub, collected: Settings, departments: Departments
) -> None:
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        planned = [row for row in map(json.loads, lines) if "step" in row]
    # The licence that is changed and then cancelled: the second waits for the first.
    steps_of_one = {of: {row["step"]: row["approval"] for row in planned if row["of"] == of} for of in _of(planned)}
    begun, pair = next((of, steps) for of, steps in steps_of_one.items() if {"change", "cancel"} <= set(steps))
    issuing(collected, [begun])(no_step)

    def later(settings: Settings) -> Callable[[OnStep], object]:
        def work(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                decided = decide(hub, only=[pair["change"], pair["cancel"]])
                on_step("decided")
                issue_all(hub, decided.to_issue, on_step, and_followers=True)
                deposit_all(hub, on_step)

        return work

    def told(settings: Settings) -> tuple[object, object]:
        with open_hub(settings, FixedClock(NOON)) as hub:
            steps = fetch_all(hub.connection, "select step, before, after, version from licence_step order by id")
            entries = fetch_all(hub.connection, "select count(*) from register_entry")
            return issued_state(hub), (steps, entries)

    undisturbed = fresh_hub(collected)
    steps = steps_of(later(undisturbed))
    wanted = told(undisturbed)
    assert [row[0] for row in wanted[1][0]] == ["issue", "change", "cancel"]  # type: ignore[index]
    for after in range(1, len(steps) + 1):
        settings = fresh_hub(collected)
        assert run_and_die(later(settings), after)
        later(settings)(no_step)
        assert told(settings) == wanted, f"killed after step {after} ({steps[after - 1]})"


def _of(planned: list[dict[str, str]]) -> set[str]:
    return {row["of"] for row in planned}
