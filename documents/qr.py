"""The QR code of a licence as a one-bit PNG."""

from __future__ import annotations

import struct
import zlib

import segno

from documents.errors import TextRefused

#: More than this makes modules too small to be read from paper at the templates' 40 mm.
_MOST_BYTES = 200
#: Choosing among the eight masks costs five times the encoding; readers read every mask.
_MASK = 3
#: Blank modules around the code inside its picture; four are asked for, and the template's own
#: blank paper around the square gives the rest.
_QUIET = 2
#: Eight pixels a module in a one-bit picture make a module one byte, black 0x00.
_PIXELS = 8
_BYTES = bytes.maketrans(b"\x00\x01", b"\xff\x00")


def png(text: str) -> bytes:
    """The code of `text` (1 to 200 bytes of UTF-8), error correction level M.

    Written without Pillow, which takes five times as long over it.

    Raises:
        TextRefused: no text, or more than a code that is read from paper should hold.
    """
    length = len(text.encode())
    if not 0 < length <= _MOST_BYTES:
        raise TextRefused(
            f"the QR code has {length} bytes, it holds 1 to {_MOST_BYTES}; nothing was drawn. Give a shorter address."
        )
    code = segno.make_qr(text, error="m", mask=_MASK, boost_error=False)
    margin = b"\xff" * _QUIET
    rows = [margin + bytes(row).translate(_BYTES) + margin for row in code.matrix]
    blank = [b"\xff" * len(rows[0])] * _QUIET
    pixels = b"".join((b"\x00" + row) * _PIXELS for row in (*blank, *rows, *blank))
    side = len(rows[0]) * _PIXELS
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">2L5B", side, side, 1, 0, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(pixels, 2))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
