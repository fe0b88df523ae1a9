"""Rows are known by their marks wherever their heads lie, and nothing is known that does not stand now."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest

from store import heads
from store.connection import Connection, connect, fetch_one, transaction
from store.heads import Head
from store.known_rows import KnownRows

RESOURCE = "market.company"
PAGE, PAGES = 500, 8


def mark(number: int) -> bytes:
    return random.Random(f"mark {number}").randbytes(16)


def key(number: int) -> bytes:
    return random.Random(f"key {number}").randbytes(32)


def put(connection: Connection, numbers: Iterable[int], resource: str = RESOURCE, *, anew: bool = False) -> None:
    new = {key(number): Head(1, b"d" * 16, mark(number), "", (key(number),), 1) for number in numbers}
    with transaction(connection) as cursor:
        heads.put(cursor, resource, new, list(new) if anew else [])


def page(number: int) -> range:
    return range(number * PAGE, (number + 1) * PAGE)


def ask(known: KnownRows, numbers: Iterable[int]) -> set[int]:
    """Which of the rows are known."""
    asked = {mark(number): number for number in numbers}
    found = known.of(list(asked))
    assert all(found[one] == key(asked[one]) for one in found)
    return {asked[one] for one in found}


def looks(connection: Connection) -> tuple[int, int]:
    """How often the table was read from one end to the other, and how many index entries were read."""
    with transaction(connection) as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
    row = fetch_one(
        connection,
        "select t.seq_scan, i.idx_tup_read from pg_stat_user_tables t join pg_stat_user_indexes i using (relid) "
        "where t.relname = 'record_head' and i.indexrelname = 'record_head_by_mark'",
    )
    assert row is not None
    return row[0], row[1]


@pytest.fixture
def loaded(connection: Connection) -> Connection:
    """A first load that the server has not counted yet."""
    for number in range(PAGES):
        put(connection, page(number))
    return connection


def test_every_row_of_a_load_is_known_and_the_index_is_asked_for_few(loaded: Connection, database_url: str) -> None:
    asking = connect(database_url)
    known = KnownRows(asking, RESOURCE)
    before = looks(asking)
    for number in range(PAGES):
        assert ask(known, page(number)) == set(page(number))
    whole, by_index = (now - then for now, then in zip(looks(asking), before, strict=True))
    asking.close()
    assert whole == 0
    assert PAGE <= by_index < 2 * PAGE  # the first page, and hardly another row


@pytest.mark.parametrize("order", ["backwards", "shuffled", "one page twice"])
def test_a_source_in_another_order_is_known_as_well(loaded: Connection, order: str) -> None:
    numbers = list(range(PAGE * PAGES))
    asked: Sequence[Sequence[int]] = [numbers[at : at + PAGE] for at in range(0, len(numbers), PAGE)]
    if order == "backwards":
        asked = asked[::-1]
    elif order == "shuffled":
        random.Random(1).shuffle(numbers)
        asked = [numbers[at : at + PAGE] for at in range(0, len(numbers), PAGE)]
    else:
        asked = [each for each in asked for _ in range(2)]
    known = KnownRows(loaded, RESOURCE)
    for each in asked:
        assert ask(known, each) == set(each)


def test_new_rows_are_not_known_and_known_ones_between_them_are(loaded: Connection) -> None:
    known = KnownRows(loaded, RESOURCE)
    for number in range(PAGES):
        mixed = [*page(number)[::3], *range(10**6 * (number + 1), 10**6 * (number + 1) + PAGE)]
        assert ask(known, mixed) == set(page(number)[::3])


def test_a_row_that_changed_while_the_source_is_read_is_not_known(loaded: Connection, database_url: str) -> None:
    """Heads written anew lie elsewhere, and the stretch that is read next still holds what is left of them."""
    other = connect(database_url)
    known = KnownRows(loaded, RESOURCE)
    assert ask(known, page(0)) == set(page(0))
    changed, ended, moved = page(1)[:20], page(1)[20:40], page(1)[40:60]
    with transaction(other) as cursor:
        cursor.execute("update record_head set mark = %s where key = any(%s)", (b"x" * 16, [key(n) for n in changed]))
        cursor.execute("update record_head set mark = null where key = any(%s)", ([key(n) for n in ended],))
    put(other, moved, anew=True)
    other.close()
    assert ask(known, page(1)) == set(page(1)) - set(changed) - set(ended)
    assert ask(known, page(2)) == set(page(2))


def test_heads_of_another_resource_between_them_do_no_harm(connection: Connection) -> None:
    for number in range(PAGES):
        put(connection, page(number))
        put(connection, range(10**6 + number * PAGE, 10**6 + number * PAGE + PAGE), "civil.marriage")
    known = KnownRows(connection, RESOURCE)
    for number in range(PAGES):
        assert ask(known, page(number)) == set(page(number))


def test_a_mark_or_key_of_another_length_is_passed_over(connection: Connection) -> None:
    put(connection, range(PAGE))
    with transaction(connection) as cursor:
        heads.put(cursor, RESOURCE, {b"short": Head(1, b"d", b"m" * 5, None, (), 1)}, [])
    known = KnownRows(connection, RESOURCE)
    for _ in range(2):
        assert ask(known, range(PAGE)) == set(range(PAGE))
    assert known.of([b"m" * 5]) == {}


def test_an_empty_store_knows_nothing(connection: Connection) -> None:
    known = KnownRows(connection, RESOURCE)
    assert ask(known, range(10)) == set()
    assert known.of([]) == {}
