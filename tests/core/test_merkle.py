"""The tree is the one of RFC 6962, 2.1, told here again as the text defines it; proofs prove that and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merkle import (
    EMPTY,
    Growing,
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    node_of,
    root,
)


def sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    n = len(entries)
    if n == 0:
        return sm3(b"")
    if n == 1:
        return sm3(b"\x00" + entries[0])
    k = split(n)
    return sm3(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    n = len(entries)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF of RFC 6962, 2.1.2."""
    return subproof(m, entries, True)


def subproof(m: int, entries: Sequence[bytes], b: bool) -> list[bytes]:
    n = len(entries)
    if m == n:
        return [] if b else [mth(entries)]
    k = split(n)
    if m <= k:
        return [*subproof(m, entries[:k], b), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def entries_of(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


class Listed:
    """Full subtrees out of a list."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries

    def __call__(self, height: int, index: int) -> bytes:
        width = 1 << height
        covered = self.entries[index * width : (index + 1) * width]
        assert len(covered) == width, "only full subtrees may be asked for"
        return mth(covered)


SIZES = st.integers(1, 130)


def test_the_hashes_of_one_tree_are_known() -> None:
    """Computed with openssl: printf '\\000a' | openssl dgst -sm3, and so on."""
    a, b = leaf_hash(b"a"), leaf_hash(b"b")
    assert EMPTY.hex() == "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"
    assert a.hex() == "c688f41bcd570f9651ccb215058a545f66f52ab4eac2968896e1637af9443d8c"
    assert node_hash(a, b).hex() == "2c537e31416ae684fd8a1552a3bcd5a452274e02a45d67c856405b3a1108ee90"
    assert (
        node_hash(node_hash(a, b), leaf_hash(b"c")).hex()
        == "2706e4e4d41c1ed9c3fe7f7822bf360a67abcc052cc2c00022c1313ec3ded965"
    )
    assert (
        root(3, Listed([b"a", b"b", b"c"])).hex() == "2706e4e4d41c1ed9c3fe7f7822bf360a67abcc052cc2c00022c1313ec3ded965"
    )


@given(SIZES)
def test_the_root_is_that_of_the_definition(size: int) -> None:
    entries = entries_of(size)
    growing = Growing()
    for entry in entries:
        growing.add(leaf_hash(entry))
    assert root(size, Listed(entries)) == growing.root() == mth(entries)


@given(st.integers(0, 130), st.integers(0, 20))
def test_a_tree_goes_on_growing_from_its_edge(size: int, more: int) -> None:
    entries = entries_of(size + more)
    growing = Growing.at(size, Listed(entries))
    assert (growing.size, growing.root()) == (size, mth(entries[:size]))
    for entry in entries[size:]:
        growing.add(leaf_hash(entry))
    assert growing.root() == mth(entries)


def test_a_tree_without_leaves_has_a_root() -> None:
    assert root(0, Listed([])) == Growing().root() == EMPTY == mth([])


@given(SIZES, st.data())
def test_every_entry_is_proved_as_the_definition_says(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = entries_of(size)
    made = inclusion(index, size, Listed(entries))
    assert made == path(index, entries)
    check_inclusion(leaf_hash(entries[index]), index, size, made, mth(entries))


@given(SIZES, st.data())
def test_an_entry_is_not_proved_at_another_number_or_size_or_with_another_hash(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = entries_of(size)
    made, leaf, right = inclusion(index, size, Listed(entries)), leaf_hash(entries[index]), mth(entries)
    wrong = data.draw(st.integers(-1, size + 3).filter(lambda number: number != index))
    wrongs = [
        (leaf, wrong, size, made, right),
        (leaf_hash(b"another"), index, size, made, right),
        (leaf, index, size, made, leaf_hash(b"another")),
        (leaf, index, size, [*made, b"x" * 32], right),
    ]
    if made:
        place = data.draw(st.integers(0, len(made) - 1))
        wrongs.append((leaf, index, size, made[:place] + made[place + 1 :], right))
        wrongs.append((leaf, index, size, [*made[:place], b"x" * 32, *made[place + 1 :]], right))
    for case in wrongs:
        with pytest.raises(ProofRefused):
            check_inclusion(*case)


@given(SIZES, st.data())
def test_an_older_tree_is_proved_as_the_definition_says(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    entries = entries_of(second)
    made = consistency(first, second, Listed(entries))
    assert made == proof(first, entries)
    check_consistency(first, mth(entries[:first]), second, mth(entries), made)


@given(st.integers(2, 130), st.data())
def test_a_rewritten_tree_is_never_proved_consistent(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    changed = data.draw(st.integers(0, first - 1))
    entries = entries_of(second)
    old = mth(entries[:first])
    entries[changed] = b"rewritten"
    made = consistency(first, second, Listed(entries))
    with pytest.raises(ProofRefused):
        check_consistency(first, old, second, mth(entries), made)
    if made:
        place = data.draw(st.integers(0, len(made) - 1))
        spoilt = [*made[:place], b"x" * 32, *made[place + 1 :]]
        with pytest.raises(ProofRefused):
            check_consistency(first, mth(entries[:first]), second, mth(entries), spoilt)
        with pytest.raises(ProofRefused):
            check_consistency(first, mth(entries[:first]), second, mth(entries), made[:place] + made[place + 1 :])


def test_trees_of_the_same_size_or_none_need_no_hash() -> None:
    entries = entries_of(5)
    check_consistency(5, mth(entries), 5, mth(entries), [])
    check_consistency(0, EMPTY, 5, mth(entries), [])
    check_consistency(0, EMPTY, 0, EMPTY, [])
    for case in [
        (5, mth(entries), 5, EMPTY, []),
        (0, mth(entries), 5, mth(entries), []),
        (5, mth(entries), 5, mth(entries), [b"x" * 32]),
        (0, EMPTY, 0, mth(entries), []),
        (5, mth(entries), 4, mth(entries[:4]), []),
        (3, mth(entries[:3]), 5, mth(entries), []),
    ]:
        with pytest.raises(ProofRefused):
            check_consistency(*case)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion(index, size, Listed(entries_of(max(size, 0))))


@pytest.mark.parametrize(("first", "second"), [(-1, 3), (4, 3)])
def test_there_is_no_proof_backwards(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="older"):
        consistency(first, second, Listed(entries_of(3)))


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_the_same_tree_by_another_digest_goes_on_from_its_edge(entries: list[bytes], data: st.DataObject) -> None:
    def sha256(of: bytes) -> bytes:
        return hashlib.sha256(of).digest()

    leaves = [leaf_hash(entry, sha256) for entry in entries]
    cut = data.draw(st.integers(0, len(leaves)))
    first = Growing(sha256)
    for leaf in leaves[:cut]:
        first.add(leaf)
    tree = Growing.with_edge(cut, first.edge, sha256)
    for leaf in leaves[cut:]:
        tree.add(leaf)
    place = data.draw(st.integers(0, len(leaves) - 1))
    way = inclusion(place, len(leaves), node_of(leaves, sha256), sha256)
    check_inclusion(leaves[place], place, len(leaves), way, tree.root(), sha256)
    with pytest.raises(ProofRefused):
        check_inclusion(leaves[place], place, len(leaves), way, tree.root())
        check_inclusion(sha256(b"other"), place, len(leaves), way, tree.root(), sha256)
    with pytest.raises(ValueError, match="edge"):
        Growing.with_edge(cut, (*first.edge, leaves[0]), sha256)
