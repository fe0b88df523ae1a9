"""The picture of a page shows what the page holds, where it holds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from documents import seal_picture
from documents.errors import NotReadable
from documents.licence import LicencePage, draw, seal_place
from documents.package import Package
from documents.render import advances, render

MakePage = Callable[..., LicencePage]
DPI = 60
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def picture(package: Package, seal: Callable[[bytes], bytes] | None = None) -> Image.Image:
    (page,) = render(package, DPI, seal)
    return Image.open(BytesIO(page)).convert("RGB")


def cropped(image: Image.Image, x: float, y: float, w: float, h: float) -> Image.Image:
    return image.crop(tuple(round(value / 25.4 * DPI) for value in (x, y, x + w, y + h)))


def reddest(image: Image.Image) -> int:
    """How far red stands above green anywhere in the picture."""
    red, green, _ = image.split()
    return int(ImageChops.subtract(red, green).getextrema()[1])  # type: ignore[arg-type]


def with_stamp(package: Package, box: str, clip: str = "") -> Package:
    """The package with the three files that show a seal; nothing is signed, the renderer does not ask."""
    ofd = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    entry = package.entries["OFD.xml"].replace(
        b"</ofd:DocBody>", b"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
    )
    signature = (
        f'<ofd:Signature {ofd}><ofd:SignedInfo><ofd:StampAnnot ID="s002" PageRef="4" Boundary="{box}"{clip}/>'
        "<ofd:Seal><ofd:BaseLoc>/Doc_0/Signs/Sign_0/Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo></ofd:Signature>"
    )
    listed = (
        f'<ofd:Signatures {ofd}><ofd:Signature ID="s001" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>'
    )
    return package.with_entries(
        {
            "OFD.xml": entry,
            "Doc_0/Signs/Signatures.xml": listed.encode(),
            "Doc_0/Signs/Sign_0/Signature.xml": signature.encode(),
            "Doc_0/Signs/Sign_0/Seal.esl": seal_picture.draw("武汉市东西湖区行政审批局（测试）"),
        }
    )


def test_the_place_of_the_seal_bears_no_red_before_sealing_and_does_after(make_page: MakePage) -> None:
    package = draw(make_page())
    (seal,) = seal_place("hr-service")
    place = (seal.x_mm, seal.y_mm, seal.w_mm, seal.h_mm)
    assert reddest(cropped(picture(package), *place)) < 30
    sealed = with_stamp(package, " ".join(f"{value:g}" for value in place))
    assert reddest(cropped(picture(sealed, lambda esl: esl), *place)) > 120
    assert reddest(cropped(picture(sealed), *place)) < 30


@pytest.mark.parametrize(("clip", "shown", "hidden"), [("0 0 20 40", 300, 321), ("20 0 20 40", 321, 300)])
def test_a_clipped_seal_shows_its_slice_only(make_page: MakePage, clip: str, shown: float, hidden: float) -> None:
    package = with_stamp(draw(make_page(test_mark=False)), "300 60 40 40", f' Clip="{clip}"')
    sealed = picture(package, lambda esl: esl)
    assert reddest(cropped(sealed, shown, 60, 19, 40)) > 120
    assert reddest(cropped(sealed, hidden, 60, 19, 40)) < 30


@pytest.mark.parametrize("template", ["food", "hr-service", "ngo"])
def test_every_field_leaves_ink_on_the_picture(make_page: MakePage, template: str) -> None:
    whole = picture(draw(make_page(template)))
    assert whole.size == (992, 702)
    for key in ("holder", "scope", "organ", "number"):
        other = picture(draw(make_page(template, **{key: "一"})))
        assert ImageChops.difference(whole, other).getbbox() is not None


def test_the_code_is_black_on_white_with_its_three_finders(make_page: MakePage) -> None:
    code = cropped(picture(draw(make_page())), 46, 207, 40, 40).convert("L")
    side = code.width
    for x, y in ((0.13, 0.13), (0.87, 0.13), (0.13, 0.87)):
        assert code.getpixel((round(x * side), round(y * side))) < 60


def test_runs_of_advances_are_spelled_out() -> None:
    assert advances("g 3 5.5 2 g 2 1") == [5.5, 5.5, 5.5, 2, 1, 1]
    assert advances(None) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb'Font="1"', b'Font="99"'),
        (rb"<ofd:TextObject ", b'<ofd:TextObject CTM="0 1 -1 0 0 0" '),
        (rb"M 0 0 L", b"M 0 0 A"),
        (rb"M 0 0 L", b"M 0 zero L"),
        (rb"M 0 0 L", b"L"),
        (rb"ofd:ImageObject", b"ofd:VideoObject"),
        (rb"0 0 420 297</ofd:PhysicalBox>", b"0 0 420000 297</ofd:PhysicalBox>"),
    ],
)
def test_what_it_does_not_draw_it_refuses(make_page: MakePage, old: bytes, new: bytes) -> None:
    package = draw(make_page())
    content, count = re.subn(old, new, package.entries[PAGE])
    assert count
    with pytest.raises(NotReadable, match="HUB-416"):
        picture(package.with_entries({PAGE: content}))


def test_a_missing_part_is_told_by_its_path(make_page: MakePage) -> None:
    with pytest.raises(NotReadable, match=r"qr\.png"):
        picture(draw(make_page()).with_entries({"Doc_0/Res/qr.png": None}))
