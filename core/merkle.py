"""Merkle tree hashing of RFC 6962 with SM3: leaves, nodes."""

from __future__ import annotations

from core.digest import sm3


def leaf_hash(entry: bytes) -> bytes:
    """Of one entry: SM3(0x00 ‖ entry)."""
    return sm3(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees: SM3(0x01 ‖ left ‖ right)."""
    return sm3(b"\1" + left + right)
