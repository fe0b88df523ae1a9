"""A PDF copy killed after any step and made again ends where an undisturbed one ends, and no seal use is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from hub.issue import decide, issue_all
from hub.pdf import make_pdf
from hub.verify import verify_file
from store import seal_uses
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
            (use,) = [one for one in seal_uses.uses(hub.connection) if one.document_kind == "ofd"]
            make_pdf(hub, use.case_no, settings.home / "copy.pdf", on_step)
            on_step("done")

    return work


def outcomes(settings: Settings) -> list[str]:
    with open_hub(settings, FixedClock(NOON)) as hub:
        return [one.outcome for one in seal_uses.uses(hub.connection) if one.document_kind == "pdf"]


def test_killed_after_any_step_and_made_again(fresh_hub: FreshHub, issued: Settings) -> None:
    steps = steps_of(copying(fresh_hub(issued)))
    assert len(steps) == 5
    for after in range(1, len(steps) + 1):
        settings = fresh_hub(issued)
        assert run_and_die(copying(settings), after)
        before = outcomes(settings)
        assert before == (["sealed"] if steps[after - 1] == "done" else ["intended"]), steps[after - 1]
        copying(settings)(no_step)
        assert outcomes(settings) == ["sealed", "sealed" if before == ["sealed"] else "abandoned"]
        data = (settings.home / "copy.pdf").read_bytes()
        assert verify_file(data, settings, at=NOON).verdict.value == "valid"
