"""What stands agreed of a resource: how far it is open, what a batch should look like, by when things are due."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from connectors.agreement import CORRECTION_WORKING_DAYS, UNSTATED, Asked, Band, Clocks, Reach, ReachState
from schemas.workdays import working_days

CALENDAR = working_days()


def test_silence_about_it_means_that_it_is_not_open() -> None:
    assert not UNSTATED.open
    assert UNSTATED.zh.startswith("未开通")


def test_waiting_needs_somebody_who_was_asked_and_not_opened_needs_a_reason() -> None:
    asked = (Asked(who="市大数据局", on=date(2026, 3, 2)),)
    waiting = Reach(state=ReachState.AWAITING, asked=asked)
    assert (waiting.open, waiting.zh) == (False, "待授权：2026-03-02 已向市大数据局提出，未答复")
    for state in (ReachState.AWAITING, ReachState.NOT_OPENED):
        with pytest.raises(ValidationError, match="asked"):
            Reach(state=state)


def test_only_the_last_asking_and_its_answer_are_shown() -> None:
    first, last = Asked(who="甲", on=date(2026, 1, 5)), Asked(who="乙", on=date(2026, 2, 5), answer="待上级批复")
    shown = Reach(state=ReachState.NOT_OPENED, asked=(first, last), note="专网").zh
    assert shown == "未开通：专网；2026-02-05 已向乙提出，待上级批复"
    assert Reach(state=ReachState.OPEN).zh == "已通"


@pytest.mark.parametrize(
    ("rows", "rejected", "left"),
    [(10, 0, 0), (100, 20, 0), (9, 0, 1), (101, 0, 1), (100, 21, 1), (9, 9, 2), (0, 0, 1)],
)
def test_a_batch_is_in_its_band_up_to_and_with_the_bounds(rows: int, rejected: int, left: int) -> None:
    assert len(Band(rows=(10, 100), rejected=(0.0, 0.2)).outside(rows, rejected)) == left


def test_without_bounds_every_batch_is_in_the_band() -> None:
    assert Band().outside(0, 0) == Band().outside(10**9, 10**9) == ()


def test_too_few_rejected_rows_can_be_a_sign_too() -> None:
    assert Band(rejected=(0.01, 0.2)).outside(1000, 0) == ("0.0% of the rows set aside, expected 1.0% to 20.0%",)


def test_deadlines_run_in_working_days_and_are_estimates_until_agreed() -> None:
    sent = date(2026, 2, 11)
    clocks = Clocks(update_working_days=1)
    assert clocks.correction_working_days == CORRECTION_WORKING_DAYS
    due = clocks.correction_due(sent, CALENDAR)
    assert (due.day, due.verified) == (date(2026, 3, 3), False)
    assert Clocks(verified=True).correction_due(sent, CALENDAR).verified
    update = clocks.update_due(date(2026, 2, 14), CALENDAR)
    assert update is not None
    assert update.day == date(2026, 2, 24)
    assert Clocks().update_due(sent, CALENDAR) is None
