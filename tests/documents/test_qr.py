"""A QR code says what it was asked to say, read by a decoder from its picture and from the page."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from documents import qr
from documents.errors import TextRefused
from documents.licence import LicencePage, SheetKind, draw
from documents.render import render

MakePage = Callable[..., LicencePage]
ADDRESS = "https://hub.example/verify?id=1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.2026030200000001.001.K"


def read(picture: bytes) -> list[tuple[str, str]]:
    """Text and level of error correction of every code in a picture."""
    with Image.open(BytesIO(picture)) as opened:
        return [(found.text, found.ec_level) for found in zxingcpp.read_barcodes(opened.convert("L"))]


@pytest.mark.parametrize("text", ["1", ADDRESS, "武汉市东西湖区", "甲" * 66, "A" * 200, "a" * 200])
def test_the_picture_reads_back_as_its_text(text: str) -> None:
    assert read(qr.encode(text).png()) == [(text, "M")]


@pytest.mark.parametrize("template", ["food", "hr-service", "ngo"])
@pytest.mark.parametrize("sheet", [SheetKind.ORIGINAL, SheetKind.COPY])
def test_the_code_reads_from_a_picture_of_the_page(make_page: MakePage, template: str, sheet: SheetKind) -> None:
    page = make_page(template, sheet=sheet)
    (picture,) = render(draw(page), 100)
    assert read(picture) == [(page.qr_text, "M")]


def test_the_picture_is_one_bit_deep_and_has_a_blank_margin() -> None:
    code = qr.encode(ADDRESS)
    with Image.open(BytesIO(code.png())) as picture:
        assert picture.mode == "1"
        assert picture.size == (len(code.rows) * 8, len(code.rows) * 8)
        assert picture.getpixel((15, 15)) == 255
        assert picture.getpixel((16, 16)) == 0
    for edge in (*code.rows[:2], *code.rows[-2:]):
        assert set(edge) == {0xFF}


def test_the_same_text_gives_the_same_picture() -> None:
    assert qr.encode(ADDRESS).png() == qr.encode(ADDRESS).png()


@pytest.mark.parametrize("text", ["", "a" * 201, "甲" * 67])
def test_no_text_and_too_much_text_are_refused(text: str) -> None:
    with pytest.raises(TextRefused, match=str(len(text.encode()))):
        qr.encode(text)
