"""A seal is entered once, its history takes no change, and none is used that does not stand as active."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg2
import pytest

from store import seal_uses, seals
from store.connection import Connection, connect, fetch_all, transaction
from store.errors import SealNotActive, SealNotRegistered, SealStateRefused, StoreUnavailable
from store.migrate import migrate
from store.seal_uses import DocumentKind
from store.seals import Change, RegisteredSeal, Standing
from tests.store.seal_entries import ES_ID, entry, registered


def begin(connection: Connection, seal: RegisteredSeal, now: datetime, case_no: str = "case-1") -> int:
    return seal_uses.begin_use(
        connection,
        seal_sm3=seal.entry.sm3,
        es_id=seal.entry.es_id,
        case_no=case_no,
        licence=None,
        document_kind=DocumentKind.PDF,
        draft_sm3=b"1" * 32,
        now=now,
    )


def do(connection: Connection, what: Change, now: datetime) -> RegisteredSeal:
    return seals.change(connection, ES_ID, what, who="clerk", reason="stolen key", legal_basis="第九条", now=now)


def test_what_was_entered_comes_back_whole(connection: Connection, now: datetime) -> None:
    made = registered(connection, now)
    assert made.entry == entry(now)
    assert seals.of(connection, ES_ID) == seals.every(connection) == [made]
    assert seals.by_sm3(connection, made.entry.sm3) == made
    assert (made.version, made.standing(now)) == (1, Standing.ACTIVE)


def test_the_same_seal_again_changes_nothing_even_when_it_is_revoked(connection: Connection, now: datetime) -> None:
    made = registered(connection, now)
    assert registered(connection, now) == made
    do(connection, Change.REVOKED, now)
    assert registered(connection, now).standing(now) is Standing.REVOKED
    assert [one.event for one in seals.events(connection, made)] == ["registered", "revoked"]


def test_a_new_seal_under_an_es_id_takes_the_place_of_the_old_one(connection: Connection, now: datetime) -> None:
    old, new = registered(connection, now), registered(connection, now, b"second")
    newest, earlier = seals.of(connection, ES_ID)
    assert (newest.version, newest.standing(now)) == (2, Standing.ACTIVE)
    assert (earlier.version, earlier.standing(now), earlier.reason) == (1, Standing.SUPERSEDED, "replaced by entry 2")
    with pytest.raises(SealNotActive, match="superseded"):
        begin(connection, old, now)
    assert begin(connection, new, now)


def test_many_at_once_get_each_a_version_and_one_stands(
    connection: Connection, now: datetime, database_url: str
) -> None:
    def run(number: int) -> None:
        own = connect(database_url)
        registered(own, now, b"seal %d" % number)
        own.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = seals.of(connection, ES_ID)
    assert [one.version for one in found] == list(range(8, 0, -1))
    assert [one.state for one in found] == ["active"] + ["superseded"] * 7


def test_a_seal_is_suspended_resumed_and_revoked_for_good(connection: Connection, now: datetime) -> None:
    made = registered(connection, now)
    assert do(connection, Change.SUSPENDED, now).standing(now) is Standing.SUSPENDED
    assert do(connection, Change.RESUMED, now).standing(now) is Standing.ACTIVE
    revoked = do(connection, Change.REVOKED, now)
    assert (revoked.reason, revoked.legal_basis) == ("stolen key", "第九条")
    for what in Change:
        with pytest.raises(SealStateRefused, match="is revoked and cannot be"):
            do(connection, what, now)
    told = seals.events(connection, made)
    assert [one.event for one in told] == ["registered", "suspended", "resumed", "revoked"]
    assert {(one.who, one.reason) for one in told[1:]} == {("clerk", "stolen key")}


def test_an_active_seal_cannot_be_resumed(connection: Connection, now: datetime) -> None:
    registered(connection, now)
    with pytest.raises(SealStateRefused, match="is active"):
        do(connection, Change.RESUMED, now)


def test_an_es_id_nobody_entered_is_told(connection: Connection, now: datetime) -> None:
    with pytest.raises(SealNotRegistered, match=ES_ID):
        seals.of(connection, ES_ID)
    with pytest.raises(SealNotRegistered):
        do(connection, Change.REVOKED, now)


@pytest.mark.parametrize("what", [Change.SUSPENDED, Change.REVOKED])
def test_a_seal_that_does_not_stand_is_not_used(connection: Connection, now: datetime, what: Change) -> None:
    made = registered(connection, now)
    do(connection, what, now)
    with pytest.raises(SealNotActive, match=rf"{ES_ID}.*{what.value}.*stolen key"):
        begin(connection, made, now)
    assert seal_uses.uses(connection) == []


@pytest.mark.parametrize(("days", "standing"), [(-2, Standing.NOT_YET_VALID), (701, Standing.EXPIRED)])
def test_a_seal_out_of_its_time_is_not_used(
    connection: Connection, now: datetime, days: int, standing: Standing
) -> None:
    made = registered(connection, now)
    moment = now + timedelta(days=days)
    assert made.standing(moment) is standing
    with pytest.raises(SealNotActive, match=standing.value):
        begin(connection, made, moment)


def test_a_seal_the_register_does_not_know_is_not_used(connection: Connection, now: datetime) -> None:
    stranger = replace(registered(connection, now), entry=entry(now, b"stranger"))
    with pytest.raises(SealNotRegistered):
        begin(connection, stranger, now)


def test_a_use_is_logged_with_its_case_and_settled(connection: Connection, now: datetime) -> None:
    made = registered(connection, now)
    first, second = begin(connection, made, now), begin(connection, made, now)
    begin(connection, made, now, "case-2")
    seal_uses.settle_use(connection, second, document_sm3=b"2" * 32, timestamped=False, now=now)
    found = seal_uses.uses(connection, case_no="case-1")
    assert [(one.id, one.outcome, one.timestamped) for one in found] == [
        (second, "sealed", False),
        (first, "abandoned", None),
    ]
    assert {(one.es_id, one.seal_version, one.document_kind) for one in found} == {(ES_ID, 1, "pdf")}
    assert found[0].document_sm3 == b"2" * 32
    assert len(seal_uses.uses(connection, es_id=ES_ID)) == 3
    assert seal_uses.uses(connection, es_id="other") == []
    assert seal_uses.use_counts(connection) == {
        ES_ID: {"sealed": 1, "intended": 1, "abandoned": 1, "without_timestamp": 1}
    }


def test_a_use_without_a_case_is_refused(connection: Connection, now: datetime) -> None:
    made = registered(connection, now)
    with pytest.raises(psycopg2.errors.CheckViolation):
        begin(connection, made, now, "")


def test_a_suspension_waits_for_a_use_that_is_being_written_down(
    connection: Connection, now: datetime, database_url: str
) -> None:
    made = registered(connection, now)
    other = connect(database_url)
    with transaction(connection) as cursor:
        seals.hold_active(cursor, made.entry.sm3, ES_ID, now)
        with pytest.raises(StoreUnavailable, match="lock on row"), transaction(other) as waiting:
            waiting.execute("select state from seal where id = %s for update nowait", (made.id,))
    other.close()


@pytest.mark.parametrize("statement", ["update seal_event set who = 'nobody'", "delete from seal_event"])
def test_the_history_takes_no_change(connection: Connection, now: datetime, statement: str) -> None:
    registered(connection, now)
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"), transaction(connection) as cursor:
        cursor.execute(statement)


def test_a_database_with_licences_of_the_version_before_is_taken_along(
    connection: Connection, now: datetime, database_url: str
) -> None:
    with transaction(connection) as cursor:
        cursor.execute("drop schema public cascade; create schema public")
    assert migrate(database_url, "0002") == "0002"
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into licence (licence_type, year, sequence, number, identifier, approval, item, holder, facts, "
            "state, reserved_at, document_sm3) values ('food', 2026, 1, 'no', 'id', 'case-1', 'item', '', '', "
            "'archived', %s, %s) returning id",
            (now, b"2" * 32),
        )
        licence = cursor.fetchone()[0]
        for outcome in ("abandoned", "sealed", "intended"):
            cursor.execute(
                "insert into seal_use (licence, case_no, seal_id, intended_at, draft_sm3, outcome) "
                "values (%s, 'case-1', %s, %s, %s, %s)",
                (licence, ES_ID, now, b"1" * 32, outcome),
            )
    migrate(database_url)
    assert [
        (one.outcome, one.timestamped, one.document_sm3, one.document_kind, one.seal_version)
        for one in seal_uses.uses(connection)
    ] == [
        ("intended", None, None, "ofd", None),
        ("sealed", False, b"2" * 32, "ofd", None),
        ("abandoned", None, None, "ofd", None),
    ]
    registered(connection, now)
    assert seal_uses.use_counts(connection)[ES_ID]["sealed"] == 1
    assert fetch_all(connection, "select count(*) from seal_event") == [(1,)]
