"""Whoever publishes the register or makes the status list is killed after each step; the next try makes it good."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.clock import SHANGHAI, FixedClock
from hub import licence_register
from hub.context import OnStep, open_hub
from hub.register_months import every, publish, read_file
from hub.seals import add_demo
from hub.status_list import current, make, refresh
from hub.verify import verify_file
from schemas.licence_life import Step
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.hub.registers import issued, step
from tests.preparing import demo_keys

DECEMBER = datetime(2026, 12, 1, 0, 30, tzinfo=SHANGHAI)
STEPS = ["head.sealed", "notice.intended", "notice.sealed", "head.written", "notice.written", "month.recorded"]


def test_a_publisher_killed_after_any_step_publishes_the_month_once(fresh_hub: FreshHub) -> None:
    settings = fresh_hub()
    with open_hub(settings, FixedClock(NOON)) as hub:
        demo_keys(settings, hub.clock)
        add_demo(hub)
        issued(hub, 2)
        licence_register.seal_head(hub)
    year, month = 2026, 12
    for after in range(1, len(STEPS) + 1):
        night = DECEMBER.replace(year=year, month=month)

        def life(on_step: OnStep, night: datetime = night) -> None:
            with open_hub(settings, FixedClock(night)) as own:
                publish(own, on_step=on_step)

        assert run_and_die(life, after), after
        assert steps_of(life) == (STEPS if after < len(STEPS) else [])
        with open_hub(settings, FixedClock(night)) as hub:
            assert not publish(hub).fresh
            newest = every(hub)[0]
            assert len(every(hub)) == after
            assert verify_file(read_file(hub, f"{newest.month}.ofd"), settings, at=night).verdict.value == "valid"
            assert read_file(hub, f"{newest.month}.json")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    with open_hub(settings, FixedClock(night)) as hub:
        assert licence_register.verify(hub).sound


@pytest.mark.parametrize("after", [1, 2])
def test_who_makes_the_list_and_is_killed_leaves_a_whole_one(fresh_hub: FreshHub, after: int) -> None:
    settings = fresh_hub()
    with open_hub(settings, FixedClock(NOON)) as hub:
        demo_keys(settings, hub.clock)
        add_demo(hub)
        (licence,) = issued(hub, 1)
        make(hub)
        step(hub, licence, Step.REVOKE)

        def life(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as own:
                make(own, on_step)

        assert run_and_die(life, after)
        left = current(settings)
        assert left is not None and left.entries == after
        refresh(hub)
        found = current(settings)
        assert found is not None and found.entries == 2
