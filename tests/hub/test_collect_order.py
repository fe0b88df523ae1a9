"""What a source says of the order of its rows is believed: late rows are found, old ones change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors import registry
from connectors.access import TableAccess
from connectors.declaration import load_all
from hub.collect import SourceClockAhead, collect
from hub.context import Hub
from schemas.judge import restore
from store import records
from store.connection import fetch_all
from tests.hub.conftest import NOON
from tests.hub.exchange_table import RESOURCE, ExchangeTable, code


@pytest.fixture
def table(hub: Hub, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> ExchangeTable:
    known = load_all()[RESOURCE]
    assert isinstance(known.access, TableAccess)
    small = known.model_copy(update={"access": known.access.model_copy(update={"page_size": 2}), "overlap_minutes": 10})
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), RESOURCE: small})
    return ExchangeTable(new_database(), hub.settings.sources_file)


def names(hub: Hub) -> dict[str, tuple[str, int]]:
    """Credit code to name and version of what stands."""
    found = {}
    for row in records.of_resource(hub.connection, hub.vault, RESOURCE):
        record = restore(RESOURCE, row.payload)
        found[record.credit_code.text] = (record.name, row.version)  # type: ignore[attr-defined]
    return found


def versions(hub: Hub) -> list[tuple[int, str]]:
    return fetch_all(hub.connection, "select version, ended_as from record_history order by key, version")


def test_a_row_committed_late_with_an_earlier_time_is_found_within_the_overlap(hub: Hub, table: ExchangeTable) -> None:
    for number in range(1, 6):
        table.put(number, f"第{number}中心", f"2026-11-20 10:{number:02}:00")
    assert collect(hub, RESOURCE).counts.inserted == 5
    table.put(9, "迟到的中心", "2026-11-20 10:01:30")
    again = collect(hub, RESOURCE)
    assert (again.counts.inserted, again.counts.unchanged, again.set_back) == (1, 5, 10)
    assert again.source_count == again.counts.landed
    assert names(hub)[code(9)] == ("迟到的中心", 1)
    # Outside the overlap nobody looks, but the source's own count tells that there is something.
    table.put(8, "更迟的中心", "2026-11-20 09:00:00")
    third = collect(hub, RESOURCE)
    assert (third.counts.inserted, third.counts.unchanged, third.set_back) == (1, 6, 0)
    assert "read again from its start" in third.remarks[0]
    assert collect(hub, RESOURCE).remarks == ()


def test_a_late_edition_does_not_replace_a_newer_one(hub: Hub, table: ExchangeTable) -> None:
    table.put(1, "新名称中心", "2026-11-20 10:05:00")
    collect(hub, RESOURCE)
    table.put(1, "旧名称中心", "2026-11-20 10:04:00")
    assert collect(hub, RESOURCE).counts.accepted == 0
    assert names(hub) == {code(1): ("新名称中心", 1)}


def test_a_record_that_changed_over_several_pages_keeps_every_version_and_no_more_when_read_again(
    hub: Hub, table: ExchangeTable
) -> None:
    for number, name in enumerate(("甲中心", "乙中心", "丙中心", "丁中心", "戊中心"), 1):
        table.put(1, name, f"2026-11-20 10:{number:02}:00")
    first = collect(hub, RESOURCE)
    assert (first.counts.inserted, first.counts.changed) == (1, 4)
    assert names(hub) == {code(1): ("戊中心", 5)}
    assert versions(hub) == [(version, "changed") for version in (1, 2, 3, 4)]
    for from_start in (False, True):
        again = collect(hub, RESOURCE, from_start=from_start)
        assert (again.counts.landed, again.counts.unchanged) == (5, 5)
    assert names(hub) == {code(1): ("戊中心", 5)}
    assert len(versions(hub)) == 4


def test_a_withdrawn_record_stays_withdrawn_when_its_rows_are_read_again(hub: Hub, table: ExchangeTable) -> None:
    table.put(1, "甲中心", "2026-11-20 10:01:00")
    table.put(2, "乙中心", "2026-11-20 10:02:00")
    table.put(1, "甲中心", "2026-11-20 10:03:00", "D")
    assert collect(hub, RESOURCE).counts.deleted == 1
    assert collect(hub, RESOURCE, from_start=True).counts.unchanged == 3
    assert set(names(hub)) == {code(2)}
    table.put(1, "甲中心", "2026-11-20 10:09:00")
    assert collect(hub, RESOURCE).counts.inserted == 1
    assert names(hub)[code(1)] == ("甲中心", 2)


def test_every_version_says_from_when_to_when_it_stood_and_which_batches_brought_and_ended_it(
    hub: Hub, table: ExchangeTable
) -> None:
    table.put(1, "甲中心", "2026-11-20 10:01:00")
    first = collect(hub, RESOURCE)
    table.put(1, "乙中心", "2026-11-20 10:02:00")
    second = collect(hub, RESOURCE)
    (kept,) = fetch_all(
        hub.connection, "select version, batch, valid_from, valid_to, ended_by, ended_as from record_history"
    )
    (current,) = fetch_all(hub.connection, "select version, batch, valid_from from record")
    assert kept == (1, first.batch, NOON, NOON, second.batch, "changed")
    assert current == (2, second.batch, NOON)


def test_rows_of_the_future_stop_the_batch_and_hide_nothing(hub: Hub, table: ExchangeTable) -> None:
    table.put(1, "甲中心", "2026-11-20 11:50:00")
    table.put(2, "乙中心", "2026-11-20 11:51:00")
    table.put(3, "丙中心", "2026-11-20 13:00:00")
    with pytest.raises(SourceClockAhead, match=rf"{RESOURCE}: rows of page 2 bear a time 1:00:00 ahead of our clock"):
        collect(hub, RESOURCE)
    assert set(names(hub)) == {code(1), code(2)}
    table.put(4, "丁中心", "2026-11-20 11:55:00")
    # The department sets its clock right and dates its row anew.
    table.remove(3)
    table.put(3, "丙中心", "2026-11-20 11:56:00")
    done = collect(hub, RESOURCE)
    assert (done.resumed, done.counts.inserted, done.counts.landed) == (True, 4, 4)
    assert set(names(hub)) == {code(number) for number in (1, 2, 3, 4)}


def test_a_clock_a_little_ahead_is_believed(hub: Hub, table: ExchangeTable) -> None:
    table.put(1, "甲中心", f"{NOON + timedelta(minutes=9):%Y-%m-%d %H:%M:%S}")
    assert collect(hub, RESOURCE).counts.inserted == 1


def test_an_empty_overlap_does_not_let_the_cursor_creep_back(hub: Hub, table: ExchangeTable) -> None:
    table.put(1, "甲中心", "2026-11-20 10:01:00")
    collect(hub, RESOURCE)
    before = fetch_all(hub.connection, "select position from source_cursor")
    table.clear()
    for _ in range(3):
        assert collect(hub, RESOURCE).counts.landed == 0
    assert fetch_all(hub.connection, "select position from source_cursor") == before


def test_reading_from_the_start_gives_up_what_an_earlier_run_left(hub: Hub, table: ExchangeTable) -> None:
    for number in range(1, 4):
        table.put(number, f"第{number}中心", f"2026-11-20 11:{number:02}:00")
    table.put(4, "未来的中心", "2026-11-20 13:00:00")
    with pytest.raises(SourceClockAhead):
        collect(hub, RESOURCE)
    table.remove(4)
    done = collect(hub, RESOURCE, from_start=True)
    assert (done.resumed, done.counts.landed, done.source_count) == (False, 3, 3)
    assert fetch_all(hub.connection, "select state, fault_code from batch order by id") == [
        ("complete", "HUB-746"),
        ("complete", None),
    ]
