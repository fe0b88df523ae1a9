"""Ages, sources, advice: what a clerk reads beside a material."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import SHANGHAI
from hub.answer import MaterialState
from schemas.items.model import Way
from tests.documented_errors import every_error
from tests.web.counter_samples import CLAUSE, HR_ORIGIN, LICENCE, MISSING, NOW, TAX
from web import archive_words
from web.counter_words import LOOKS, advice, age, choices, office, source
from web.desk_port import Taken
from web.error_words import WORDS

#: Named here, written by whoever writes their rooms.
EXPECTED: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=20), "刚刚"),
        (timedelta(minutes=59), "59 分钟前"),
        (timedelta(hours=2), "2 小时前"),
        (timedelta(hours=10), "昨天"),
        (timedelta(hours=33), "昨天"),
        (timedelta(hours=34), "2 天前"),
        (timedelta(days=41), "41 天前"),
    ],
)
def test_an_age_is_told_by_the_calendar(back: timedelta, words: str) -> None:
    assert age(NOW - back, NOW) == words


def test_an_unknown_time_says_so() -> None:
    assert age(None, NOW) == "时间不明"


def test_a_source_names_age_department_resource_and_batch() -> None:
    assert source(TAX, NOW) == "3 天前，税务局·税务登记信息，批次 12"


def test_a_live_answer_says_that_it_is_one() -> None:
    asked = replace(HR_ORIGIN, as_of=datetime(2026, 3, 5, 9, 11, tzinfo=SHANGHAI))
    assert source(asked, NOW) == "09:11 实时核验，人社局·社会保险参保"


def test_a_department_stands_in_a_sentence_as_people_say_it() -> None:
    assert [office(name) for name in ("税务", "人社", "区行政审批局", "省市共享平台")] == [
        "税务部门",
        "人社部门",
        "区行政审批局",
        "省市共享平台",
    ]


def test_every_state_has_a_word_an_icon_and_a_colour_of_three() -> None:
    assert set(LOOKS) == set(MaterialState)
    assert len({look.word for look in LOOKS.values()}) == len(LOOKS)
    for state, look in LOOKS.items():
        assert look.icon
        assert (look.colour == "good") == state.needs_nothing
        assert look.colour in ("good", "warn", "bad")


def test_only_what_the_item_leaves_open_may_be_taken() -> None:
    assert choices(LICENCE) == ()
    assert choices(MISSING) == (Taken.PROMISE, Taken.UPLOAD, Taken.LATER)
    assert choices(replace(MISSING, ways_left=(Way.PROMISE,))) == (Taken.PROMISE,)
    assert choices(replace(MISSING, ways_left=())) == ()
    assert choices(replace(MISSING, state=MaterialState.PROMISED)) == ()
    assert MISSING.promise == CLAUSE


def test_a_material_without_any_way_left_still_says_what_to_do() -> None:
    assert advice(replace(MISSING, ways_left=()))
    assert advice(LICENCE) == ""
    for state in MaterialState:
        stuck = replace(MISSING, state=state, ways_left=())
        assert bool(advice(stuck)) != state.needs_nothing


def test_errors_with_words_of_their_own_are_errors_there_are() -> None:
    names = {error.__name__ for error in every_error()}
    assert set(WORDS | archive_words.WORDS) - names == EXPECTED


def test_words_about_errors_tell_what_to_do_and_end_as_sentences() -> None:
    for name, words in (WORDS | archive_words.WORDS).items():
        assert words.do.endswith("。"), name
        assert 400 <= words.status < 600, name
