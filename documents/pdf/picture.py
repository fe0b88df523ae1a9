"""A PNG as PDF objects: its colours as an image, its transparency as that image's soft mask."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from documents.errors import PictureRefused
from documents.pdf.objects import stream

#: How many objects one picture takes; the first is the one to draw.
OBJECTS = 2
#: A round seal at 300 dots per inch has 500 pixels across.
_LARGEST = 4000
_COLOURS = 4096
_IMAGE = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/%b/BitsPerComponent 8/Filter/FlateDecode"


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """Pixels ready to be written: deflated RGB and deflated alpha, each with its width and height."""

    colour_size: tuple[int, int]
    colour: bytes
    alpha_size: tuple[int, int]
    alpha: bytes

    @classmethod
    def of(cls, png: bytes) -> Picture:
        """Raises PictureRefused: no PNG, damaged, or more than 4,000 pixels a side."""
        try:
            with Image.open(BytesIO(png), formats=["PNG"]) as opened:
                if max(opened.size) > _LARGEST:
                    raise _refused(f"has {opened.size[0]} x {opened.size[1]} pixels, more than {_LARGEST} a side")
                pixels = opened.convert("RGBA")
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
            raise _refused(f"is no whole PNG ({type(error).__name__})") from None
        colour, alpha = pixels.convert("RGB"), pixels.getchannel("A")
        inks = {one[:3] for _, one in pixels.getcolors(_COLOURS) or () if isinstance(one, tuple) and one[3]}
        if len(inks) == 1:
            # A seal has one ink: one pixel of it, stretched under the mask, is the whole picture.
            colour = Image.new("RGB", (1, 1), inks.pop())
        return cls(colour.size, zlib.compress(colour.tobytes(), 9), alpha.size, zlib.compress(alpha.tobytes(), 9))

    def objects(self, first: int) -> tuple[bytes, bytes]:
        """The image, numbered `first`, and its mask, numbered `first + 1`."""
        return (
            stream(first, _IMAGE % (*self.colour_size, b"DeviceRGB") + b"/SMask %d 0 R" % (first + 1), self.colour),
            stream(first + 1, _IMAGE % (*self.alpha_size, b"DeviceGray"), self.alpha),
        )


def _refused(why: str) -> PictureRefused:
    return PictureRefused(f"the picture {why}; nothing was made of it. Give the seal's picture as a PNG.")
