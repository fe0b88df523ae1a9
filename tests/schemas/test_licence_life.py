"""Which step follows which state, and that a licence has expired on the day after its last, whoever wrote it down."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.licence_life import Status, Step, StepRefused, after, possible_steps, status_on

LAST = date(2026, 12, 31)


def test_what_is_over_is_over() -> None:
    assert possible_steps(Status.CANCELLED) == ()
    assert possible_steps(Status.VOID) == ()
    assert possible_steps(Status.REVOKED) == (Step.CANCEL,)


def test_every_step_leads_from_somewhere_and_every_state_is_reached() -> None:
    reached = {Status.RESERVED}
    for step in Step:
        froms = [status for status in Status if step in possible_steps(status)]
        assert froms, step
        reached |= {after(step, status) for status in froms}
    assert reached == set(Status)


def test_a_refusal_names_what_is_possible() -> None:
    with pytest.raises(StepRefused, match="恢复"):
        after(Step.SUSPEND, Status.SUSPENDED)


@pytest.mark.parametrize(
    ("day", "stored", "until", "holds"),
    [
        (LAST, Status.VALID, LAST, Status.VALID),
        (date(2027, 1, 1), Status.VALID, LAST, Status.EXPIRED),
        (date(2027, 1, 1), Status.SUSPENDED, LAST, Status.EXPIRED),
        (date(2027, 1, 1), Status.REVOKED, LAST, Status.REVOKED),
        (date(2099, 1, 1), Status.VALID, None, Status.VALID),
    ],
)
def test_the_state_on_a_day(day: date, stored: Status, until: date | None, holds: Status) -> None:
    assert status_on(day, stored, until) is holds


def test_every_state_and_step_has_its_chinese_word() -> None:
    assert all(one.chinese for one in (*Status, *Step))
