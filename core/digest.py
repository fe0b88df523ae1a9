"""SM3 (GB/T 32905), the one digest of the house: raw pages, package files, seals, the log."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SM3, Hash


def sm3(data: bytes) -> bytes:
    """The 32-byte SM3 digest of `data`."""
    state = Hash(SM3())
    state.update(data)
    return state.finalize()


def sm3_hex(data: bytes) -> str:
    """The same digest as 64 lower-case hexadecimal digits."""
    return sm3(data).hex()
