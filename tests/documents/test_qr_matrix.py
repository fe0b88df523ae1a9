"""Codes made by table are the codes that others make, and others read them."""

from __future__ import annotations

import random
import string

import pytest
import zxingcpp

from documents.qr_matrix import MOST_BYTES, modules

_LETTERS = string.ascii_lowercase + string.digits + ":/?.=-_&"


def text_of(size: int, chance: random.Random) -> str:
    """Nothing that could be told in another mode than bytes."""
    return "".join(["h", *chance.choices(_LETTERS, k=size - 1)])


@pytest.mark.parametrize(
    "size", [1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181, 213]
)
def test_each_size_of_code_is_read_by_another_reader(size: int) -> None:
    text = text_of(size, random.Random(size))
    rows = modules(text.encode())
    side = len(rows)
    blank = [b"\xff" * (side + 8)] * 4
    wide = [*blank, *(b"\xff" * 4 + row + b"\xff" * 4 for row in rows), *blank]
    pixels = memoryview(b"".join(row for row in wide for _ in range(4)))
    picture = pixels.cast("B", (4 * (side + 8), side + 8))
    stretched = bytes(value for row in picture.tolist() for value in row for _ in range(4))
    (found,) = zxingcpp.read_barcodes(memoryview(stretched).cast("B", (4 * (side + 8), 4 * (side + 8))))
    assert found.text == text
    assert found.ec_level == "M"


def test_they_equal_those_of_another_writer_that_chose_the_same_mask() -> None:
    chance = random.Random(2)
    same: set[int] = set()
    for size in [*range(5, 201)] * 4:
        text = text_of(size, chance)
        drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        rows = modules(text.encode())
        if memoryview(drawn.to_image(scale=1, add_quiet_zones=False)).tobytes() == b"".join(rows):
            same.add(len(rows))
    # One in eight has that mask; every version of 2 to 10 is among them.
    assert same >= set(range(25, 58, 4))


def test_a_text_beyond_the_largest_code_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MOST_BYTES)):
        modules(b"a" * (MOST_BYTES + 1))
