"""Answers are kept for their caller only, for a while only, a few only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.counter_samples import CLERK, COMPLETE, HR, SampleDesk
from web.desk_port import Taken
from web.kept import Kept, View, ViewGone, with_taken


@pytest.fixture
def view() -> View:
    desk = SampleDesk()
    case_no = desk.open_case(caller=CLERK, item=HR.code, identifier=COMPLETE)
    answer = desk.lookup(caller=CLERK, item=HR.code, identifier=COMPLETE, purpose=HR.purposes[0].code, case_no=case_no)
    return View(answer, HR, HR.purposes[0], CLERK, opened_here=True)


def test_an_answer_is_found_by_its_caller_and_by_nobody_else(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(CLERK, view)
    assert views.of(word, CLERK) is view
    for other in (replace(CLERK, id="li"), replace(CLERK, kind=CLERK.kind.TERMINAL)):
        with pytest.raises(ViewGone):
            views.of(word, other)
    with pytest.raises(ViewGone):
        views.of("another-word", CLERK)


def test_an_answer_goes_with_its_time(view: View) -> None:
    now = 0.0
    views: Kept[View] = Kept(60, clock=lambda: now)
    word = views.keep(CLERK, view)
    now = 59.9
    assert views.of(word, CLERK) is view
    now = 60.0
    with pytest.raises(ViewGone):
        views.of(word, CLERK)
    assert len(views) == 0


def test_an_answer_given_once_is_gone(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(CLERK, view)
    assert views.once(word, CLERK) is view
    with pytest.raises(ViewGone):
        views.once(word, CLERK)


def test_a_caller_keeps_a_few_and_the_oldest_go_first(view: View) -> None:
    views: Kept[View] = Kept(60)
    other = views.keep(replace(CLERK, id="li"), view)
    words = [views.keep(CLERK, view) for _ in range(12)]
    assert len(views) == 9
    assert views.of(words[-1], CLERK) and views.of(words[4], CLERK)
    assert views.of(other, replace(CLERK, id="li"))
    with pytest.raises(ViewGone):
        views.of(words[3], CLERK)


def test_what_was_taken_stays_with_the_answer_and_signing_out_drops_all(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(CLERK, view)
    views.change(word, with_taken(view, {"M4": Taken.PROMISE}))
    assert views.of(word, CLERK).taken == {"M4": Taken.PROMISE}
    assert view.taken == {}
    views.forget(CLERK)
    assert len(views) == 0


def test_no_number_shows_where_a_view_is_printed(view: View) -> None:
    assert "李样例" not in repr(view) and COMPLETE not in repr(view)
