"""The faces cover what Chinese licences need, and say so when they do not."""

from __future__ import annotations

import bz2
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from documents import fonts
from documents.errors import FontBroken, GlyphMissing
from documents.fonts import FaceName, face

#: Where Debian's package unicode-data puts the property kTGH.
UNIHAN = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
GB2312 = "".join(
    bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)
)


@pytest.mark.parametrize("name", list(FaceName))
def test_a_face_covers_gb2312_and_the_zero_of_chinese_dates(name: FaceName) -> None:
    assert len(GB2312) == 6763
    assert face(name).missing(GB2312 + "〇（）：；，。、·—…“”《》") == ()


def test_the_body_covers_every_character_of_the_basic_block_and_extension_a() -> None:
    every = "".join(map(chr, [*range(0x4E00, 0xA000), *range(0x3400, 0x4DC0)]))
    assert face(FaceName.BODY).missing(every) == ()


@pytest.mark.skipif(not UNIHAN.is_file(), reason="Debian's package unicode-data is not installed")
def test_the_body_covers_the_8105_characters_of_the_general_standard_list() -> None:
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as lines:
        listed = [chr(int(line.split("\t")[0][2:], 16)) for line in lines if "\tkTGH\t" in line]
    assert len(listed) == 8105
    assert face(FaceName.BODY).missing("".join(listed)) == ()


@pytest.mark.parametrize("character", "〇㛃𬭊𫘧䶮")
def test_a_rare_character_is_drawn_not_only_mapped(character: str) -> None:
    font = TTFont(BytesIO(face(FaceName.BODY).subset(character)))
    assert font["glyf"][font.getBestCmap()[ord(character)]].numberOfContours > 0


@pytest.mark.parametrize("character", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd", "\ufffd"])
def test_private_use_and_replacement_characters_are_errors(character: str) -> None:
    for name in FaceName:
        with pytest.raises(GlyphMissing, match=f"U\\+{ord(character):04X}"):
            face(name).check("legal_rep", f"欧阳{character}")


def test_the_body_covers_rare_name_characters_beyond_the_basic_plane() -> None:
    assert face(FaceName.BODY).missing("䶮𬱖𬸘𬬻𫟹𬭎") == ()


def test_what_is_missing_is_told_once_each_in_order() -> None:
    assert face(FaceName.BODY).missing("一\U00030001二\U00030000\U00030001") == ("U+30001", "U+30000")
    with pytest.raises(GlyphMissing, match=r"HUB-410 field holder needs U\+30000"):
        face(FaceName.BODY).check("holder", "甲\U00030000")


def test_invisible_and_combining_characters_count_as_missing() -> None:
    assert face(FaceName.BODY).missing("甲\u00ad\u200b\ufe00\u0301\n") == (
        "U+00AD",
        "U+200B",
        "U+FE00",
        "U+0301",
        "U+000A",
    )


def test_a_subset_holds_the_characters_asked_for_and_no_others() -> None:
    font = TTFont(BytesIO(face(FaceName.BODY).subset("二〇二六年")))
    assert set(font.getBestCmap()) == {ord(character) for character in "二〇六年"}
    assert font["maxp"].numGlyphs == 5


def test_a_subset_draws_the_same_outlines_as_the_whole_face() -> None:
    whole = TTFont(face(FaceName.BODY).path)
    part = TTFont(BytesIO(face(FaceName.BODY).subset("审批局")))
    for character in "审批局":
        code_point = ord(character)
        before = whole["glyf"][whole.getBestCmap()[code_point]]
        after = part["glyf"][part.getBestCmap()[code_point]]
        assert before.getCoordinates(whole["glyf"])[0] == after.getCoordinates(part["glyf"])[0]
        assert whole["hmtx"][whole.getBestCmap()[code_point]] == part["hmtx"][part.getBestCmap()[code_point]]


def test_an_absent_font_file_is_told_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(fonts, "FOLDER", tmp_path)
    fonts.face.cache_clear()
    try:
        with pytest.raises(FontBroken, match=r"NotoSerifSC-Regular\.ttf"):
            face(FaceName.BODY)
    finally:
        fonts.face.cache_clear()
