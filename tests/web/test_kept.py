"""Answers are kept for their session only, for a while only, a few only."""

from __future__ import annotations

import pytest

from tests.web.counter_samples import CLERK, COMPLETE, HR, SampleDesk
from web.desk_port import Taken
from web.kept import Kept, View, ViewGone, with_taken

MINE, OTHER = "clerk/zhang/one", "clerk/zhang/two"


@pytest.fixture
def view() -> View:
    desk = SampleDesk()
    case_no = desk.open_case(caller=CLERK, item=HR.code, identifier=COMPLETE)
    answer = desk.lookup(caller=CLERK, item=HR.code, identifier=COMPLETE, purpose=HR.purposes[0].code, case_no=case_no)
    return View(answer, HR, HR.purposes[0], CLERK, opened_here=True)


def test_an_answer_is_found_by_its_owner_and_by_nobody_else(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(MINE, view)
    assert views.of(word, MINE) is view
    for other in (OTHER, ""):
        with pytest.raises(ViewGone):
            views.of(word, other)
    with pytest.raises(ViewGone):
        views.of("another-word", MINE)


def test_an_answer_goes_with_its_time(view: View) -> None:
    now = 0.0
    views: Kept[View] = Kept(60, clock=lambda: now)
    word = views.keep(MINE, view)
    now = 59.9
    assert views.of(word, MINE) is view
    now = 60.0
    with pytest.raises(ViewGone):
        views.of(word, MINE)
    assert len(views) == 0


def test_an_answer_given_once_is_gone(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(MINE, view)
    assert views.once(word, MINE) is view
    with pytest.raises(ViewGone):
        views.once(word, MINE)


def test_an_owner_keeps_a_few_and_the_oldest_go_first(view: View) -> None:
    views: Kept[View] = Kept(60)
    other = views.keep(OTHER, view)
    words = [views.keep(MINE, view) for _ in range(12)]
    assert len(views) == 9
    assert views.of(words[-1], MINE) and views.of(words[4], MINE)
    assert views.of(other, OTHER)
    with pytest.raises(ViewGone):
        views.of(words[3], MINE)


def test_what_was_taken_stays_with_the_answer_and_all_can_be_dropped(view: View) -> None:
    views: Kept[View] = Kept(60)
    word = views.keep(MINE, view)
    views.change(word, with_taken(view, {"M4": Taken.PROMISE}))
    assert views.of(word, MINE).taken == {"M4": Taken.PROMISE}
    assert view.taken == {}
    views.forget(MINE)
    assert len(views) == 0


def test_no_number_shows_where_a_view_is_printed(view: View) -> None:
    assert "李样例" not in repr(view) and COMPLETE not in repr(view)
