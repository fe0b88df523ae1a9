"""Marks read all at once answer what the index answers, whatever they begin with."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import known_marks
from store.connection import connect, transaction
from store.known_marks import KnownMarks, read_known

_START = b"PGCOPY\n\xff\r\n\x00" + bytes(8)


def copied(pairs: dict[bytes, bytes]) -> memoryview:
    """What PostgreSQL sends for them."""
    rows = [struct.pack(">hi", 2, 16) + mark + struct.pack(">i", 32) + key for mark, key in sorted(pairs.items())]
    return memoryview(_START + b"".join(rows) + struct.pack(">h", -1))


# Few first bytes, so that prefixes of eight bytes meet.
marks = st.tuples(st.sampled_from([b"\x00" * 8, b"\xff" * 8, b"\x80" + b"\x00" * 7]), st.binary(min_size=8, max_size=8))


@given(
    st.dictionaries(marks.map(b"".join), st.binary(min_size=32, max_size=32), max_size=60),
    st.lists(marks.map(b"".join), max_size=30),
)
def test_it_answers_like_a_dictionary(pairs: dict[bytes, bytes], others: list[bytes]) -> None:
    known = KnownMarks(copied(pairs))
    assert len(known) == len(pairs)
    asked = [*pairs, *others]
    assert known.of(asked) == {mark: pairs[mark] for mark in asked if mark in pairs}


def put(url: str, rows: list[tuple[str, bytes, bytes | None]]) -> None:
    connection = connect(url)
    with transaction(connection) as cursor:
        for resource, key, mark in rows:
            cursor.execute(
                "insert into record_head (resource, key, version, digest, mark, subjects, batch) "
                "values (%s, %s, 1, %s, %s, '{}', 1)",
                (resource, key, b"d", mark),
            )
    connection.close()


def test_it_reads_the_marks_of_one_resource_only(database_url: str) -> None:
    mine, other = bytes(range(32)), bytes(range(1, 33))
    put(database_url, [("a.b", mine, b"m" * 16), ("a.c", other, b"n" * 16), ("a.b", other, None)])
    connection = connect(database_url)
    known = read_known(connection, "a.b")
    connection.close()
    assert known is not None
    assert known.of([b"m" * 16, b"n" * 16]) == {b"m" * 16: mine}


def test_it_declines_where_there_are_too_many_or_a_mark_is_odd(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database_url, [("a.b", bytes(32), b"short")])
    connection = connect(database_url)
    assert read_known(connection, "a.b") is None
    put(database_url, [("a.c", bytes(32), bytes(16)), ("a.c", bytes(31) + b"1", bytes(15) + b"1")])
    monkeypatch.setattr(known_marks, "MOST", 1)
    assert read_known(connection, "a.c") is None
    connection.close()
