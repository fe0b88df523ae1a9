"""A licence number is used once, without gaps, and every step leaves a line that nobody can take away."""

from __future__ import annotations

import threading
from datetime import date, datetime

import psycopg2
import pytest

from store import approval_outcomes, licence_making, licences
from store.connection import Connection, connect, fetch_all, transaction
from store.licence_making import Composed
from store.licences import LicenceVersion
from store.register_entries import Grounds
from store.vault import Vault
from tests.store.seal_entries import registered


def reserve(connection: Connection, vault: Vault, approval: str, now: datetime) -> LicenceVersion:
    return licence_making.reserve(
        connection,
        vault,
        licence_type="food",
        year=2026,
        approval=approval,
        item="item",
        holder=vault.index("company", approval),
        grounds=Grounds("a law", date(2026, 3, 4), "hub", "the bureau"),
        compose=lambda sequence, _: Composed(
            f"〔2026〕第{sequence:05d}号", f"identifier-{sequence}", {"name": f"{approval}有限公司"}
        ),
        now=now,
    )


def test_numbers_follow_one_another(connection: Connection, vault: Vault, now: datetime) -> None:
    assert [reserve(connection, vault, name, now).sequence for name in "abc"] == [1, 2, 3]


def test_an_approval_keeps_its_number_however_often_it_asks(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    first = reserve(connection, vault, "a", now)
    assert reserve(connection, vault, "a", now) == first
    assert licences.facts(connection, vault, first) == {"name": "a有限公司"}


def test_many_at_once_neither_share_nor_skip_a_number(
    connection: Connection, vault: Vault, now: datetime, database_url: str
) -> None:
    vault.seal("licence", b"", b"")

    def run(start: int) -> None:
        own = connect(database_url)
        for number in range(start, 40, 4):
            reserve(own, vault, f"approval-{number}", now)
        own.close()

    threads = [threading.Thread(target=run, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.sequence for row in licences.every(connection)) == list(range(1, 41))


def test_an_intent_that_came_to_nothing_is_shown_as_abandoned(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    licence = reserve(connection, vault, "a", now)
    seal = registered(connection, now)
    for _ in range(2):
        licence_making.intend(
            connection, licence, seal_sm3=seal.entry.sm3, es_id=seal.entry.es_id, draft_sm3=b"1" * 32, now=now
        )
    licence_making.record_sealed(connection, licence, document_sm3=b"2" * 32, timestamped=True, path="x.ofd", now=now)
    assert [event for _, event, _ in licences.events(connection, licence)] == [
        "reserved",
        "intended",
        "abandoned",
        "intended",
        "sealed",
    ]
    assert fetch_all(connection, "select outcome from seal_use order by id") == [("abandoned",), ("sealed",)]
    assert licences.events(connection, licence)[-1][2]["timestamped"] is True
    assert licences.timestamped(connection) == {licence.id: True}


@pytest.mark.parametrize("statement", ["update licence_event set event = 'sealed'", "delete from audit_entry"])
def test_the_logs_take_no_change(connection: Connection, statement: str) -> None:
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"), transaction(connection) as cursor:
        cursor.execute(statement)


def test_the_same_standing_of_an_approval_is_written_once(connection: Connection, now: datetime) -> None:
    for moment in (now, now.replace(year=2027)):
        approval_outcomes.settle(
            connection, "a", subject=b"a", item="i", state="waiting", missing=[{"material": "M1"}], now=moment
        )
    ((settled_at,),) = fetch_all(connection, "select settled_at from approval_outcome")
    assert settled_at == now


def test_a_licence_that_cannot_be_composed_uses_no_number(connection: Connection, vault: Vault, now: datetime) -> None:
    def refuse(sequence: int, place: int) -> Composed:
        raise ValueError("a character the font lacks")

    with pytest.raises(ValueError, match="font"):
        licence_making.reserve(
            connection, vault, licence_type="food", year=2026, approval="bad", item="item",
            holder=b"0" * 32, grounds=Grounds("", date(2026, 3, 4), "", ""), compose=refuse, now=now,
        )  # fmt: skip
    assert reserve(connection, vault, "good", now).sequence == 1
