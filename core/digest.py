"""SM3 (GB/T 32905), the one digest of the house: raw pages, package files, seals, the log."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SM3, Hash

#: From this size on comparing with what was met before is cheaper than the digest; up to this size it is kept.
_WORTH_KEEPING, _MOST_KEPT = 4 << 10, 256 << 10


def sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of `data`."""
    state = Hash(SM3())
    state.update(data)
    return state.finalize()


def sm3_of_file(data: bytes) -> bytes:
    """The same digest, for a file of a package: remembered for contents met lately.

    The title's font and the seal lie in every licence of a kind, and what was just sealed is verified next. A content
    is found again by comparing all its bytes; at most 64 of 256 KiB are kept.
    """
    return _remembered(data) if _WORTH_KEEPING <= len(data) <= _MOST_KEPT else sm3(data)


@lru_cache(maxsize=64)
def _remembered(data: bytes) -> bytes:
    return sm3(data)


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 digest of `data`: beside SM3 where one broken algorithm must not take all."""
    return hashlib.sha256(data).digest()


def sm3_hex(data: bytes) -> str:
    """The same digest as 64 lower-case hexadecimal digits."""
    return sm3(data).hex()
