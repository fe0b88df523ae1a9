"""The signatures of a PDF as they stand in its bytes, before any parser has seen it.

What is signed must be the file as it lies there: two ranges that together leave out one hexadecimal string and
nothing else. Parsers forgive here, and forgiveness is where changed files hide, so this reading forgives nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from signing.errors import PdfRefused

#: Bytes of a file; a licence has a tenth of a megabyte.
LARGEST = 50 << 20
#: More signatures than any real file carries.
_MOST = 20
_HEADER = re.compile(rb"%PDF-[12]\.\d[\r\n]")
_END = re.compile(rb"%%EOF[\r\n]{0,2}\Z")
_ENCRYPTED = re.compile(rb"/Encrypt\b")
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_HEX = re.compile(rb"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_TAIL = 1024


@dataclass(frozen=True, slots=True)
class Range:
    """One signature's place: its string begins with "<" at `opens`, ends before `closes`; signed up to `end`."""

    opens: int
    closes: int
    end: int
    contents: bytes = field(repr=False)

    def digest(self, data: bytes, algorithm: str) -> bytes:
        """The digest over all that is signed."""
        view = memoryview(data)
        hashed = hashlib.new(algorithm, view[: self.opens])
        hashed.update(view[self.closes : self.end])
        return hashed.digest()


def check_container(data: bytes) -> None:
    """Raises PdfRefused: not a PDF, too large, encrypted, or with bytes before or after."""
    if len(data) > LARGEST:
        raise PdfRefused(f"文件过大（超过 {LARGEST >> 20} MB）", f"the file has {len(data)} bytes")
    if not _HEADER.match(data):
        raise PdfRefused("不是 PDF 文件", "the file does not begin with a PDF header")
    if not _END.search(data, max(0, len(data) - _TAIL)):
        raise PdfRefused("文件结尾之后还有内容，或文件不完整", "the file does not end with the mark that ends a PDF")
    if _ENCRYPTED.search(data):
        raise PdfRefused("文件已加密", "the file is encrypted, or speaks of encryption")


def find_ranges(data: bytes) -> tuple[Range, ...]:
    """Every signature, in order of what it covers.

    Raises:
        PdfRefused: one does not cover a whole beginning of the file but for its own hexadecimal string.
    """
    found: list[Range] = []
    for match in _RANGE.finditer(data):
        if len(found) == _MOST:
            raise PdfRefused("签名过多", f"there are more than {_MOST} signatures")
        start, opens, closes, rest = (int(one) for one in match.groups())
        end = closes + rest
        if start or not 0 < opens < closes <= end <= len(data):
            raise PdfRefused("签名覆盖范围不正确", "a signature's byte range lies outside the file")
        text = data[opens + 1 : closes - 1]
        # All in one case: a letter changed from small to large would otherwise go unnoticed.
        if data[opens : opens + 1] != b"<" or data[closes - 1 : closes] != b">" or not _HEX.fullmatch(text):
            raise PdfRefused("签名覆盖范围之外还有其他内容", "a byte range leaves out more than the signature's string")
        if not closes <= match.start() and not match.end() <= opens:
            raise PdfRefused("签名覆盖范围不正确", "a byte range leaves itself out")
        found.append(Range(opens, closes, end, bytes.fromhex(text.decode("ascii"))))
    return tuple(sorted(found, key=lambda one: one.end))
