"""A number is judged while it is typed: kind, length and check character, with blanks and wide signs tolerated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.counter_samples import COMPLETE, PERSON, WRONG
from web.typed_number import bare, judge

BOTH = ("citizen", "company")


@pytest.mark.parametrize(
    ("typed", "kinds", "state", "words"),
    [
        ("", BOTH, "empty", ""),
        ("1101051949", BOTH, "typing", "已输入 10 位"),
        (PERSON, BOTH, "good", "公民身份号码，校验码正确"),
        (PERSON.lower(), ("citizen",), "good", "公民身份号码，校验码正确"),
        ("１１０１０５１９４９１２３１００２Ｘ", ("citizen",), "good", "公民身份号码，校验码正确"),
        (" 110105 19491231 002X\u3000", ("citizen",), "good", "公民身份号码，校验码正确"),
        ("110105491231002", ("citizen",), "good", "公民身份号码，校验码正确（15 位旧号已升为 18 位）"),
        (COMPLETE, ("company",), "good", "统一社会信用代码，校验码正确"),
        ("420112000012345", ("company",), "good", "旧注册号，将按登记信息查找单位"),
        ("110105491231002", ("company",), "good", "旧注册号，将按登记信息查找单位"),
        (WRONG, BOTH, "bad", "公民身份号码校验码不符，请核对证件"),
        (PERSON, ("company",), "bad", "这是公民身份号码，本事项应填统一社会信用代码"),
        (COMPLETE, ("citizen",), "bad", "这是统一社会信用代码，本事项应填公民身份号码"),
        (PERSON + "1", BOTH, "bad", "共 19 位，公民身份号码或统一社会信用代码应为 18 位，请核对证件"),
        ("11010519491331002X", ("citizen",), "bad", None),
    ],
)
def test_the_words_tell_what_the_number_is_or_what_is_wrong(
    typed: str, kinds: tuple[str, ...], state: str, words: str | None
) -> None:
    verdict = judge(typed, kinds)
    assert verdict.state == state
    if words is not None:
        assert verdict.words == words


def test_a_short_number_is_wrong_only_once_it_is_finished() -> None:
    assert judge("1101", ("citizen",)).state == "typing"
    assert judge("1101", ("citizen",), finished=True).words == "共 4 位，公民身份号码应为 18 位，请核对证件"
    assert judge("", ("citizen",), finished=True) == judge(" ", ("citizen",), finished=True)
    assert judge("", ("citizen",), finished=True).words == "请输入公民身份号码"


@given(st.text(max_size=40), st.sampled_from([("citizen",), ("company",), BOTH]), st.booleans())
def test_no_words_ever_hold_what_was_typed(typed: str, kinds: tuple[str, ...], finished: bool) -> None:
    words = judge(typed, kinds, finished=finished).words
    number = bare(typed)
    assert len(number) < 6 or number not in words


@given(st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_wrong_character_is_seen_at_once(place: int, sign: str) -> None:
    typed = PERSON[:place] + sign + PERSON[place + 1 :]
    assert (judge(typed, ("citizen",)).state == "good") == (typed == PERSON)
