"""A licence keeps its number through all its documents, and no step is taken twice, unsaid or against its state."""

from __future__ import annotations

import json
import threading
from datetime import date, datetime
from typing import Any

import psycopg2
import pytest

from core.merkle import leaf_hash
from schemas.licence_life import Status, Step, StepRefused
from store import licence_life, licence_making, licences
from store.connection import Connection, connect, fetch_all, transaction
from store.licence_life import VersionInMaking
from store.licence_making import Composed
from store.licences import LicenceVersion
from store.register_entries import Grounds
from store.vault import Vault
from tests.store.seal_entries import registered

GROUNDS = Grounds("a law", date(2026, 3, 4), "officer", "the bureau", "决字〔2026〕1号")


def first(connection: Connection, vault: Vault, now: datetime, case: str = "a") -> LicenceVersion:
    return licence_making.reserve(
        connection, vault, licence_type="food", year=2026, approval=case, item="item", holder=b"h" * 32,
        grounds=GROUNDS, compose=lambda n, place: composed(f"no-{n}", f"{case}.001", place), now=now,
    )  # fmt: skip


def following(
    connection: Connection, vault: Vault, licence: str, now: datetime, case: str, step: Step
) -> LicenceVersion:
    return licence_making.reserve_version(
        connection, vault, licence=licence, step=step, approval=None, made_for=case, item="item", grounds=GROUNDS,
        compose=lambda version, place: composed("no-1", f"a.{version:03d}", place), now=now,
    )  # fmt: skip


def composed(number: str, identifier: str, place: int) -> Composed:
    return Composed(number, identifier, {"place": place}, identifier.encode(), date(2031, 3, 3))


def published(connection: Connection, version: LicenceVersion, now: datetime) -> LicenceVersion:
    seal = fetch_all(connection, "select sm3, es_id from seal") or [
        (entry.sm3, entry.es_id) for entry in [registered(connection, now).entry]
    ]
    licence_making.intend(
        connection, version, seal_sm3=bytes(seal[0][0]), es_id=seal[0][1], draft_sm3=b"1" * 32, now=now
    )
    licence_making.record_sealed(
        connection, version, document_sm3=version.identifier.encode().ljust(32), timestamped=True,
        path=f"{version.identifier}.ofd", now=now,
    )  # fmt: skip
    licence_making.record_published(connection, version, now)
    found = licences.by_identifier(connection, version.identifier)
    assert found is not None
    return found


def entries(connection: Connection) -> list[dict[str, Any]]:
    rows = fetch_all(
        connection, "select e.body from licence_step s join register_entry e on e.id = s.entry order by s.id"
    )
    return [json.loads(bytes(body)) for (body,) in rows]


def test_a_later_document_takes_the_place_of_the_one_before(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    old = published(connection, first(connection, vault, now), now)
    new = published(connection, following(connection, vault, old.licence, now, "b", Step.CHANGE), now)
    assert (new.number, new.version, new.licence) == (old.number, 2, old.licence)
    assert licences.by_number(connection, "no-1") == new
    (before, after) = licences.of_licence(connection, old.licence)
    assert before.superseded_at == now and after.superseded_at is None
    life = licence_life.find(connection, "no-1")
    assert life is not None
    assert (life.status, life.current_version, life.valid_until) == (Status.VALID, 2, date(2031, 3, 3))
    said = entries(connection)
    assert [(one["step"], one["identifier"], one["supersedes"], one["case"]) for one in said] == [
        ("issue", "a.001", None, "a"),
        ("change", "a.002", "a.001", "b"),
    ]
    assert said[1]["document_sm3"] == (new.document_sm3 or b"").hex()


def test_the_leaf_of_every_step_waits_for_its_number_in_the_log(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    published(connection, first(connection, vault, now), now)
    assert [
        bytes(leaf) == leaf_hash(bytes(body))
        for leaf, body in fetch_all(
            connection, "select w.leaf, e.body from log_waiting w join register_entry e on e.id = w.entry "
            "where w.log = 'register'",
        )
    ] == [True]  # fmt: skip


def test_what_is_being_made_makes_other_steps_wait_and_is_dropped_by_a_final_one(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    old = published(connection, first(connection, vault, now), now)
    begun = following(connection, vault, old.licence, now, "b", Step.RENEW)
    assert following(connection, vault, old.licence, now, "b", Step.RENEW) == begun
    with pytest.raises(VersionInMaking):
        following(connection, vault, old.licence, now, "c", Step.CHANGE)
    with pytest.raises(VersionInMaking):
        licence_life.take_step(connection, vault, old.licence, Step.SUSPEND, GROUNDS, now=now)
    licence_life.take_step(connection, vault, old.licence, Step.REVOKE, GROUNDS, now=now, reason="张三出租许可证")
    assert [one.state for one in licences.of_licence(connection, old.licence)] == ["published", "dropped"]
    assert licences.events(connection, begun)[-1][1:] == ("dropped", {"step": "revoke"})
    (entry, reason) = next(iter(licence_life.reasons(connection, vault, old.licence).items()))
    assert reason == "张三出租许可证"
    assert entry == licence_life.history(connection, old.licence)[-1].entry
    assert "张三" not in json.dumps(entries(connection), ensure_ascii=False)


def test_a_step_the_state_does_not_take_writes_nothing(connection: Connection, vault: Vault, now: datetime) -> None:
    version = published(connection, first(connection, vault, now), now)
    with pytest.raises(StepRefused, match=r"Possible from here: .*暂停"):
        licence_life.take_step(connection, vault, version.licence, Step.RESUME, GROUNDS, now=now)
    assert [one.step for one in licence_life.history(connection, version.licence)] == [Step.ISSUE]


def test_two_officers_at_once_take_one_step(
    connection: Connection, vault: Vault, now: datetime, database_url: str
) -> None:
    version = published(connection, first(connection, vault, now), now)
    told: list[str] = []

    def cancel() -> None:
        own = connect(database_url)
        try:
            licence_life.take_step(own, vault, version.licence, Step.CANCEL, GROUNDS, now=now)
            told.append("taken")
        except StepRefused:
            told.append("refused")
        finally:
            own.close()

    threads = [threading.Thread(target=cancel) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["refused", "refused", "refused", "taken"]


def test_a_number_that_never_becomes_a_licence_is_void_and_says_why(
    connection: Connection, vault: Vault, now: datetime
) -> None:
    version = first(connection, vault, now)
    licence_life.take_step(connection, vault, version.licence, Step.VOID, GROUNDS, now=now)
    assert [one.state for one in licences.of_licence(connection, version.licence)] == ["dropped"]
    assert first(connection, vault, now, "b").sequence == 2
    assert [(one["step"], one["identifier"]) for one in entries(connection)] == [("void", None)]


@pytest.mark.parametrize("statement", ["update register_entry set at = now()", "delete from licence_step"])
def test_register_and_steps_take_no_change(connection: Connection, statement: str) -> None:
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"), transaction(connection) as cursor:
        cursor.execute(statement)
