"""The picture of a page shows what the page holds, where it holds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from documents import seal_picture
from documents.errors import NotReadable
from documents.licence import LicencePage, SheetKind, draw, draw_set, riding_places, seal_place, set_sheets
from documents.ofd import write
from documents.package import Package
from documents.reader import Reader
from documents.render import advances, left_out, render

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


def with_stamp(package: Package, box: str, clip: str = "", *, page: int = 0) -> Package:
    """The package with the three files that show a seal; nothing is signed, the renderer does not ask."""
    ofd = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    page_id = [identifier for identifier, _ in Reader(package).pages()][page]
    entry = package.entries["OFD.xml"].replace(
        b"</ofd:DocBody>", b"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
    )
    signature = (
        f'<ofd:Signature {ofd}><ofd:SignedInfo><ofd:StampAnnot ID="s002" PageRef="{page_id}" Boundary="{box}"{clip}/>'
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
        (rb"<ofd:TextObject ", b'<ofd:TextObject CTM="1 1 1 1 0 0" '),
        (rb"<ofd:TextObject ", b'<ofd:TextObject CTM="1 0 0 1" '),
        (rb"<ofd:TextCode ", b"<ofd:CGTransform/><ofd:TextCode "),
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


def test_all_pages_are_drawn_each_in_its_own_size(make_page: MakePage) -> None:
    original = make_page()
    pages = render(draw_set([original, replace(original, sheet=SheetKind.COPY)]), DPI)
    sizes = [Image.open(BytesIO(page)).size for page in pages]
    assert sizes == [(992, 702), (702, 496)]


def test_the_slices_of_a_riding_seal_make_one_seal(make_page: MakePage) -> None:
    """Put side by side, the right edges of the pages show the seal that lies across them."""
    original = make_page(test_mark=False)
    sheets = set_sheets([original, replace(original, sheet=SheetKind.COPY)])
    places = riding_places(sheets)
    seal = seal_picture.draw("武汉市东西湖区行政审批局（测试）")
    slices = []
    for place in places:
        assert place.clip is not None
        annotation = " ".join(f"{value:g}" for value in (place.x_mm, place.y_mm, place.w_mm, place.h_mm))
        package = with_stamp(
            write(sheets),
            annotation,
            f' Clip="{" ".join(f"{value:g}" for value in place.clip)}"',
            page=place.page_index,
        )
        page = Image.open(BytesIO(render(package, DPI, lambda esl: esl)[place.page_index])).convert("RGB")
        visible = (place.x_mm + place.clip[0], place.y_mm + place.clip[1], place.clip[2], place.clip[3])
        slices.append(cropped(page, *visible))
        assert reddest(cropped(page, place.x_mm - 21, place.y_mm, 20, place.h_mm)) < 30
    whole = Image.open(BytesIO(seal)).convert("RGBA").resize((slices[0].width + slices[1].width, slices[0].height))
    joined = Image.new("RGB", whole.size)
    joined.paste(slices[0], (0, 0))
    joined.paste(slices[1], (slices[0].width, 0))
    red, green, _ = joined.split()
    ink = ImageChops.subtract(red, green).point(lambda value: 255 if value > 90 else 0)
    wanted = whole.getchannel("A").point(lambda value: 255 if value > 128 else 0)
    differing = sum(ImageChops.difference(ink, wanted).histogram()[128:])
    assert differing < 0.08 * ink.width * ink.height


def test_a_file_of_ours_leaves_nothing_out_and_others_are_told_what(make_page: MakePage) -> None:
    package = draw(make_page())
    assert left_out(package) == ()
    content = package.entries[PAGE]
    clipped = content.replace(b'<ofd:FillColor Value="253 252 247"/>', b'<ofd:FillColor Alpha="9" Value="1 1 1"/>', 1)
    clipped = clipped.replace(b"<ofd:Area>", b'<ofd:Template TemplateID="3"/><ofd:Area>', 1)
    root = package.entries["Doc_0/Document.xml"].replace(
        b"<ofd:CustomTags>", b"<ofd:Annotations>Annots.xml</ofd:Annotations><ofd:CustomTags>"
    )
    changed = package.with_entries({PAGE: clipped, "Doc_0/Document.xml": root})
    assert left_out(changed) == ("annotations", "page templates", "transparency")


def test_a_missing_part_is_told_by_its_path(make_page: MakePage) -> None:
    with pytest.raises(NotReadable, match=r"qr\.png"):
        picture(draw(make_page()).with_entries({"Doc_0/Res/qr.png": None}))
