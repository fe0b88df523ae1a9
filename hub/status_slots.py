"""The slots of the status list 状态清单: what a value means, and many of them packed into a text.

2^20 slots of four bits, slot 0 in the lower half of the first byte, deflated (zlib) and in base64url without padding:
the shape of a Token Status List. Values 0 to 2 mean there what they mean here, the others are the house's own.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from schemas.licence_life import Status

#: Bits of a slot, and slots of a list.
BITS, PLACES = 4, 1 << 20
_BYTES: Final = PLACES * BITS // 8


class Slot(IntEnum):
    """What a slot says of one document."""

    VALID = 0x0
    NOT_ASSIGNED = 0x1
    """No document stands there, or none was published yet."""
    SUSPENDED = 0x2
    SUPERSEDED = 0x3
    """A newer document of the licence has taken its place."""
    CANCELLED = 0xB
    WITHDRAWN = 0xC
    REVOKED = 0xD
    EXPIRED = 0xE

    @property
    def chinese(self) -> str:
        """`有效`, `暂停` …"""
        return _WORDS[self]


_WORDS: Final[Mapping[Slot, str]] = {
    Slot.VALID: "有效", Slot.NOT_ASSIGNED: "不在清单中", Slot.SUSPENDED: "已暂停", Slot.SUPERSEDED: "已被新版取代",
    Slot.CANCELLED: "已注销", Slot.WITHDRAWN: "已撤销", Slot.REVOKED: "已吊销", Slot.EXPIRED: "已过期",
}  # fmt: skip
_OF_STATUS: Final[Mapping[Status, Slot]] = {
    Status.VALID: Slot.VALID, Status.SUSPENDED: Slot.SUSPENDED, Status.WITHDRAWN: Slot.WITHDRAWN,
    Status.REVOKED: Slot.REVOKED, Status.CANCELLED: Slot.CANCELLED, Status.EXPIRED: Slot.EXPIRED,
    Status.RESERVED: Slot.NOT_ASSIGNED, Status.VOID: Slot.NOT_ASSIGNED,
}  # fmt: skip
#: These hold for every document of the licence; a superseded one is not sent on to a newer that is as worthless.
_OF_ALL: Final = frozenset({Status.WITHDRAWN, Status.REVOKED, Status.CANCELLED})


def slot_of(status: Status, *, superseded: bool) -> Slot:
    """What is said of a published document of a licence in this state."""
    return Slot.SUPERSEDED if superseded and status not in _OF_ALL else _OF_STATUS[status]


def pack(slots: Mapping[int, Slot]) -> str:
    """The list with these slots; every other is not assigned."""
    packed = bytearray([Slot.NOT_ASSIGNED << BITS | Slot.NOT_ASSIGNED]) * _BYTES
    for place, slot in slots.items():
        half = BITS * (place & 1)
        packed[place >> 1] = packed[place >> 1] & (0xF0 >> half) | slot << half
    return urlsafe_b64encode(zlib.compress(bytes(packed), 9)).rstrip(b"=").decode()


def unpack(text: str, places: int) -> bytes:
    """The packed slots of a list of so many.

    Raises:
        ValueError: it is no such list.
    """
    machine = zlib.decompressobj()
    wanted = places * BITS // 8
    try:
        packed = machine.decompress(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)), wanted + 1)
    except zlib.error:
        raise ValueError("no deflated list") from None
    if len(packed) != wanted or not machine.eof or machine.unused_data:
        raise ValueError("another length")
    return packed


def slot_at(packed: bytes, place: int) -> Slot:
    """One slot.

    Raises:
        ValueError: there is no such place, or its value has no meaning.
    """
    if not 0 <= place < len(packed) * 2:
        raise ValueError("no such place")
    return Slot(packed[place >> 1] >> BITS * (place & 1) & 0xF)
