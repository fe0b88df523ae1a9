"""Killed after any step, the making of an annotated copy leaves its use of the seal explained."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.access import Access
from hub.annotated import Wanted, last_moment
from hub.annotated_asking import for_operator
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from hub.issue import decide, issue_all
from store import licences
from store.connection import fetch_all
from tests.departments import EVIDENCE
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.preparing import prepare


@pytest.fixture
def issued(fresh_hub: FreshHub) -> Settings:
    """A hub with one published licence."""
    settings = fresh_hub()
    prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
        issue_all(hub, decide(hub).to_issue[:1])
    return settings


def copying(settings: Settings) -> Callable[[OnStep], object]:
    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            (version,) = licences.every(hub.connection)
            wanted = Wanted(version.number, "某银行", "开户", last_moment(NOON, 30))
            made = for_operator(hub, Access.open(settings, hub.clock), wanted, on_step)
            (settings.home / "copy.ofd").write_bytes(made.data)
            on_step("written")

    return work


def told(settings: Settings) -> list[tuple[str, bool, bool]]:
    """Of each use of the seal on a copy: how it ended, whether its file is known, whether the audit log tells of it."""
    with open_hub(settings, FixedClock(NOON)) as hub:
        return fetch_all(
            hub.connection,
            "select u.outcome, c.document_sm3 is not null, exists (select from audit_entry e where e.id = c.entry) "
            "from seal_use u left join annotated_copy c on c.seal_use = u.id "
            "where u.document_kind = 'annotated' order by u.id",
        )


def test_killed_after_any_step_and_made_again(fresh_hub: FreshHub, issued: Settings) -> None:
    steps = steps_of(copying(fresh_hub(issued)))
    assert steps == ["copy.drawn", "copy.intended", "copy.sealed", "copy.verified", "copy.recorded", "written"]
    for after, step in enumerate(steps, 1):
        settings = fresh_hub(issued)
        assert run_and_die(copying(settings), after)
        left: list[tuple[str, bool, bool]] = []
        if step != "copy.drawn":
            left = [("sealed", True, True) if step in ("copy.recorded", "written") else ("intended", False, True)]
        assert told(settings) == left, step
        assert (settings.home / "copy.ofd").exists() == (step == "written")
        copying(settings)(no_step)
        closed = [("abandoned", known, logged) if outcome == "intended" else (outcome, known, logged)
                  for outcome, known, logged in left]  # fmt: skip
        assert told(settings) == [*closed, ("sealed", True, True)], step
