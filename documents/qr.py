"""The QR code of a licence: its modules, and a one-bit PNG of them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from math import isqrt
from typing import cast

import zxingcpp

from documents import qr_matrix
from documents.errors import TextRefused

#: More than this makes modules too small to be read from paper at the templates' 40 mm.
_MOST_BYTES = 200
#: Blank modules around the code inside its picture; four are asked for, and the template's own
#: blank paper around the square gives the rest.
_QUIET = 2
_PIXELS = 8


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code with its blank margin: `rows` from top to bottom, one byte a module, 0x00 black and 0xFF blank."""

    rows: tuple[bytes, ...]

    def png(self) -> bytes:
        """A one-bit picture, eight pixels a module, so that a row's module is one byte.

        Written without Pillow, which takes five times as long over it.
        """
        pixels = b"".join((b"\x00" + row) * _PIXELS for row in self.rows)
        side = len(self.rows) * _PIXELS
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", struct.pack(">2L5B", side, side, 1, 0, 0, 0, 0))
            + _chunk(b"IDAT", zlib.compress(pixels, 2))
            + _chunk(b"IEND", b"")
        )


def encode(text: str) -> Code:
    """The code of `text` (1 to 200 bytes of UTF-8), error correction level M; the same text gives the same code.

    Raises:
        TextRefused: no text, or more than a code that is read from paper should hold.
    """
    length = len(text.encode())
    if not 0 < length <= _MOST_BYTES:
        raise TextRefused(
            f"the QR code has {length} bytes, it holds 1 to {_MOST_BYTES}; nothing was drawn. Give a shorter address."
        )
    # An address is ASCII; for anything else the code has to say how its bytes are meant.
    modules = qr_matrix.modules(text.encode()) if text.isascii() else _modules_of_any_text(text)
    margin = b"\xff" * _QUIET
    blank = [b"\xff" * (len(modules) + 2 * _QUIET)] * _QUIET
    return Code((*blank, *[margin + row + margin for row in modules], *blank))


def _modules_of_any_text(text: str) -> list[bytes]:
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # The image offers its bytes as a buffer, which its type does not say.
    modules = memoryview(cast(bytes, drawn.to_image(scale=1, add_quiet_zones=False))).tobytes()
    side = isqrt(len(modules))
    return [modules[start : start + side] for start in range(0, len(modules), side)]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
