"""What every adapter promises, also tomorrow's: the same rows in a real server of each, read through the port alone.

An adapter joins by a world in worlds.py; a protocol without one fails the first test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors.access import Access
from connectors.port import (
    CursorRefused,
    Operation,
    RawPage,
    RawRecord,
    Source,
    SourceGarbled,
    SourceRefused,
    Splittable,
    Timed,
)
from connectors.port import SourceUnavailable as Unavailable
from core.clock import SHANGHAI
from core.edition import older
from tests.connectors import mariadb, worlds
from tests.connectors.worlds import SECRET, Row, script


@pytest.fixture(scope="session")
def maria_port() -> Iterator[int]:
    with mariadb.running() as port:
        yield port


@pytest.fixture(params=sorted(worlds.ADAPTERS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    def ask(what: str) -> Any:
        return request.getfixturevalue({"postgres": "database_url", "mariadb": "maria_port"}[what])

    yield from worlds.opened(request.param, tmp_path, ask)


def _records(source: Source, pages: list[RawPage]) -> list[RawRecord]:
    return [record for page in pages for record in source.records(page)]


def _rows(records: list[RawRecord]) -> list[tuple[str, str]]:
    assert [record.problem for record in records] == [None] * len(records)
    times = [record.fields["update_time"] for record in records]
    assert times == sorted(times)
    # rows of one moment have no order of their own
    return sorted((record.fields["code"], record.fields["name"]) for record in records)


def _said(rows: list[Row]) -> list[tuple[str, str]]:
    return sorted((row.code, row.name) for row in rows)


def _numbered(pages: list[RawPage]) -> None:
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))


def _later(page: RawPage) -> dict[str, Any]:
    """The cursor as another process finds it in the database."""
    found: dict[str, Any] = json.loads(json.dumps(page.next_cursor))
    return found


def test_every_declared_protocol_has_a_world_here() -> None:
    kinds = get_args(get_args(Access)[0])
    protocols = {name for kind in kinds for name in get_args(kind.model_fields["protocol"].annotation)}
    assert protocols - {"not_agreed"} == {name.partition(" ")[0] for name in worlds.ADAPTERS}


def test_every_row_comes_once_in_order_and_as_many_as_were_counted(world: Any) -> None:
    rows = script()
    world.put(rows)
    source = world.source()
    assert source.count({}) == len(rows)
    pages = list(source.pages({}))
    _numbered(pages)
    assert len(pages) >= 4
    assert _rows(_records(source, pages)) == _said(rows)
    for page in pages:
        assert page.declared_rows in (None, len(list(source.records(page))))


def test_reading_goes_on_behind_any_page_with_exactly_the_rest(world: Any) -> None:
    """Ties at a page's edge are the rule here: four rows share a moment and a page has three."""
    rows = script()
    world.put(rows)
    for place in range(1, 1 + len(list(world.source().pages({})))):
        world.put(rows)
        first = world.source()
        reading = first.pages({})
        before = []
        for _ in range(place):
            before.append(next(reading))
            first.acknowledge(before[-1].next_cursor)
        cursor = _later(before[-1])
        fresh = world.source()
        fresh.acknowledge(cursor)
        left = len(rows) - len(_records(first, before))
        assert fresh.count(cursor) == left
        rest = list(fresh.pages(cursor))
        _numbered([*before, *rest])
        assert _rows(_records(fresh, before) + _records(fresh, rest)) == _said(rows)


@pytest.mark.parametrize("together", [1, 3, 11])
def test_rows_of_one_moment_come_once_each_wherever_a_page_ends(world: Any, together: int) -> None:
    rows = script(together=together)
    world.put(rows)
    source = world.source()
    assert _rows(_records(source, list(source.pages({})))) == _said(rows)


def test_a_crash_before_the_receipt_loses_nothing_and_repeats_no_row(world: Any) -> None:
    """The last page is committed, nobody was told: the next start tells it and goes on."""
    rows = script(5)
    world.put(rows)
    pages = list(world.source().pages({}))
    cursor = _later(pages[-1])
    for page in pages[:-1]:
        world.source().acknowledge(page.next_cursor)
    assert list(world.source().pages(cursor)) == []
    again = world.source()
    again.acknowledge(cursor)
    again.acknowledge(cursor)
    assert list(again.pages(cursor)) == []
    assert again.count(cursor) == 0


def test_a_second_count_of_what_was_read_says_what_was_read(world: Any) -> None:
    rows = script()
    world.put(rows)
    source = world.source()
    pages = list(source.pages({}))
    assert source.recount({}, _later(pages[-1])) in (None, len(rows))
    assert source.recount({}, _later(pages[0])) in (None, len(_records(source, pages[:1])))


def test_a_source_with_times_set_back_gives_the_rows_of_that_time_again_and_says_where_it_stands(world: Any) -> None:
    rows = script()
    world.put(rows)
    source = world.source()
    if not isinstance(source, Timed):
        pytest.skip("its cursor is no time")
    pages = list(source.pages({}))
    end = _later(pages[-1])
    assert source.moment({}) is None
    assert source.moment(end) == datetime(2026, 3, 1, 0, 0, 2, tzinfo=SHANGHAI)
    assert source.rewound({}, timedelta(seconds=1)) == {}
    back = json.loads(json.dumps(source.rewound(end, timedelta(seconds=1))))
    again = list(source.pages(back))
    wanted = [row for row in rows if row.time >= "2026-03-01 00:00:01"]
    assert source.count(back) == len(wanted)
    assert _rows(_records(source, again)) == _said(wanted)
    assert again[0].number == pages[-1].number + 1


def test_editions_sort_as_the_source_sorts_its_rows(world: Any) -> None:
    rows = script()
    world.put(rows)
    source = world.source()
    editions = [record.edition for record in _records(source, list(source.pages({})))]
    assert not any(older(later, earlier) for earlier, later in pairwise(editions))
    if isinstance(source, Timed):
        assert older(editions[0], editions[-1])


def test_parts_hold_every_row_once_up_to_where_they_were_made(world: Any) -> None:
    rows = script(23)
    world.put(rows)
    source = world.source()
    if not isinstance(source, Splittable):
        pytest.skip("it cannot be read in parts")
    until, ranges = source.split({}, 4)
    assert (ranges[0][0], ranges[-1][1]) == (None, None)
    assert len(ranges) == 4
    world.put([*rows, *script(5, first=60)])
    found, counted = [], 0
    for lower, upper in ranges:
        part = world.source().part(lower, upper, json.loads(json.dumps(until)))
        read = _records(part, list(part.pages({})))
        assert 0 < len(read) < len(rows)
        counted += part.count({})
        found += read
    assert sorted((one.fields["code"], one.fields["name"]) for one in found) == _said(rows)
    assert counted == len(rows)


def test_an_empty_source_has_no_page_and_says_so(world: Any) -> None:
    world.put([])
    source = world.source()
    assert list(source.pages({})) == []
    assert source.count({}) == 0
    source.acknowledge({})


def test_kept_bytes_give_the_same_rows_without_the_source(world: Any) -> None:
    world.put(script())
    source = world.source()
    offline = world.away() or world.refused()
    for page in source.pages({}):
        kept = RawPage(page.number, bytes(page.body), {}, json.loads(json.dumps(dict(page.context))))
        assert list(offline.records(kept)) == list(source.records(page))
        assert all(record.raw for record in source.records(page))


def test_the_same_source_read_twice_gives_the_same_bytes(world: Any) -> None:
    world.put(script())
    assert list(world.source().pages({})) == list(world.source().pages({}))


def test_withdrawals_are_told_where_the_protocol_has_them(world: Any) -> None:
    rows = script(2)
    world.put([rows[0], Row(rows[1].code, rows[1].name, rows[1].time, Operation.DELETE)])
    source = world.source()
    found = [record.operation for record in _records(source, list(source.pages({})))]
    assert found == [Operation.INSERT, Operation.DELETE if world.deletes else Operation.INSERT]


def test_nobody_there_means_again(world: Any) -> None:
    source = world.away()
    if source is None:
        pytest.skip("a folder is there or it is not")
    for question in (lambda: list(source.pages({})), lambda: source.count({})):
        with pytest.raises(Unavailable, match=r"^HUB-101 test\.rows: .* 0 pages are kept") as caught:
            question()
        assert SECRET not in str(caught.value)


def test_a_refusal_means_stop_and_names_no_secret(world: Any) -> None:
    world.put(script(1))
    with pytest.raises(SourceRefused, match=r"^HUB-102 test\.rows: ") as caught:
        list(world.refused().pages({}))
    assert SECRET not in str(caught.value)


def test_garbage_means_again_with_its_bytes_kept(world: Any) -> None:
    world.put(script())
    spoil = world.garbled()
    if spoil is None:
        pytest.skip("a file or a database gives no half answers")
    reading = world.source().pages({})
    next(reading)
    spoil()
    with pytest.raises(SourceGarbled, match="1 pages are kept; page 2 is next") as caught:
        next(reading)
    assert caught.value.body
    assert not any(row.name in str(caught.value) for row in script())


def test_the_page_before_again_is_noticed(world: Any) -> None:
    world.put(script(together=1))
    repeat = world.repeated()
    if repeat is None:
        pytest.skip("pages are cut by us, not numbered by the source")
    reading = world.source().pages({})
    first = next(reading)
    repeat()
    with pytest.raises(SourceGarbled):
        found = list(reading)
        assert not any(page.body == first.body for page in found)


def test_bytes_that_are_no_page_are_garbled_and_named(world: Any) -> None:
    with pytest.raises(SourceGarbled, match="page 3"):
        list(world.source().records(RawPage(3, b"<html>", {}, {"encoding": "UTF-8"})))


def test_a_cursor_of_another_adapter_is_refused(world: Any) -> None:
    world.put(script(1))
    with pytest.raises(CursorRefused, match=r"test\.rows: the stored cursor is not one of"):
        list(world.source().pages({"nobody": "knows"}))


def test_neither_cursor_nor_repr_shows_a_row(world: Any) -> None:
    world.put([Row("42011219491231002X", "张三丰", "2026-03-01 00:00:00")])
    source = world.source()
    (page,) = source.pages({})
    (record,) = source.records(page)
    shown = f"{page!r} {record!r} {source!r} {json.dumps(page.next_cursor, ensure_ascii=False)} {dict(page.context)}"
    assert record.fields["code"] == "42011219491231002X"
    for hidden in ("42011219491231002X", "张三丰", SECRET):
        assert hidden not in shown
