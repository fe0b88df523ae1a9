"""SM3 (GB/T 32905), the one digest of the house: raw pages, package files, seals, the log."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.hashes import SM3, Hash

_READ: Final = 1 << 20
#: From this size on comparing with what was met before is cheaper than the digest; up to this size it is kept.
_WORTH_KEEPING, _MOST_KEPT = 4 << 10, 256 << 10
#: Contents kept, each under its length and a few of its bytes, the one asked for last at the end.
_KEPT: Final = 64
_kept: dict[tuple[int, bytes, bytes, bytes], tuple[bytes, bytes]] = {}
_turn = Lock()
#: A digest of nothing yet; copying it takes half the time of a new one.
_EMPTY: Final = Hash(SM3())


def sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of `data`."""
    state = _EMPTY.copy()
    state.update(data)
    return state.finalize()


def sm3_of_file(data: bytes) -> bytes:
    """The same digest, for a file of a package: remembered for contents met lately.

    The title's font and the seal lie in every licence of a kind, and what was just sealed is verified next. A content
    is found again by comparing all its bytes; at most 64 of 256 KiB are kept.
    """
    size = len(data)
    if not _WORTH_KEEPING <= size <= _MOST_KEPT:
        return sm3(data)
    # not by the hash of all bytes: that takes longer than all the comparing
    key = (size, data[:32], data[size // 2 : size // 2 + 32], data[-32:])
    with _turn:
        found = _kept.pop(key, None)
        if found is not None and found[0] == data:
            _kept[key] = found
            return found[1]
    digest = sm3(data)
    with _turn:
        _kept[key] = (data, digest)
        if len(_kept) > _KEPT:
            del _kept[next(iter(_kept))]
    return digest


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 digest of `data`: beside SM3 where one broken algorithm must not take all."""
    return hashlib.sha256(data).digest()


def sha256_of_start(file: BinaryIO, length: int) -> bytes:
    """The SHA-256 digest of a file's first `length` bytes, of all of a shorter one; little of it is in memory."""
    state, left = hashlib.sha256(), length
    file.seek(0)
    while left and (piece := file.read(min(_READ, left))):
        state.update(piece)
        left -= len(piece)
    return state.digest()


def sm3_hex(data: bytes) -> str:
    """The same digest as 64 lower-case hexadecimal digits."""
    return sm3(data).hex()
