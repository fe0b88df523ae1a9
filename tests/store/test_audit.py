"""An entry of the audit log: written with the answer, searchable, and shown to nobody but whom it is about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import psycopg2
import pytest

from core.clock import SHANGHAI
from store import audit, audit_bodies
from store.audit import About, Trace, Usage
from store.connection import Connection, connect, fetch_all, transaction

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=SHANGHAI)
ONE, TWO = b"1" * 32, b"2" * 32
USAGE = Usage(
    channel="clerk", user="zhang", user_name="窗口甲", organisation="x", organisation_name="行政审批局", street="1",
    place=None, item="3" * 31, item_name="食品经营许可", item_version=1, case_no="A-1", purpose="acceptance",
    basis="某法", outcome="partial", refusal=None,
    about=(About(ONE, "applicant", {"M1": ["name"]}, b"n" * 32, True),
           About(TWO, "legal_rep", {"M2": ["title", "number"]}, None, False)),
    materials=(Trace("M1", "satisfied", "shared", "tax.registration", ""),
               Trace("M2", "missing", "shared", "hr.vocational", "none")),
)  # fmt: skip


def add(connection: Connection, usage: Usage = USAGE, now: datetime = NOW) -> str:
    with transaction(connection) as cursor:
        return audit.append(cursor, usage, now)


def test_the_leaf_that_waits_is_that_of_the_body(connection: Connection) -> None:
    entry = add(connection)
    ((body, leaf),) = fetch_all(
        connection,
        "select e.body, w.leaf from audit_entry e join log_waiting w on w.entry = e.id where w.log = 'audit'",
    )
    assert bytes(leaf) == hashlib.new("sm3", b"\0" + bytes(body)).digest()
    said = json.loads(bytes(body))
    assert (said["id"], said["at"], said["case"]) == (entry, "2026-11-28T09:30:00.000000+08:00", "A-1")
    assert bytes(body) == json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_nothing_is_logged_of_a_transaction_that_is_undone(connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError), transaction(connection) as cursor:
        audit.append(cursor, USAGE, NOW)
        1 / 0
    assert fetch_all(connection, "select from audit_entry") == fetch_all(connection, "select from log_waiting") == []


def test_a_refused_one_about_nobody_known_is_logged(connection: Connection) -> None:
    entry = add(connection, replace(USAGE, outcome="refused", refusal="HUB-201", about=(), materials=()))
    assert [str(row[0]) for row in fetch_all(connection, "select entry from log_waiting")] == [entry]


def test_whatever_text_a_refused_lookup_brings_can_be_logged_and_fits_its_columns(connection: Connection) -> None:
    for text in ("\0", "a\0b\n\t\x1b", "\ud800x", "长" * 10_000, "x" * 1_000_000, "", "\u2028\U0010ffff"):
        entry = add(connection, replace(USAGE, item=text, purpose=text, case_no=text, outcome="refused", about=()))
        found = audit_bodies.read(connection, [entry])[entry]
        assert found.faults == ()
        assert len(found.body) < 8_000
    ((kept,),) = fetch_all(connection, "select count(*) from audit_entry where item = %s", ("长" * 499 + "…",))
    assert kept == 1


def test_a_subject_sees_what_is_about_it_and_nothing_of_the_other(connection: Connection) -> None:
    add(connection)
    (first,) = audit.of_subject(connection, ONE, now=NOW)
    (second,) = audit.of_subject(connection, TWO, now=NOW)
    assert first.id == second.id
    assert [about["role"] for about in first.body["about"]] == ["applicant"]
    assert [trace["code"] for trace in first.body["materials"]] == ["M1"]
    assert TWO.hex() not in json.dumps(first.body)
    assert [trace["code"] for trace in second.body["materials"]] == ["M2"]
    assert audit.of_subject(connection, b"3" * 32, now=NOW) == []


def test_who_fills_two_roles_sees_the_entry_once(connection: Connection) -> None:
    add(connection, replace(USAGE, about=(USAGE.about[0], replace(USAGE.about[1], subject=ONE))))
    (seen,) = audit.of_subject(connection, ONE, now=NOW)
    assert len(seen.body["about"]) == 2


def test_what_is_withheld_is_seen_from_its_day_on(connection: Connection) -> None:
    add(connection, replace(USAGE, withheld_until=date(2026, 12, 1), withheld_basis="某法第一条"))
    assert audit.of_subject(connection, ONE, now=NOW) == []
    # 2026-12-01 begins in Asia/Shanghai
    assert audit.of_subject(connection, ONE, now=datetime(2026, 11, 30, 23, 59, tzinfo=SHANGHAI)) == []
    assert len(audit.of_subject(connection, ONE, now=datetime(2026, 12, 1, 0, 0, tzinfo=SHANGHAI))) == 1


def test_pages_go_back_in_time_without_a_gap(connection: Connection) -> None:
    added = [add(connection, now=NOW + timedelta(seconds=second // 2)) for second in range(7)]
    found: list[str] = []
    before = None
    while page := audit.of_subject(connection, ONE, now=NOW, before=before, limit=3):
        found += [seen.id for seen in page]
        before = found[-1]
    assert sorted(found) == sorted(added)
    assert len(found) == 7


def test_an_append_waits_for_no_other(connection: Connection, database_url: str) -> None:
    other = connect(database_url)
    with transaction(connection) as cursor:
        audit.append(cursor, USAGE, NOW)
        with transaction(other) as second:
            second.execute("set local lock_timeout = '1s'")
            audit.append(second, USAGE, NOW)
    assert len(fetch_all(connection, "select from log_waiting")) == 2
    other.close()


@pytest.mark.parametrize("table", ["audit_entry", "audit_about", "log_leaf", "log_tile", "log_head", "log_waiting"])
@pytest.mark.parametrize("statement", ["update {table} set {column} = {column}", "truncate {table} cascade"])
def test_the_tables_of_the_log_take_no_change(connection: Connection, table: str, statement: str) -> None:
    column = {"audit_entry": "body", "audit_about": "subject", "log_tile": "hashes", "log_head": "size"}
    add(connection)
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"), transaction(connection) as cursor:
        cursor.execute(statement.format(table=table, column=column.get(table, "leaf")))


def test_a_waiting_entry_cannot_be_taken_away(connection: Connection) -> None:
    add(connection)
    with (
        pytest.raises(psycopg2.errors.RaiseException, match="by getting its number"),
        transaction(connection) as cursor,
    ):
        cursor.execute("delete from log_waiting")
