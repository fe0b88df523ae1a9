"""Merkle tree hashing of RFC 6962 (2.1): roots, inclusion and consistency proofs, and checking them.

The digest is SM3. Where one algorithm shall not carry all, roots and inclusion are had by another one as well.

A tree is known by a function `node(height, index)`: the hash of the full subtree over the `2**height` leaves that
begin at `index * 2**height`. Where the hashes come from, a list or tiles in a database, is not asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from core.digest import sm3
from core.errors import Rejected

Node = Callable[[int, int], bytes]
Digest = Callable[[bytes], bytes]

#: Root of the tree without leaves: SM3 of nothing.
EMPTY: Final = sm3(b"")


class ProofRefused(Rejected):
    """A proof does not prove what it should: a hash in it, a size or a number is wrong."""

    code: ClassVar[str] = "HUB-780"


def leaf_hash(entry: bytes, digest: Digest = sm3) -> bytes:
    """Of one entry: SM3(0x00 ‖ entry)."""
    return digest(b"\0" + entry)


def node_hash(left: bytes, right: bytes, digest: Digest = sm3) -> bytes:
    """Of two subtrees: SM3(0x01 ‖ left ‖ right)."""
    return digest(b"\1" + left + right)


def full_root(hashes: Sequence[bytes], digest: Digest = sm3) -> bytes:
    """Root over a power of two of hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1], digest) for i in range(0, len(level), 2)]
    return level[0]


def node_of(hashes: Sequence[bytes], digest: Digest = sm3) -> Node:
    """The subtrees over leaf hashes that are all at hand."""
    return lambda height, index: full_root(hashes[index << height : (index + 1) << height], digest)


def root(size: int, node: Node) -> bytes:
    """Root of the first `size` leaves."""
    return _span(0, size, node) if size else EMPTY


def inclusion(index: int, size: int, node: Node, digest: Digest = sm3) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves, lowest first.

    Raises:
        ValueError: there is no such leaf among them.
    """
    if not 0 <= index < size:
        raise ValueError("no leaf of that number in a tree of that size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(_span(middle, end, node, digest))
            end = middle
        else:
            path.append(_span(start, middle, node, digest))
            start = middle
    return path[::-1]


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """The hashes that show that the first `first` leaves of a tree of `second` are what they were.

    Raises:
        ValueError: `first` is not between 0 and `second`.
    """
    if not 0 <= first <= second:
        raise ValueError("a tree cannot be older than itself")
    if first in (0, second):
        return []
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        middle = start + _left(end - start)
        if first <= middle:
            path.append(_span(middle, end, node))
            end = middle
        else:
            path.append(_span(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(_span(start, end, node))
    return path[::-1]


def check_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, digest: Digest = sm3
) -> None:
    """Return when the leaf is number `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    Raises:
        ProofRefused: it is not shown to be.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"the proof speaks of number {index} of a tree of {size}; it proves nothing.")
    place, last, reached = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise ProofRefused("the proof has more hashes than the tree has levels; it proves nothing.")
        if place & 1 or place == last:
            reached = node_hash(other, reached, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, other, digest)
        place, last = place >> 1, last >> 1
    if last or reached != root:
        raise ProofRefused("the proof does not lead from the entry to the root of the head; the entry is not shown.")


def check_consistency(first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> None:
    """Return when the older tree is the beginning of the newer one (RFC 9162, 2.1.4.2).

    Raises:
        ProofRefused: it is not shown to be.
    """
    if not 0 <= first <= second:
        raise ProofRefused(f"the proof goes from {first} to {second} entries, backwards; it proves nothing.")
    if first in (0, second):
        known = EMPTY if first == 0 else second_root
        if path or first_root != known or (second == 0 and second_root != EMPTY):
            raise ProofRefused("the two heads do not fit each other; one of them is of another log or was rewritten.")
        return
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not hashes:
        raise ProofRefused("the proof has no hash in it; it proves nothing.")
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            raise ProofRefused("the proof has more hashes than the tree has levels; it proves nothing.")
        if place & 1 or place == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, other)
        place, last = place >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise ProofRefused("the older head is not the beginning of the newer one: what it covered was rewritten.")


class Growing:
    """A tree of which only the right edge is kept: leaves come one by one, the root may be asked at any size."""

    __slots__ = ("_digest", "_edge", "size")

    def __init__(self, digest: Digest = sm3) -> None:
        self.size = 0
        self._edge: list[bytes] = []
        self._digest = digest

    @classmethod
    def at(cls, size: int, node: Node) -> Growing:
        """One that holds the first `size` leaves of a tree already."""
        made, start = cls(), 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                made._edge.append(node(height, start >> height))
                start += 1 << height
        made.size = size
        return made

    @classmethod
    def with_edge(cls, size: int, edge: Sequence[bytes], digest: Digest = sm3) -> Growing:
        """One whose right edge was kept.

        Raises:
            ValueError: a tree of that size has another edge.
        """
        if size < 0 or len(edge) != size.bit_count():
            raise ValueError("not the edge of a tree of that size")
        made = cls(digest)
        made.size, made._edge = size, list(edge)
        return made

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees it is made of, the largest first; with the size they are the tree."""
        return tuple(self._edge)

    def add(self, leaf: bytes) -> None:
        """The next leaf."""
        reached, size = leaf, self.size
        while size & 1:
            reached, size = node_hash(self._edge.pop(), reached, self._digest), size >> 1
        self._edge.append(reached)
        self.size += 1

    def root(self) -> bytes:
        """Of the leaves so far."""
        if not self._edge:
            return self._digest(b"")
        reached = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            reached = node_hash(left, reached, self._digest)
        return reached


def _left(count: int) -> int:
    """The largest power of two below `count`: so many leaves stand to the left."""
    return 1 << (count - 1).bit_length() - 1


def _span(start: int, end: int, node: Node, digest: Digest = sm3) -> bytes:
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return node(height, start >> height)
    middle = start + _left(count)
    return node_hash(_span(start, middle, node, digest), _span(middle, end, node, digest), digest)
