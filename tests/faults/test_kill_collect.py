"""A collect killed after any of its steps and run again ends where an undisturbed one ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, open_hub
from tests.faults.conftest import NOON, RESOURCES, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import collected_state, without_batches


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.usefixtures("small_pages")
def test_killed_after_any_step_and_run_again(fresh_hub: FreshHub, resource: str) -> None:
    def work_on(settings: Settings) -> Callable[[OnStep], object]:
        def work(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                collect(hub, resource, on_step=on_step)

        return work

    undisturbed = fresh_hub()
    steps = steps_of(work_on(undisturbed))
    assert steps.count("page.acknowledged") == steps.count("page.landed") > 1
    with open_hub(undisturbed, FixedClock(NOON)) as hub:
        wanted = collected_state(hub)

    for after in range(1, len(steps) + 1):
        settings = fresh_hub()
        assert run_and_die(work_on(settings), after)
        work_on(settings)(lambda _: None)
        with open_hub(settings, FixedClock(NOON)) as hub:
            found = collected_state(hub)
        # Killed after the last step, the second run is a batch of its own with nothing in it.
        assert without_batches(found) == without_batches(wanted), f"killed after step {after} ({steps[after - 1]})"


@pytest.mark.usefixtures("small_pages")
def test_killed_again_and_again_at_every_step_it_still_arrives(fresh_hub: FreshHub) -> None:
    resource = "tax.registration"

    def work_on(settings: Settings) -> Callable[[OnStep], object]:
        def work(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                collect(hub, resource, on_step=on_step)

        return work

    undisturbed, settings = fresh_hub(), fresh_hub()
    steps_of(work_on(undisturbed))
    lives = 0
    # Each life gets seven steps: enough to begin, count and land one page while the next is judged.
    while run_and_die(work_on(settings), 7):
        lives += 1
        assert lives < 200
    assert lives > 2
    with open_hub(undisturbed, FixedClock(NOON)) as one, open_hub(settings, FixedClock(NOON)) as other:
        wanted, found = collected_state(one), collected_state(other)
    assert without_batches(found) == without_batches(wanted)
