"""正本, 副本 and 附页 in one document: the same facts, one set of fonts, and seals that know their page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from documents.errors import GlyphMissing, NotReadable, PagesDisagree, TextOverflow
from documents.licence import (
    LicencePage,
    SheetKind,
    draw,
    draw_set,
    riding_places,
    seal_place,
    seal_places,
    set_sheets,
)
from documents.ofd import write
from documents.places import LEAST_SLICE_MM, riding_slices
from documents.reader import NS, Reader
from documents.sheet import set_sheet
from documents.xml import parse

MakePage = Callable[..., LicencePage]
TEMPLATES = ("food", "hr-service", "ngo")


def both(page: LicencePage) -> list[LicencePage]:
    return [page, replace(page, sheet=SheetKind.COPY)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_copy_says_so_and_otherwise_the_same_as_the_original(
    make_page: MakePage, template: str, long_scope: str
) -> None:
    page = make_page(template, scope=long_scope)
    original, copy = (Reader(draw(one)) for one in both(page))
    assert copy.fields() == original.fields() == dict(page.fields)
    assert "（副　本）" in copy.page_text().values()
    assert "（副　本）" not in original.page_text().values()


@pytest.mark.parametrize("template", TEMPLATES)
def test_one_document_holds_both_sheets_with_one_font_a_face_and_one_code(make_page: MakePage, template: str) -> None:
    page = make_page(template)
    package = draw_set(both(page))
    reader = Reader(package)
    boxes = []
    covered = {font: set(TTFont(BytesIO(file)).getBestCmap()) for font, file in reader.fonts().items()}
    for _, location in reader.pages():
        content = reader.xml(location)
        boxes.append(content.findtext("ofd:Area/ofd:PhysicalBox", namespaces=NS))
        for text in content.iterfind(".//ofd:TextObject", NS):
            words = "".join(code.text or "" for code in text.iterfind("ofd:TextCode", NS))
            assert {ord(character) for character in words} <= covered[text.get("Font", "")]
    assert boxes == ["0 0 420 297", "0 0 297 210"]
    assert len(covered) == 2
    assert len(reader.images()) == 1
    assert reader.fields() == dict(page.fields)


def test_every_object_of_a_document_has_its_own_number_and_tags_name_the_right_page(
    make_page: MakePage, long_scope: str
) -> None:
    package = draw_set(both(make_page(scope=long_scope * 6)))
    reader = Reader(package)
    on_page: dict[str, set[str]] = {}
    ids: list[int] = []
    for page_id, location in reader.pages():
        objects = [one.get("ID", "") for one in reader.xml(location).iter() if one.get("ID")]
        on_page[page_id] = set(objects)
        ids += [int(page_id), *map(int, objects)]
    ids += [int(one) for one in (*reader.fonts(), *reader.images())]
    told = parse(package.entries["Doc_0/Document.xml"], "").findtext("ofd:CommonData/ofd:MaxUnitID", namespaces=NS)
    assert len(set(ids)) == len(ids)
    assert max(ids) == int(told or 0)
    references = parse(package.entries["Doc_0/Tags/LicenceTags.xml"], "").findall(".//ofd:ObjectRef", NS)
    assert len({one.get("PageRef") for one in references}) == len(on_page) == 8
    for one in references:
        assert one.text in on_page[one.get("PageRef", "")]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_value_too_long_for_its_face_follows_whole_on_annex_pages(
    make_page: MakePage, template: str, long_scope: str
) -> None:
    page = make_page(template, scope=long_scope * 6)
    reader = Reader(draw(page))
    words = list(reader.page_text().values())
    assert reader.fields() == dict(page.fields)
    assert words.count("详见附页") == 1
    pages = [location for _, location in reader.pages()]
    assert len(pages) == 4
    assert [f"第{number}页　共3页" in words for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_only_the_sheet_that_is_too_small_gets_annex_pages(make_page: MakePage) -> None:
    sheets = set_sheets(both(make_page("food", scope="东" * 340)))
    assert [sheet.template.sheet for sheet in sheets] == [SheetKind.ORIGINAL, SheetKind.COPY, SheetKind.ANNEX]
    assert [len(sheet.codes) for sheet in sheets] == [1, 1, 0]


def test_a_lacking_glyph_in_an_annexed_value_is_an_error_like_any_other(make_page: MakePage, long_scope: str) -> None:
    with pytest.raises(GlyphMissing) as caught:
        draw(make_page(scope=long_scope * 6 + "\U00030000"))
    assert caught.value.field == "scope"


def test_a_value_beyond_twenty_annex_pages_is_refused(make_page: MakePage, long_scope: str) -> None:
    with pytest.raises(TextOverflow, match="20 annex pages"):
        draw(make_page(scope=long_scope * 60))


def test_one_sheet_asked_for_is_one_sheet_or_an_error(make_page: MakePage, long_scope: str) -> None:
    assert set_sheet(make_page()).size == (420, 297)
    with pytest.raises(TextOverflow) as caught:
        set_sheet(make_page(scope=long_scope * 6))
    assert caught.value.field == "scope"


def test_pages_of_two_licences_are_no_document(make_page: MakePage) -> None:
    for pages in ([], [make_page(), make_page(holder="别家")], [make_page(), make_page("ngo")]):
        with pytest.raises(PagesDisagree, match="HUB-417"):
            draw_set(pages)


def test_a_document_whose_pages_tell_two_stories_is_not_read(make_page: MakePage) -> None:
    package = draw_set(both(make_page()))
    copy = package.entries["Doc_0/Pages/Page_1/Content.xml"]
    forged = copy.replace("云杉".encode(), "云松".encode())
    assert forged != copy
    with pytest.raises(NotReadable, match="two pages say different things"):
        Reader(package.with_entries({"Doc_0/Pages/Page_1/Content.xml": forged})).fields()


@pytest.mark.parametrize("template", TEMPLATES)
def test_seals_go_over_organ_and_date_of_every_face(make_page: MakePage, template: str, long_scope: str) -> None:
    page = make_page(template, scope=long_scope * 6)
    sheets = set_sheets(both(page))
    reader = Reader(write(sheets))
    places = seal_places(sheets)
    assert [place.page_index for place in places] == [0, 4]
    assert places[0] == seal_place(template)[0]
    contents = [reader.xml(location) for _, location in reader.pages()]
    for place in places:
        boxes = {
            "".join(code.text or "" for code in text.iterfind("ofd:TextCode", NS)): [
                float(value) for value in text.get("Boundary", "").split()
            ]
            for text in contents[place.page_index].iterfind(".//ofd:TextObject", NS)
        }
        for key in ("organ", "issued"):
            x, y, width, height = boxes[page.fields[key]]
            assert place.x_mm < x + width / 2 < place.x_mm + place.w_mm
            assert place.y_mm < y + height / 2 < place.y_mm + place.h_mm


def test_the_slices_of_a_riding_seal_add_up_and_lie_on_their_pages(make_page: MakePage, long_scope: str) -> None:
    sheets = set_sheets(both(make_page(scope=long_scope * 6)))
    places = riding_places(sheets)
    assert [place.page_index for place in places] == list(range(8))
    reach = 0.0
    for place, sheet in zip(places, sheets, strict=True):
        assert place.clip is not None
        assert place.clip[0] == pytest.approx(reach)
        assert place.x_mm + place.clip[0] + place.clip[2] == pytest.approx(sheet.size[0])
        assert 0 < place.y_mm < place.y_mm + place.h_mm < sheet.size[1]
        reach += place.clip[2]
    assert reach == pytest.approx(42)
    assert riding_places(sheets[:1]) == ()


@pytest.mark.parametrize(("pages", "groups"), [(2, 1), (14, 1), (15, 2), (22, 2), (29, 3)])
def test_no_slice_of_a_riding_seal_is_too_narrow_to_be_compared(pages: int, groups: int) -> None:
    slices = list(riding_slices(pages, 42))
    assert [one.page_index for one in slices] == list(range(pages))
    assert min(one.width_mm for one in slices) >= LEAST_SLICE_MM
    assert sum(one.width_mm for one in slices) == pytest.approx(42 * groups)
