"""Lines break where Chinese typography allows, and nothing is lost between them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.fonts import FaceName, face
from documents.layout import CLOSING, OPENING, Align, Paragraph, place

BODY = face(FaceName.BODY)
WORDS = st.text(st.sampled_from("东西湖区行政审批，。；：、（）《》“”0123456789ABCDEFab-. "), min_size=1, max_size=200)


def wrapped(text: str, size: float, width: float) -> list[str]:
    return [text[start:end] for start, end in pairwise(Paragraph(text, BODY).wrap(size, width))]


@given(text=WORDS, width=st.floats(20, 200), size=st.floats(2, 8))
def test_lines_joined_are_the_text(text: str, width: float, size: float) -> None:
    assert "".join(wrapped(text, size, width)) == text


@given(text=WORDS, width=st.floats(30, 200), size=st.floats(2, 6))
def test_no_character_stands_beyond_the_right_edge(text: str, width: float, size: float) -> None:
    paragraph = Paragraph(text, BODY)
    for start, end in pairwise(paragraph.wrap(size, width)):
        for justify in (False, True):
            placed = paragraph.place(start, end, x=10, width=width, baseline=0, size=size, justify=justify)
            last = placed.x + sum(placed.advances)
            # A closing mark's empty right half may.
            ink = 0.5 if placed.text[-1] in "，。；：、）》" else BODY.advances[ord(placed.text[-1])]
            assert last + ink * size <= 10 + width + 1e-3


@given(text=st.text(st.sampled_from("东西湖区，。；（）《》"), min_size=1, max_size=120))
def test_marks_stay_with_their_words_where_there_is_a_place_to_break(text: str) -> None:
    lines = wrapped(text, 5, 100)
    for before, after in pairwise(lines):
        could_break = any(right not in CLOSING and left not in OPENING for left, right in pairwise(before))
        if could_break:
            assert after[0] not in CLOSING
            assert before[-1] not in OPENING


@given(text=WORDS)
def test_a_line_is_as_wide_as_its_parts_say(text: str) -> None:
    line = place(text, BODY, x=0, width=500, baseline=0, size=5)
    assert line.width == pytest.approx(sum(line.advances) + BODY.advances[ord(text[-1])] * 5)
    assert len(line.advances) == len(text) - 1


def test_a_code_is_not_cut_when_it_fits_a_line() -> None:
    lines = wrapped("统一社会信用代码为91420112MA4K000X1Q的单位", 5, 60)
    assert any("91420112MA4K000X1Q" in line for line in lines)


def test_a_code_longer_than_a_line_is_cut_inside() -> None:
    assert len(wrapped("9" * 100, 5, 60)) > 1


def test_a_justified_line_ends_at_the_right_edge_and_keeps_numbers_together() -> None:
    text = "环湖中路198号东西湖"
    line = Paragraph(text, BODY).place(0, len(text), x=0, width=60, baseline=0, size=5, justify=True)
    assert sum(line.advances) + 5 == pytest.approx(60)
    plain = Paragraph(text, BODY).place(0, len(text), x=0, width=60, baseline=0, size=5)
    assert line.advances[4:6] == plain.advances[4:6]


def test_a_long_value_shrinks_until_it_fits_and_never_below_the_least() -> None:
    short = Paragraph("东西湖区", BODY).fit(width=100, height=8, size=7, least=4, leading=1.4)
    assert short is not None
    assert short.size == 7
    fitted = Paragraph("东西湖区" * 5, BODY).fit(width=100, height=8, size=7, least=4, leading=1.4)
    assert fitted is not None
    assert 4 <= fitted.size < 7
    assert fitted.lines == 1
    assert Paragraph("东西湖区" * 20, BODY).fit(width=100, height=8, size=7, least=4, leading=1.4) is None


def test_a_last_line_of_one_character_is_drawn_up_when_a_little_smaller_does_it() -> None:
    def lines(characters: int, size: float) -> tuple[float, int]:
        fitted = Paragraph("东" * characters, BODY).fit(width=100, height=13, size=size, least=4, leading=1.45)
        assert fitted is not None
        return fitted.size, fitted.lines

    assert lines(20, 5) == (5, 1)
    assert lines(21, 5) == (4.7, 1)
    assert lines(23, 5) == (5, 2)
    assert lines(21, 4.9) == (4.7, 1)


@pytest.mark.parametrize("label", ["名称", "法定代表人", "统一社会信用代码"])
def test_a_spread_label_touches_both_edges(label: str) -> None:
    line = place(label, BODY, x=40, width=50, baseline=0, size=6, align=Align.SPREAD)
    assert line.x == 40
    assert line.x + sum(line.advances) + 6 == pytest.approx(90)


def test_neighbouring_marks_share_their_empty_halves() -> None:
    line = place("（甲）；", BODY, x=0, width=100, baseline=0, size=10)
    assert line.advances == (10, 10, 5)
