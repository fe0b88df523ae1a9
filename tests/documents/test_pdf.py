"""A licence as PDF: other people's readers find its words, its fonts, its code and its data."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from documents.errors import FieldsUnfit, GlyphMissing, PictureRefused, TextRefused
from documents.fonts import FaceName, face
from documents.licence import LicencePage, SheetKind, fields, templates
from documents.pdf import draw
from documents.pdf.glyphs import beginning, table
from documents.pdf.picture import Picture

MakePage = Callable[..., LicencePage]


def tool(*command: str) -> str:
    """What a program says, or a skip where it is absent."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    """Writes the PDF of some pages to a file."""

    def write(*pages: LicencePage) -> Path:
        path = tmp_path / "licence.pdf"
        path.write_bytes(draw(*pages).to_bytes())
        return path

    return write


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("template", templates())
@pytest.mark.parametrize("sheet", [SheetKind.ORIGINAL, SheetKind.COPY])
def test_every_field_is_found_again_as_text(
    template: str, sheet: SheetKind, make_page: MakePage, drawn: Callable[..., Path]
) -> None:
    page = make_page(template, sheet=sheet)
    told = squeezed(tool("pdftotext", "-layout", str(drawn(page)), "-"))
    for field in fields(template):
        if field.key in page.fields:
            assert squeezed(page.fields[field.key]) in told, field.key


def test_a_wrapped_value_is_whole_in_the_text(make_page: MakePage, drawn: Callable[..., Path], long_scope: str) -> None:
    path = drawn(make_page(scope=long_scope))
    told = squeezed(tool("pdftotext", "-raw", str(path), "-"))
    assert squeezed(long_scope) in told


def test_characters_outside_the_basic_plane_are_drawn_and_found_again(
    make_page: MakePage, drawn: Callable[..., Path]
) -> None:
    rare = next(one for one in "𠮷𣘺𰻝𬭎𫖯𬀩" if not face(FaceName.BODY).missing(one))
    path = drawn(make_page(legal_rep=f"欧阳{rare}"))
    assert f"欧阳{rare}" in squeezed(tool("pdftotext", str(path), "-"))


def test_fonts_are_embedded_subsets_with_a_way_back_to_text(make_page: MakePage, drawn: Callable[..., Path]) -> None:
    lines = tool("pdffonts", str(drawn(make_page()))).splitlines()[2:]
    assert len(lines) == 2
    for line in lines:
        assert re.match(r"[A-Z]{6}\+NotoSerifSC-(Regular|Bold)\s+CID TrueType\s+Identity-H\s+yes yes yes", line)


def test_the_structure_is_sound_for_another_reader(make_page: MakePage, drawn: Callable[..., Path]) -> None:
    told = tool("qpdf", "--check", str(drawn(make_page("food"), make_page("food", sheet=SheetKind.COPY))))
    assert "No syntax or stream encoding errors found" in told


def test_the_pages_have_the_size_of_their_sheets(make_page: MakePage, drawn: Callable[..., Path]) -> None:
    path = drawn(make_page("ngo"), make_page("ngo", sheet=SheetKind.COPY))
    told = tool("pdfinfo", "-f", "1", "-l", "2", str(path))
    sizes = re.findall(r"Page +\d size: +([\d.]+) x ([\d.]+)", told)
    assert [[round(float(side) / 72 * 25.4) for side in size] for size in sizes] == [[420, 297], [297, 210]]


def test_the_code_on_the_drawn_page_is_read_by_another_reader(
    make_page: MakePage, drawn: Callable[..., Path], tmp_path: Path
) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    page = make_page("food")
    tool("pdftoppm", "-r", "100", "-png", "-singlefile", str(drawn(page)), str(tmp_path / "page"))
    with Image.open(tmp_path / "page.png") as image:
        found = zxingcpp.read_barcodes(image.convert("L"))
    assert [one.text for one in found] == [page.qr_text]


def test_the_drawn_page_looks_like_the_ofd(make_page: MakePage, drawn: Callable[..., Path], tmp_path: Path) -> None:
    from documents.licence import draw as draw_ofd
    from documents.render import render

    page = make_page("food")
    tool("pdftoppm", "-r", "60", "-png", "-singlefile", str(drawn(page)), str(tmp_path / "page"))
    coarse = []
    for file in ((tmp_path / "page.png").read_bytes(), render(draw_ofd(page), dpi=60)[0]):
        with Image.open(BytesIO(file)) as image:
            # Two renderers smooth edges differently; seen as fields of a centimetre they must agree.
            coarse.append(image.convert("L").resize((42, 30), Image.Resampling.BOX).tobytes())
    apart = [abs(one - two) for one, two in zip(*coarse, strict=True)]
    assert max(apart) < 30
    assert sum(apart) / len(apart) < 4


def test_the_structured_data_comes_along_unchanged(
    make_page: MakePage, drawn: Callable[..., Path], tmp_path: Path
) -> None:
    page = make_page()
    path = drawn(page)
    assert "licence.xml" in tool("pdfdetach", "-list", str(path))
    tool("pdfdetach", "-save", "1", "-o", str(tmp_path / "out.xml"), str(path))
    assert (tmp_path / "out.xml").read_bytes() == page.data_xml


def test_information_and_xmp_say_the_same(make_page: MakePage, drawn: Callable[..., Path]) -> None:
    page = make_page()
    path = drawn(page)
    told = tool("pdfinfo", "-isodates", str(path))
    assert re.search(r"Title: +人力资源服务许可证", told)
    assert re.search(r"Author: +武汉市东西湖区行政审批局（测试）", told)
    assert re.search(r"CreationDate: +2026-03-0[12]", told)
    root = ElementTree.fromstring(tool("pdfinfo", "-meta", str(path)).strip())
    texts = {one.tag.rpartition("}")[2]: one.text for one in root.iter() if one.text and one.text.strip()}
    assert texts["ZZBH"] == "420112202600017"
    assert texts["CZZT"] == "甲 & 乙 <丙>"
    assert texts["CreateDate"] == "2026-03-02T00:00:00+08:00"
    assert "人力资源服务许可证" in [one.text for one in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")]


def test_the_catalog_names_language_and_data(make_page: MakePage, drawn: Callable[..., Path]) -> None:
    document = json.loads(tool("qpdf", "--json", "--json-key=qpdf", str(drawn(make_page()))))
    text = json.dumps(document, ensure_ascii=False)
    assert '"/Lang": "u:zh-CN"' in text
    assert '"/AFRelationship": "/Data"' in text


def test_the_same_page_gives_the_same_bytes_and_another_one_others(make_page: MakePage) -> None:
    page = make_page("food")
    first = draw(page).to_bytes()
    assert draw(page).to_bytes() == first
    assert draw(replace(page, doc_id="f" * 32)).to_bytes() != first
    assert f"/ID[<{page.doc_id}><{page.doc_id}>]".encode() in first


def test_a_later_date_changes_the_dates_only(make_page: MakePage) -> None:
    page = make_page("food")
    one, two = draw(page).to_bytes(), draw(replace(page, created=date(2026, 3, 3))).to_bytes()
    assert len(one) == len(two)
    assert sum(a != b for a, b in zip(one, two, strict=True)) < 20


def test_a_missing_glyph_is_told_before_anything_is_drawn(make_page: MakePage) -> None:
    with pytest.raises(GlyphMissing) as caught:
        draw(make_page(holder="武汉\U0001f600"))
    assert caught.value.code_points == ("U+1F600",)


def test_an_unfit_page_is_refused_as_for_the_ofd(make_page: MakePage) -> None:
    with pytest.raises(FieldsUnfit):
        draw(make_page(holder=None))


def test_a_metadata_name_that_xml_cannot_carry_is_refused(make_page: MakePage) -> None:
    with pytest.raises(TextRefused, match="XML element"):
        draw(replace(make_page(), metadata={"a b": "c"}))


@pytest.mark.parametrize("name", list(FaceName))
def test_a_subset_is_a_whole_truetype_font_with_right_check_sums(name: FaceName) -> None:
    words = "许可证编号0123abc（）"
    subset = beginning(name, frozenset(words[:4])).and_also(frozenset(words))
    file = b"".join(subset.file())
    font = TTFont(BytesIO(file), checkChecksums=2)
    original = TTFont(face(name).path)
    assert len(subset.characters) + 1 == font["maxp"].numGlyphs
    drawn, known = font.getGlyphSet(), original.getGlyphSet()
    for character in words:
        own = font.getGlyphOrder()[subset.codes[ord(character)]]
        old = original.getBestCmap()[ord(character)]
        assert font["glyf"][own].getCoordinates(font["glyf"]) == original["glyf"][old].getCoordinates(original["glyf"])
        assert drawn[own].width == known[old].width == subset.widths[subset.codes[ord(character)]]
        assert font["hmtx"][own] == original["hmtx"][old]
    whole = file + bytes(-len(file) % 4)
    assert sum(struct.unpack(f">{len(whole) // 4}L", whole)) & 0xFFFFFFFF == 0xB1B0AFBA


def test_the_words_of_the_template_keep_their_glyph_numbers() -> None:
    steady = beginning(FaceName.BODY, frozenset("测试样本"))
    one, two = steady.and_also(frozenset("测甲乙")), steady.and_also(frozenset("丁丙"))
    assert {steady.codes[ord(each)] for each in "测试样本"} == {1, 2, 3, 4}
    assert all(one.codes[ord(each)] == two.codes[ord(each)] == steady.codes[ord(each)] for each in "测试样本")
    assert table(FaceName.BODY) is table(FaceName.BODY)


def test_a_picture_with_one_ink_is_one_pixel_under_its_mask() -> None:
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    image.paste((218, 30, 30, 255), (5, 5, 20, 20))
    out = BytesIO()
    image.save(out, "PNG")
    picture = Picture.of(out.getvalue())
    assert picture.colour_size == (1, 1)
    assert picture.alpha_size == (40, 30)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"x" * 40])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        Picture.of(data)


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    out = BytesIO()
    Image.new("1", (5000, 10)).save(out, "PNG")
    with pytest.raises(PictureRefused, match="5000 x 10"):
        Picture.of(out.getvalue())


def test_two_processes_draw_the_same_bytes(make_page: MakePage) -> None:
    """Sets are ordered by a seed of the process; nothing of that may reach the file."""
    code = (
        "import hashlib\n"
        "from datetime import date\n"
        "from documents.licence import LicencePage\n"
        "from documents.pdf import draw\n"
        f"page = {_literal(make_page('food'))}\n"
        "print(hashlib.sha256(draw(page).to_bytes()).hexdigest())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {hashlib.sha256(draw(make_page("food")).to_bytes()).hexdigest() + "\n"}


def _literal(page: LicencePage) -> str:
    told = {name: getattr(page, name) for name in page.__slots__ if name not in ("created", "sheet")}
    return f"LicencePage(created=date{page.created.timetuple()[:3]}, **{told!r})"
