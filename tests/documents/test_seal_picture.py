"""The picture of a seal: red on nothing, round, readable, and marked as a test."""

from __future__ import annotations

import math
from io import BytesIO

import pytest
from lxml import etree
from PIL import Image

from documents import seal_picture
from documents.errors import GlyphMissing, TextOverflow

ORGAN = "武汉市东西湖区行政审批局"


def opened(**options: object) -> Image.Image:
    return Image.open(BytesIO(seal_picture.draw(ORGAN, **options))).convert("RGBA")  # type: ignore[arg-type]


def ink(picture: Image.Image, box: tuple[float, float, float, float]) -> float:
    """Share of the box (in parts of the side) that is inked."""
    side = picture.width
    part = picture.crop(tuple(round(value * side) for value in box)).getchannel("A")
    histogram = part.histogram()
    return sum(value * count for value, count in enumerate(histogram)) / 255 / (part.width * part.height)


def test_it_measures_42_mm_at_300_dots_per_inch() -> None:
    picture = Image.open(BytesIO(seal_picture.draw(ORGAN)))
    assert picture.size == (496, 496)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_all_ink_is_one_red_and_the_corners_are_empty() -> None:
    picture = opened()
    colours = {pixel[:3] for _, pixel in picture.getcolors(1 << 20) or []}
    assert len(colours) == 1
    red, green, blue = colours.pop()
    assert red > 150 > 60 > max(green, blue)
    for box in ((0, 0, 0.1, 0.1), (0.9, 0.9, 1, 1)):
        assert ink(picture, box) == 0


def test_the_star_stands_in_the_middle() -> None:
    picture = opened(test=False)
    assert ink(picture, (0.47, 0.47, 0.53, 0.53)) == 1
    assert ink(picture, (0.25, 0.47, 0.31, 0.53)) == 0


def test_the_test_mark_is_below_the_star_when_asked_and_only_then() -> None:
    below = (0.38, 0.7, 0.62, 0.8)
    assert ink(opened(), below) > 0.1
    assert ink(opened(test=False), below) == 0


def test_a_caption_and_a_code_have_their_places() -> None:
    caption, code = (0.3, 0.68, 0.7, 0.78), (0.4, 0.88, 0.6, 0.94)
    plain, full = opened(test=False), opened(test=False, caption="行政审批专用章", credit_code="11420112MB0000000M")
    assert ink(plain, caption) == 0
    assert ink(full, caption) > 0.1
    assert ink(plain, code) == 0
    assert ink(full, code) > 0.1


def test_same_words_give_the_same_bytes() -> None:
    assert seal_picture.draw(ORGAN) == seal_picture.draw(ORGAN)


def test_the_drawing_is_plain_paths_that_need_no_font() -> None:
    drawn = seal_picture.svg(ORGAN, caption="行政审批专用章", credit_code="11420112MB0000000M")
    root = etree.fromstring(drawn.encode())
    assert {etree.QName(one).localname for one in root.iter()} == {"svg", "g", "circle", "path"}
    assert root.get("width") == root.get("height") == "42mm"
    assert root.get("viewBox") == "0 0 4200 4200"


@pytest.mark.parametrize("organ", ["某局", ORGAN, "武汉市东西湖区人力资源和社会保障局行政审批服务中心（测试）"])
def test_short_and_long_names_keep_clear_of_ring_and_star(organ: str) -> None:
    picture = Image.open(BytesIO(seal_picture.draw(organ, test=False))).convert("RGBA").getchannel("A")
    middle = picture.width / 2

    def on_circle(radius: float) -> bool:
        """Whether the whole circle of this radius (in parts of the seal's) is blank."""
        return not any(
            picture.getpixel(
                (round(middle + radius * middle * math.cos(angle)), round(middle + radius * middle * math.sin(angle)))
            )
            for angle in (step * math.tau / 720 for step in range(720))
        )

    assert on_circle(0.915)
    assert on_circle(0.4)


def test_the_picture_is_small_as_every_licence_carries_it_twice() -> None:
    assert len(seal_picture.draw(ORGAN + "（测试）", "行政审批专用章", "11420112MB0000000M")) < 14_000


def test_a_name_it_cannot_write_is_refused() -> None:
    with pytest.raises(GlyphMissing):
        seal_picture.draw("某\U00030000局")
    with pytest.raises(TextOverflow):
        seal_picture.draw("局" * 31)
    with pytest.raises(TextOverflow):
        seal_picture.draw("")
