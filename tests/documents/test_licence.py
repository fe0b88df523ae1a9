"""A drawn licence says what it was given, whole, in the order the standard's schema asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from documents import licence
from documents.errors import FieldsUnfit, GlyphMissing, TextOverflow, TextRefused
from documents.licence import LicencePage, SheetKind, draw, draw_set
from documents.package import Package
from documents.reader import NS, Reader
from documents.xml import parse

MakePage = Callable[..., LicencePage]
TEMPLATES = ("food", "hr-service", "ngo")
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def test_every_licence_has_a_template_for_both_sheets(make_page: MakePage) -> None:
    assert licence.templates() == (
        "association", "entertainment", "food", "hr-service", "labour-dispatch", "ngo", "printing",
        "public-place-hygiene", "publication-retail",
    )  # fmt: skip
    for template in licence.templates():
        both = [make_page(template, sheet=sheet) for sheet in (SheetKind.ORIGINAL, SheetKind.COPY)]
        assert len(list(Reader(draw_set(both)).pages())) == 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_text_on_the_page_is_the_text_given(make_page: MakePage, template: str, long_scope: str) -> None:
    page = make_page(template, scope=long_scope)
    assert Reader(draw(page)).fields() == dict(page.fields)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_text_is_in_an_embedded_font(make_page: MakePage, template: str) -> None:
    package = draw(make_page(template))
    reader = Reader(package)
    covered = {font: set(TTFont(BytesIO(file)).getBestCmap()) for font, file in reader.fonts().items()}
    seen = 0
    for text in parse(package.entries[PAGE], PAGE).iterfind(".//ofd:TextObject", NS):
        words = "".join(code.text or "" for code in text.iterfind("ofd:TextCode", NS))
        assert {ord(character) for character in words} <= covered[text.get("Font", "")]
        seen += len(words)
    assert seen > 100


@pytest.mark.parametrize("template", TEMPLATES)
def test_embedded_fonts_keep_the_tables_viewers_need(make_page: MakePage, template: str) -> None:
    for file in Reader(draw(make_page(template))).fonts().values():
        font = TTFont(BytesIO(file))
        assert {"cmap", "name", "OS/2", "post", "hmtx", "glyf"} <= set(font.keys())
        assert font["name"].getDebugName(6).startswith("NotoSerifSC-")


def test_the_entry_file_says_version_1_0_and_names_no_signatures_yet(make_page: MakePage) -> None:
    root = parse(draw(make_page()).entries["OFD.xml"], "OFD.xml")
    assert root.attrib == {"Version": "1.0", "DocType": "OFD"}
    assert root.prefix == "ofd"
    assert root.find("ofd:DocBody/ofd:Signatures", NS) is None


@pytest.mark.parametrize("template", TEMPLATES)
def test_ids_are_unique_and_none_is_above_the_highest_told(make_page: MakePage, template: str) -> None:
    package = draw(make_page(template))
    ids = [
        int(element.get("ID", ""))
        for path in ("Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml", PAGE)
        for element in parse(package.entries[path], path).iter()
        if element.get("ID") is not None
    ]
    told = parse(package.entries["Doc_0/Document.xml"], "").findtext("ofd:CommonData/ofd:MaxUnitID", namespaces=NS)
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    assert max(ids) == int(told or 0)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("words", ["short", "long"])
def test_every_text_has_one_advance_less_than_characters_and_stays_on_the_page(
    make_page: MakePage, template: str, words: str, long_scope: str
) -> None:
    page = make_page(template, scope=long_scope if words == "long" else "餐饮。")
    for text in parse(draw(page).entries[PAGE], PAGE).iterfind(".//ofd:TextObject", NS):
        x, _, width, _ = (float(value) for value in text.get("Boundary", "").split())
        code = text.find("ofd:TextCode", NS)
        assert code is not None
        assert code.text
        delta = code.get("DeltaX", "").split()
        count, place = 0, 0
        while place < len(delta):
            run = delta[place] == "g"
            count += int(delta[place + 1]) if run else 1
            place += 3 if run else 1
        assert count == len(code.text) - 1
        assert x >= 24
        assert x + width <= 420 - 24


def test_structured_data_is_attached_byte_for_byte_and_invisible(make_page: MakePage) -> None:
    page = make_page()
    package = draw(page)
    assert Reader(package).attachments() == {"证照数据": page.data_xml}
    listed = parse(package.entries["Doc_0/Attachs/Attachments.xml"], "").find("ofd:Attachment", NS)
    assert listed is not None
    assert listed.get("Visible") == "false"
    assert listed.get("ID", "")[0].isalpha()


def test_metadata_travels_in_order_even_with_signs_that_xml_uses(make_page: MakePage) -> None:
    page = make_page()
    assert list(Reader(draw(page)).information().items()) == list(page.metadata.items())


def test_same_page_gives_same_bytes_and_another_name_does_not(make_page: MakePage) -> None:
    once, again = draw(make_page()).to_bytes(), draw(make_page()).to_bytes()
    assert once == again
    assert draw(make_page(legal_rep="欧阳二")).to_bytes() != once


def test_a_package_drawn_is_read_back(make_page: MakePage) -> None:
    package = draw(make_page())
    assert Package.read(package.to_bytes()) == package


def test_a_character_without_glyph_is_refused_by_field_and_code_point_only(make_page: MakePage) -> None:
    with pytest.raises(GlyphMissing) as caught:
        draw(make_page(legal_rep="欧阳\U00030000"))
    assert caught.value.field == "legal_rep"
    assert caught.value.code_points == ("U+30000",)
    assert "欧阳" not in str(caught.value)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_value_too_long_for_its_box_is_refused_not_cut(make_page: MakePage, template: str, long_scope: str) -> None:
    with pytest.raises(TextOverflow) as caught:
        draw(make_page(template, address=long_scope))
    assert caught.value.field == "address"
    assert "劳动者" not in str(caught.value)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_scope_of_300_characters_fits(make_page: MakePage, template: str, long_scope: str) -> None:
    assert Reader(draw(make_page(template, scope=long_scope))).fields()["scope"] == long_scope


@pytest.mark.parametrize(
    "changed", [{"holder": None}, {"holder": "　 "}, {"unheard_of": "甲"}], ids=["missing", "blank", "unknown"]
)
def test_fields_that_are_not_the_templates_are_refused(make_page: MakePage, changed: dict[str, str | None]) -> None:
    with pytest.raises(FieldsUnfit, match=next(iter(changed))):
        draw(make_page(**changed))


def test_an_optional_field_left_out_is_a_dash_on_the_page_and_no_field(make_page: MakePage) -> None:
    for left_out in (None, "", "　"):
        reader = Reader(draw(make_page("food", category=left_out)))
        assert "category" not in reader.fields()
        assert "——" in reader.page_text().values()


@pytest.mark.parametrize(
    "change",
    [{"doc_id": "0123"}, {"doc_id": "G" * 32}, {"title": "甲\x00"}, {"qr_text": ""}, {"qr_text": "甲" * 67}],
    ids=["short id", "no hex", "NUL", "no code", "long code"],
)
def test_texts_that_no_file_can_hold_are_refused(make_page: MakePage, change: dict[str, str]) -> None:
    with pytest.raises(TextRefused):
        draw(replace(make_page(), **change))


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_test_mark_is_on_the_face_when_asked_and_only_then(make_page: MakePage, template: str) -> None:
    organ = "武汉市东西湖区行政审批局"
    marked = Reader(draw(make_page(template, organ=organ))).page_text().values()
    real = Reader(draw(make_page(template, organ=organ, test_mark=False))).page_text().values()
    assert "测试样本　不具法律效力" in marked
    assert not any("测试" in words for words in real)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_seal_goes_over_organ_and_date(make_page: MakePage, template: str) -> None:
    (seal,) = licence.seal_place(template)
    page = make_page(template)
    boxes = {
        "".join(code.text or "" for code in text.iterfind("ofd:TextCode", NS)): [
            float(value) for value in text.get("Boundary", "").split()
        ]
        for text in parse(draw(page).entries[PAGE], PAGE).iterfind(".//ofd:TextObject", NS)
    }
    for key in ("organ", "issued"):
        x, y, width, height = boxes[page.fields[key]]
        assert seal.x_mm < x + width / 2 < seal.x_mm + seal.w_mm
        assert seal.y_mm < y + height / 2 < seal.y_mm + seal.h_mm
    x, y, width, height = boxes[page.fields["valid"]]
    assert y + height < seal.y_mm + 1


def test_a_page_does_not_show_its_fields_in_a_log(make_page: MakePage) -> None:
    assert "欧阳" not in repr(make_page())
