"""Blanks, widths and wrong encodings."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import LIKELY, SUSPECT, garbled, name_form, narrowed, tidied, trimmed

hanzi = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=12)
common = st.text(
    st.sampled_from("武汉市东西湖区人力资源服务有限公司测试商贸科技建筑工程物流机电设备文化传媒环保农业发展医疗器械"),
    min_size=2,
    max_size=20,
)


@given(common)
def test_chinese_read_in_a_wrong_encoding_is_recognised(text: str) -> None:
    assert not garbled(text)
    assert garbled(text.encode().decode("latin-1"))
    assert garbled(text.encode("gb18030").decode("latin-1"))
    assert garbled(text.encode().decode("gb18030", errors="replace"))
    misread = text.encode("gb18030").decode("utf-8", errors="replace")
    # The few words that are good UTF-8 by chance (联通, 业业) read as Cyrillic, which a foreigner's name may be.
    assert garbled(misread) or "\ufffd" not in misread
    assert garbled("?" * len(text))


@given(st.one_of(hanzi, st.text(max_size=30)))
def test_whatever_is_garbled_is_seen_by_the_quick_look(text: str) -> None:
    if garbled(text):
        assert SUSPECT.search(text)
        assert LIKELY.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "锟斤拷汉公司", "武\ufffd汉", "武汉\x00", "\ud800", "??", "姝︽眽甯",
    ],
)  # fmt: skip
def test_lost_characters_are_recognised(text: str) -> None:
    assert garbled(text)


@pytest.mark.parametrize(
    "text",
    [
        "联通", "买买提·艾力", "武汉TCL家电有限公司", "MÜLLER", "Renée", "JEAN EXEMPLE", "㛃𬱖䶮", "25℃×3",
        "1号楼（A栋）", "?", "服务费100¥", "涓涓细流浜", "ÜBER ÄRZTE",
    ],
)  # fmt: skip
def test_rare_but_right_text_is_left_alone(text: str) -> None:
    assert not garbled(text)


def test_no_text_of_the_real_companies_is_called_garbled(real_companies: Path) -> None:
    with real_companies.open(encoding="utf-8-sig", newline="") as file:
        texts = {value for line in csv.DictReader(file) for value in line.values()}
    assert len(texts) > 10_000
    assert [text for text in texts if garbled(text)] == []


def test_blanks_of_every_kind_are_trimmed() -> None:
    assert trimmed("\ufeff \u3000测试\u200b\xa0\t\n") == "测试"
    assert trimmed(" \ufeff ") == ""


def test_names_have_full_width_brackets_and_half_width_letters() -> None:
    assert name_form("测试(武汉)ＴＣＬ有限公司") == "测试（武汉）TCL有限公司"
    assert name_form("测试（武汉)有限公司") == "测试（武汉）有限公司"
    assert name_form("测试有限公司") == "测试有限公司"


@given(st.text(max_size=30))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once, _ = tidied(text)
    assert tidied(once) == (once, ())
    assert narrowed(narrowed(text)) == narrowed(text)


def test_letters_that_only_look_like_ours_are_not_raised() -> None:
    assert tidied("ı123ß")[0] == "ı123ß"
