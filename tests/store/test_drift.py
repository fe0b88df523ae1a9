"""The store keeps counts of columns and refuses what may be somebody's value; one signal is open at a time."""

from __future__ import annotations

from datetime import datetime

import psycopg2
import pytest

from schemas.drift import Change, ChangeKind, ColumnProfile, Profile
from store import batches, drift
from store.connection import Connection, fetch_all, transaction

RESOURCE = "tax.registration"
KNOWN = frozenset({"姓名"})


def profile(name: str, shape: str = "text", refused: str = "R-003") -> Profile:
    column = ColumnProfile(2)
    column.shapes[shape] = 2
    column.refused[refused] = 1
    return Profile(RESOURCE, 2, {name: column})


@pytest.mark.parametrize(
    "seen",
    [
        profile("420112198001011015"), profile("张三丰"), profile("id13971234567"), profile("a b"), profile("x" * 41),
        profile("Zhang"), profile("~zhangsan"), profile(""), profile("a\n"), profile("nsrmc", shape="武汉"),
        profile("nsrmc", shape="13971234567"), profile("nsrmc", refused="张三"),
    ],
)  # fmt: skip
def test_a_profile_with_what_may_be_a_value_is_refused_whole(
    connection: Connection, now: datetime, seen: Profile
) -> None:
    batch = batches.begin_or_resume(connection, RESOURCE)
    with pytest.raises(drift.ProfileRefused, match="HUB-730") as refused, transaction(connection) as cursor:
        drift.add_profile(cursor, RESOURCE, batch.id, seen, KNOWN, now)
    assert not any(name and name in str(refused.value) for name in seen.columns if name != "nsrmc")
    assert fetch_all(connection, "select 1 from drift_profile") == []


@pytest.mark.parametrize("name", ["nsrmc", "col_2026", "姓名", "~abcdefghij", "~more", "_x"])
def test_a_name_of_ours_a_programs_name_and_a_mask_are_kept(connection: Connection, now: datetime, name: str) -> None:
    batch = batches.begin_or_resume(connection, RESOURCE)
    with transaction(connection) as cursor:
        drift.add_profile(cursor, RESOURCE, batch.id, profile(name), KNOWN, now)
        assert drift.waiting(cursor, RESOURCE, RESOURCE) == profile(name)
        drift.show(cursor, RESOURCE, batch.id, Change(ChangeKind.UNKNOWN, name, 2, 2), None, now)


@pytest.mark.parametrize("name", ["420112198001011015", "", "x" * 65, "a\tb"])
def test_the_database_itself_refuses_such_a_name_too(connection: Connection, now: datetime, name: str) -> None:
    batch = batches.begin_or_resume(connection, RESOURCE)
    with pytest.raises(psycopg2.errors.CheckViolation), transaction(connection) as cursor:
        drift.show(cursor, RESOURCE, batch.id, Change(ChangeKind.UNKNOWN, name, 2, 2), None, now)


def test_two_open_signals_of_one_column_cannot_be(connection: Connection, now: datetime) -> None:
    batch = batches.begin_or_resume(connection, RESOURCE)
    change = Change(ChangeKind.TYPE, "djrq", 3, 40, "now text")
    with transaction(connection) as cursor:
        assert drift.show(cursor, RESOURCE, batch.id, change, ColumnProfile(3), now)
        assert not drift.show(cursor, RESOURCE, batch.id, change, ColumnProfile(3), now)
    assert len(drift.every(connection)) == 1
    with pytest.raises(psycopg2.errors.UniqueViolation), transaction(connection) as cursor:
        cursor.execute(
            "insert into drift_signal (resource, kind, column_name, count, of_total, detail, first_batch, last_batch, "
            "raised_at, seen_at) select resource, kind, column_name, 1, 1, '', first_batch, last_batch, raised_at, "
            "seen_at from drift_signal"
        )


def test_old_profiles_are_let_go(connection: Connection, now: datetime) -> None:
    for _ in range(105):
        batch = batches.begin_or_resume(connection, RESOURCE)
        with transaction(connection) as cursor:
            drift.add_profile(cursor, RESOURCE, batch.id, profile("nsrmc"), KNOWN, now)
        batches.finish(connection, batch)
    assert fetch_all(connection, "select count(*), min(batch) from drift_profile") == [(100, 6)]
