"""An annotated copy tells on every page for whom and what for it is, and every word of the licence stays readable."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageStat

from documents import pdf
from documents.errors import FieldsUnfit, GlyphMissing, TextOverflow, TextRefused
from documents.licence import CopyNote, LicencePage, SheetKind, draw, draw_set, set_sheets, templates
from documents.package import Package
from documents.reader import Reader
from documents.render import render
from documents.watermark import turned_box

MakePage = Callable[..., LicencePage]
DPI = 40
NOTE = CopyNote("中国某银行武汉东西湖支行", "开立单位银行结算账户", "2026年12月31日 24时")
LONGEST = CopyNote(
    "招标投标联合评标委员会办公室" * 7 + "代收",
    "用于办理建设项目施工招标投标资格审查，" * 10 + "不作他用。",
    NOTE.until,
)


def pictures(package: Package) -> list[Image.Image]:
    return [Image.open(BytesIO(page)).convert("L") for page in render(package, DPI)]


def faded(before: Image.Image, after: Image.Image, size: tuple[float, float]) -> int:
    """By how much the darkest ink inside the border has changed anywhere; 0 where the marks lie under all of it."""
    rim = 26.0 * min(size) / 297 / size[0] * before.width
    box = (round(rim), round(rim), round(before.width - rim), round(before.height - rim))
    before, after = before.crop(box), after.crop(box)
    ink = before.point(lambda value: 255 if value < 100 else 0)
    return int(ImageStat.Stat(ImageChops.difference(before, after), ink).extrema[0][1])


@pytest.mark.parametrize("template", templates())
@pytest.mark.parametrize("note", [NOTE, LONGEST])
def test_every_page_says_it_and_keeps_every_word_of_the_licence(
    make_page: MakePage, template: str, note: CopyNote
) -> None:
    assert note is NOTE or (len(note.receiver), len(note.cause)) == (100, 195)
    original = make_page(template)
    pages = [original, replace(original, sheet=SheetKind.COPY)]
    plain, marked = draw_set(pages), draw_set([replace(page, note=note) for page in pages])
    assert Reader(marked).fields() == Reader(plain).fields()
    assert set(Reader(plain).page_text().values()) < set(Reader(marked).page_text().values())
    for sheet in set_sheets([replace(page, note=note) for page in pages]):
        told = "".join(mark.text.line.text for mark in sheet.marks)
        assert f"使用单位：{note.receiver}用途：{note.cause}有效期至：{note.until}" in told


@pytest.mark.parametrize(
    ("template", "sheet", "note"),
    [
        ("hr-service", SheetKind.ORIGINAL, NOTE),
        ("food", SheetKind.COPY, NOTE),
        ("food", SheetKind.COPY, LONGEST),
    ],
)
def test_the_marks_lie_under_the_words_and_all_over_the_paper(
    make_page: MakePage, long_scope: str, template: str, sheet: SheetKind, note: CopyNote
) -> None:
    # One of them so long that it goes on to annex pages.
    page = make_page(template, sheet=sheet, **({"scope": long_scope * 4} if template == "hr-service" else {}))
    plain, marked = draw(page), draw(replace(page, note=note))
    pairs = zip(pictures(plain), pictures(marked), strict=True)
    for sheet_set, (before, after) in zip(set_sheets([replace(page, note=note)]), pairs, strict=True):
        assert before.size == after.size
        assert faded(before, after, sheet_set.size) <= 40
        lighter = ImageChops.difference(before, after).point(lambda value: 255 if value > 8 else 0)
        for column in range(4):
            for row in range(3):
                box = [after.width * column // 4, after.height * row // 3]
                part = lighter.crop((*box, box[0] + after.width // 4, box[1] + after.height // 3))
                assert ImageStat.Stat(part).mean[0] / 255 > 0.01, (column, row)


def test_no_mark_reaches_over_the_edge_of_its_page(make_page: MakePage) -> None:
    for sheet in (SheetKind.ORIGINAL, SheetKind.COPY):
        (one,) = set_sheets([replace(make_page("food", sheet=sheet), note=NOTE)])
        for mark in one.marks:
            x, y, width, height = turned_box(mark)
            assert x >= 0 and y >= 0 and x + width <= one.size[0] and y + height <= one.size[1]


def test_the_marks_are_a_layer_of_the_page_and_only_of_a_copy(make_page: MakePage) -> None:
    name = "Doc_0/Pages/Page_0/Content.xml"
    plain, marked = (
        draw(make_page()).entries[name].decode(),
        draw(replace(make_page(), note=NOTE)).entries[name].decode(),
    )
    assert re.findall(r'<ofd:Layer ID="\d+" Type="(\w+)">', plain) == ["Background", "Body"]
    assert re.findall(r'<ofd:Layer ID="\d+" Type="(\w+)">', marked) == ["Background", "Background", "Body"]
    without = re.sub(r'<ofd:Layer ID="\d+" Type="Background"><ofd:TextObject.*?</ofd:Layer>', "", marked)
    assert without == plain


def test_the_code_is_read_from_a_marked_page(make_page: MakePage) -> None:
    page = replace(make_page(sheet=SheetKind.COPY), note=NOTE)
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(render(draw(page), 80)[0])))
    assert code.text == page.qr_text


def test_a_line_turned_by_a_quarter_stands_on_its_head(make_page: MakePage) -> None:
    """The renderer turns the way the standard's matrix says: x' = a x + c y + e, downward."""
    package = draw(make_page())
    name = "Doc_0/Pages/Page_0/Content.xml"
    text = (
        '<ofd:TextObject ID="90000" Boundary="100 20 20 60" CTM="0 1 -1 0 10 0" Font="2" Size="10">'
        '<ofd:FillColor Value="255 0 255"/><ofd:TextCode X="0" Y="0" DeltaX="10">许可</ofd:TextCode></ofd:TextObject>'
    )
    content = package.entries[name].decode().replace("</ofd:Layer></ofd:Content>", f"{text}</ofd:Layer></ofd:Content>")
    (page,) = render(package.with_entries({name: content.encode()}), DPI)
    red, green, _ = Image.open(BytesIO(page)).convert("RGB").split()
    box = ImageChops.subtract(red, green).point(lambda value: 255 if value > 120 else 0).getbbox()
    assert box is not None
    left, top, right, bottom = (value * 25.4 / DPI for value in box)
    # The baseline runs down from (110, 20); the characters' bodies lie to its right.
    assert 107 < left < 112 and 19 < top < 23 and 116 < right < 121 and 37 < bottom < 42


@pytest.mark.parametrize(
    ("note", "refusal", "told"),
    [
        (CopyNote("某\U00020bb7银行", "开户", "明天"), GlyphMissing, "copy_receiver"),
        (CopyNote("某银行", "开\u200b户", "明天"), GlyphMissing, "copy_cause"),
        (CopyNote("某银行", "开\x01户", "明天"), TextRefused, "copy_cause"),
        (CopyNote("某银行", " ", "明天"), FieldsUnfit, "copy_cause"),
        (CopyNote("某银行", "开户" * 400, "明天"), TextOverflow, "copy_cause"),
    ],
)
def test_what_cannot_be_set_is_refused_before_anything_is_drawn(
    make_page: MakePage, note: CopyNote, refusal: type[Exception], told: str
) -> None:
    with pytest.raises(refusal, match=told):
        draw(replace(make_page(), note=note))


def test_a_pdf_says_it_to_other_readers_and_keeps_its_words(make_page: MakePage, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not installed")
    page = make_page("food", sheet=SheetKind.COPY)
    shown: list[Image.Image] = []
    for one in (page, replace(page, note=NOTE)):
        path = tmp_path / "copy.pdf"
        path.write_bytes(pdf.draw(one).to_bytes())
        told = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True).stdout.decode()
        assert all(re.sub(r"\s", "", value) in re.sub(r"\s", "", told) for value in page.fields.values())
        assert (NOTE.receiver in told) == (one.note is not None)
        subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", path, tmp_path / "page"], check=True)
        shown.append(Image.open(tmp_path / "page-1.pgm").copy())
    before, after = shown
    assert faded(before, after, (297, 210)) <= 40
    assert ImageStat.Stat(ImageChops.difference(before, after)).mean[0] > 1


def test_a_copys_own_words_stay_out_of_what_a_program_prints(make_page: MakePage) -> None:
    assert NOTE.receiver not in repr(NOTE) and NOTE.receiver not in repr(replace(make_page(), note=NOTE))
