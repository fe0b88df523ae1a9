"""The sequencer gives every committed entry one number, in one order, and its tree is the tree of the leaves."""

from __future__ import annotations

import threading
from uuid import uuid4

import psycopg2
import pytest

from core.merkle import Growing, check_consistency, check_inclusion, consistency, inclusion, leaf_hash, root
from store import merkle_log
from store.connection import Connection, connect, fetch_all, transaction
from store.log_heads import StoredHead, add
from store.merkle_log import LogShrunk, SealerBusy, Tree


def append(connection: Connection, count: int, log: str = "audit") -> list[str]:
    """So many entries in one transaction; their numbers."""
    entries = [str(uuid4()) for _ in range(count)]
    with transaction(connection) as cursor:
        for entry in entries:
            cursor.execute(merkle_log.WAIT, (log, entry, leaf_hash(entry.encode())))
    return entries


def sequence_all(connection: Connection, batch: int = 5_000, log: str = "audit") -> int:
    total = 0
    while done := merkle_log.sequence(connection, log, batch):
        total += done
    return total


def root_of(entries: list[str]) -> bytes:
    growing = Growing()
    for entry in entries:
        growing.add(leaf_hash(entry.encode()))
    return growing.root()


def test_entries_are_numbered_in_the_order_in_which_they_began_to_wait(connection: Connection) -> None:
    entries = append(connection, 3)
    assert merkle_log.sequence(connection, "audit") == 3
    entries += append(connection, 2)
    assert merkle_log.sequence(connection, "audit") == 2
    assert [(leaf.seq, leaf.entry) for leaf in merkle_log.leaves(connection, "audit", 0, 9)] == list(enumerate(entries))
    assert merkle_log.sequence(connection, "audit") == 0
    assert merkle_log.waiting_count(connection, "audit") == 0


@pytest.mark.parametrize("batch", [1, 255, 256, 257, 5_000])
def test_the_tree_of_the_tiles_is_that_of_the_leaves_however_they_came(connection: Connection, batch: int) -> None:
    entries = append(connection, 600)
    sequence_all(connection, batch)
    assert merkle_log.tile_counts(connection, "audit") == {0: 2}
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, 600):
        assert root(size, Tree(connection, "audit").node) == root_of(entries[:size])


def test_a_tree_of_three_levels_is_right_and_proves(connection: Connection) -> None:
    entries = append(connection, 66_000)
    sequence_all(connection, 20_011)
    assert merkle_log.tile_counts(connection, "audit") == {0: 257, 1: 1}
    node = Tree(connection, "audit").node
    whole = root_of(entries)
    assert root(66_000, node) == whole
    for index in (0, 255, 256, 65_535, 65_536, 65_792, 65_999):
        path = inclusion(index, 66_000, node)
        check_inclusion(leaf_hash(entries[index].encode()), index, 66_000, path, whole)
    for first in (1, 256, 65_536, 65_537, 65_999):
        path = consistency(first, 66_000, node)
        check_consistency(first, root_of(entries[:first]), 66_000, whole, path)


def test_two_logs_do_not_mix(connection: Connection) -> None:
    one, two = append(connection, 300), append(connection, 2, "register")
    sequence_all(connection)
    assert merkle_log.waiting_count(connection, "register") == 2
    sequence_all(connection, log="register")
    assert root(300, Tree(connection, "audit").node) == root_of(one)
    assert root(2, Tree(connection, "register").node) == root_of(two)


def test_an_entry_that_commits_late_is_numbered_later_and_none_is_lost(
    connection: Connection, database_url: str
) -> None:
    slow = connect(database_url)
    with transaction(slow) as cursor:
        cursor.execute(merkle_log.WAIT, ("audit", late := str(uuid4()), b"l" * 32))
        (soon,) = append(connection, 1)
        assert merkle_log.sequence(connection, "audit") == 1
    assert merkle_log.sequence(connection, "audit") == 1
    assert [leaf.entry for leaf in merkle_log.leaves(connection, "audit", 0, 9)] == [soon, late]
    slow.close()


def test_only_one_sequencer_works_and_the_other_goes_away(connection: Connection, database_url: str) -> None:
    other = connect(database_url)
    append(connection, 1)
    with transaction(other) as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('log sequencer'), hashtext('audit'))")
        assert merkle_log.sequence(connection, "audit") is None
    assert merkle_log.sequence(connection, "audit") == 1
    other.close()


def test_only_one_seals(connection: Connection, database_url: str) -> None:
    other = connect(database_url)
    with merkle_log.only_sealer(connection, "audit"):
        with pytest.raises(SealerBusy), merkle_log.only_sealer(other, "audit"):
            pass
        with merkle_log.only_sealer(other, "register"):
            pass
    with merkle_log.only_sealer(other, "audit"):
        pass
    other.close()


def test_many_appenders_and_two_sequencers_lose_nothing_and_number_nothing_twice(
    connection: Connection, database_url: str
) -> None:
    written: list[str] = []
    ended = threading.Event()

    def appending() -> None:
        own = connect(database_url)
        for _ in range(40):
            written.extend(append(own, 5))
        own.close()

    def sequencing() -> None:
        own = connect(database_url)
        while not ended.is_set():
            merkle_log.sequence(own, "audit", 37)
        own.close()

    sequencers = [threading.Thread(target=sequencing) for _ in range(2)]
    appenders = [threading.Thread(target=appending) for _ in range(12)]
    for thread in sequencers + appenders:
        thread.start()
    for thread in appenders:
        thread.join()
    ended.set()
    for thread in sequencers:
        thread.join()
    sequence_all(connection)
    numbered = merkle_log.leaves(connection, "audit", 0, 10_000)
    assert len(written) == 12 * 40 * 5
    assert sorted(leaf.entry for leaf in numbered) == sorted(written)
    assert [leaf.seq for leaf in numbered] == list(range(len(written)))
    assert root(len(written), Tree(connection, "audit").node) == root_of([leaf.entry for leaf in numbered])


def test_nothing_gets_a_number_when_the_log_is_shorter_than_a_signed_head(connection: Connection) -> None:
    append(connection, 2)
    sequence_all(connection)
    head = fetch_all(connection, "select now()")[0][0]
    add(connection, "audit", StoredHead(0, 3, b"r" * 32, head, b"{}", b"s", None, "no authority is configured"))
    append(connection, 1)
    with pytest.raises(LogShrunk, match="holds 2 entries, but a signed head covers 3"):
        merkle_log.sequence(connection, "audit")
    assert merkle_log.waiting_count(connection, "audit") == 1
    with pytest.raises(LogShrunk, match="lacks hashes"):
        root(3, Tree(connection, "audit").node)


def test_how_long_the_first_has_waited_is_told(connection: Connection) -> None:
    assert merkle_log.waiting_seconds(connection, "audit") == 0
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into log_waiting (log, entry, leaf, since) values "
            "('audit', %s, %s, now() - interval '90 seconds'), ('audit', %s, %s, now() + interval '1 hour')",
            (str(uuid4()), b"l" * 32, str(uuid4()), b"l" * 32),
        )
    assert 90 <= merkle_log.waiting_seconds(connection, "audit") < 100


def test_a_leaf_may_be_numbered_once_only(connection: Connection) -> None:
    (entry,) = append(connection, 1)
    sequence_all(connection)
    with pytest.raises(psycopg2.errors.UniqueViolation), transaction(connection) as cursor:
        cursor.execute("insert into log_leaf values ('audit', 1, %s, %s)", (entry, b"l" * 32))
