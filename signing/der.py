"""Strict DER: a reader that keeps every element's original bytes, and a writer for what seals are made of.

Signatures are checked over bytes as they came. A parser that rebuilds its input before checking
refuses good seals and accepts changed ones, so this one only cuts. It cuts one level at a time and only
where it is asked to, so nesting costs no recursion, and numbers, identifiers and lists have bounds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from signing.errors import DerRefused

_GENERALIZED = re.compile(rb"\d{14}Z")
_UTC = re.compile(rb"\d{12}Z")
#: Octets of an INTEGER and of an OBJECT IDENTIFIER; the largest real ones have 33 and about 20.
_LONGEST_INTEGER, _LONGEST_OID = 128, 64


class Tag(IntEnum):
    """Identifier octets of the types that occur."""

    BOOLEAN = 0x01
    INTEGER = 0x02
    BIT_STRING = 0x03
    OCTET_STRING = 0x04
    NULL = 0x05
    OID = 0x06
    UTF8 = 0x0C
    PRINTABLE = 0x13
    IA5 = 0x16
    UTC_TIME = 0x17
    GENERALIZED_TIME = 0x18
    SEQUENCE = 0x30
    SET = 0x31
    CONTEXT_0 = 0xA0
    CONTEXT_1 = 0xA1


class Element(NamedTuple):
    """One element: its identifier octet, all its bytes, and its content octets."""

    tag: int
    raw: bytes
    content: bytes

    def __repr__(self) -> str:
        return f"Element({self.tag:#04x}, {len(self.raw)} bytes)"

    def expect(self, tag: int, what: str) -> Element:
        """This element; raises DerRefused when its identifier octet is another."""
        if self.tag != tag:
            raise DerRefused(f"{what} has tag {self.tag:#04x} where {tag:#04x} is due; the structure was not read.")
        return self

    def children(self, what: str, tag: int = Tag.SEQUENCE, most: int | None = None) -> list[Element]:
        """The elements inside, when this is the constructed type `tag`; more than `most` are refused uncounted."""
        self.expect(tag, what)
        return _split(self.content, what, most)

    def fields(self, what: str, least: int, most: int | None = None) -> list[Element]:
        """The elements of a SEQUENCE that has `least` to `most` of them."""
        found = self.children(what, most=least if most is None else most)
        if len(found) < least:
            raise DerRefused(f"{what} has {len(found)} fields; the structure was not read.")
        return found

    def inner(self, what: str, tag: int) -> Element:
        """The one element inside an explicit tag."""
        found = self.children(what, tag, most=1)
        if len(found) != 1:
            raise DerRefused(f"{what} holds {len(found)} elements where one is due; the structure was not read.")
        return found[0]

    def integer(self, what: str) -> int:
        """A whole number in its shortest form."""
        content = self.expect(Tag.INTEGER, what).content
        # nine leading bits that are all equal say nothing
        longer = len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1))
        if not content or longer or len(content) > _LONGEST_INTEGER:
            raise DerRefused(f"{what} is not in its shortest form or too long; the structure was not read.")
        return int.from_bytes(content, "big", signed=True)

    def boolean(self, what: str) -> bool:
        """TRUE is 0xFF and FALSE is 0x00; DER knows no other."""
        content = self.expect(Tag.BOOLEAN, what).content
        if content not in (b"\x00", b"\xff"):
            raise DerRefused(f"{what} is neither true nor false; the structure was not read.")
        return content == b"\xff"

    def octets(self, what: str) -> bytes:
        """The content of an OCTET STRING."""
        return self.expect(Tag.OCTET_STRING, what).content

    def bits(self, what: str) -> bytes:
        """The content of a BIT STRING of whole bytes."""
        content = self.expect(Tag.BIT_STRING, what).content
        if not content or content[0] != 0:
            raise DerRefused(f"{what} is a bit string that does not end at a byte; the structure was not read.")
        return content[1:]

    def oid(self, what: str) -> str:
        """An object identifier in dotted form."""
        return _oid_text(self.expect(Tag.OID, what).content, what)

    def text(self, what: str, *tags: int) -> str:
        """A string of one of the given types (UTF8String, PrintableString, IA5String)."""
        if self.tag not in tags:
            raise DerRefused(f"{what} has tag {self.tag:#04x}, which is not its string type; it was not read.")
        try:
            return self.content.decode("utf-8" if self.tag == Tag.UTF8 else "ascii")
        except UnicodeDecodeError:
            raise DerRefused(f"{what} is not text of its type; the structure was not read.") from None

    def time(self, what: str) -> datetime:
        """GeneralizedTime `yyyyMMddHHmmssZ` or UTCTime `yyMMddHHmmssZ`, whole seconds UTC."""
        content = self.content
        if self.tag == Tag.GENERALIZED_TIME and _GENERALIZED.fullmatch(content):
            digits = content[:14]
        elif self.tag == Tag.UTC_TIME and _UTC.fullmatch(content):
            # RFC 5280: two-digit years from 50 on are of the last century
            digits = (b"19" if content[:2] >= b"50" else b"20") + content[:12]
        else:
            raise DerRefused(f"{what} is not a time in UTC with whole seconds; the structure was not read.")
        try:
            parts = [int(digits[at : at + 2]) for at in (4, 6, 8, 10, 12)]
            return datetime(int(digits[:4]), *parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            raise DerRefused(f"{what} is no moment of any calendar; the structure was not read.") from None


def read(data: bytes, what: str) -> Element:
    """The one element that `data` is, with nothing after it.

    Raises:
        DerRefused: not DER, cut off, or followed by other bytes.
    """
    element, end = _element(data, 0, what)
    if end != len(data):
        raise DerRefused(f"{what} is followed by {len(data) - end} other bytes; the structure was not read.")
    return element


def _element(data: bytes, start: int, what: str) -> tuple[Element, int]:
    if start + 2 > len(data) or data[start] & 0x1F == 0x1F:
        raise DerRefused(f"{what} is not DER; the structure was not read.")
    length, body = data[start + 1], start + 2
    if length >= 0x80:
        count = length & 0x7F
        octets = data[body : body + count]
        # The indefinite form, leading zeros and a long form where the short one does are BER, not DER.
        if not 1 <= count <= 4 or len(octets) != count or octets[0] == 0 or (count == 1 and octets[0] < 0x80):
            raise DerRefused(f"{what} gives a length that is not DER; the structure was not read.")
        length, body = int.from_bytes(octets, "big"), body + count
    end = body + length
    if end > len(data):
        raise DerRefused(f"{what} is cut off; the structure was not read.")
    return Element(data[start], data[start:end], data[body:end]), end


def _split(content: bytes, what: str, most: int | None) -> list[Element]:
    found: list[Element] = []
    position = 0
    while position < len(content):
        if len(found) == most:
            raise DerRefused(f"{what} has more than {most} parts; the structure was not read.")
        element, position = _element(content, position, what)
        found.append(element)
    return found


@lru_cache(maxsize=256)
def _oid_text(content: bytes, what: str) -> str:
    if len(content) > _LONGEST_OID:
        raise DerRefused(f"{what} is longer than any object identifier; the structure was not read.")
    arcs, value, fresh = [], 0, True
    for octet in content:
        if fresh and octet == 0x80:
            raise DerRefused(f"{what} is not in its shortest form; the structure was not read.")
        value, fresh = value << 7 | octet & 0x7F, octet < 0x80
        if fresh:
            arcs.append(value)
            value = 0
    if not arcs or not fresh:
        raise DerRefused(f"{what} is no object identifier; the structure was not read.")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def wrap(tag: int, content: bytes) -> bytes:
    """One element around its content octets."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of elements already written."""
    return wrap(Tag.SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """An INTEGER in its shortest form."""
    return wrap(Tag.INTEGER, value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    """A BOOLEAN."""
    return wrap(Tag.BOOLEAN, b"\xff" if value else b"\x00")


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return wrap(Tag.OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return wrap(Tag.BIT_STRING, b"\x00" + value)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return wrap(Tag.OID, bytes(content))


def text(tag: Tag, value: str) -> bytes:
    """A UTF8String, or an IA5String or PrintableString, which hold ASCII only (ValueError)."""
    return wrap(tag, value.encode("utf-8" if tag == Tag.UTF8 else "ascii"))


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime `yyyyMMddHHmmssZ`; fractions of a second are dropped, a missing zone is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be signed")
    return wrap(Tag.GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())
