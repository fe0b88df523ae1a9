"""Keys are replaced while another process collects and looks things up, and neither notices the other."""

from __future__ import annotations

import json
import multiprocessing
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub import keys
from hub.access import Access
from hub.ages import Ages
from hub.answer import Answer
from hub.caller import operator
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.lookup import lookup
from hub.means import Means
from hub.quarantine import entries
from schemas.judge import restore
from store import data_keys, quarantine, raw_pages, records, resealing
from store.connection import fetch_all, transaction
from store.errors import DataKeyRetired, KeysBusy, RowsHeld
from tests.departments import Departments
from tests.hub.conftest import NOON

_FORK = multiprocessing.get_context("fork")
FOOD = "11420112MB0000000M3000199003000"
COMPANIES = "market.company"


def ask(hub: Hub, number: str) -> Answer:
    """What is stored for one item, asked by the operator."""
    means = Means(Access.open(hub.settings), Ages())
    return lookup(hub, caller=operator(), item=FOOD, identifier=number, purpose="acceptance", means=means)


def everything(hub: Hub) -> dict[str, list[Any]]:
    """Every sealed value there is, opened."""
    resources = [key.resource for key in data_keys.every(hub.connection) if key.current]
    return {
        "records": [row for name in resources for row in records.of_resource(hub.connection, hub.vault, name)],
        "pages": [
            raw_pages.load(hub.connection, hub.vault, name, bytes(sm3)).body
            for name, sm3 in fetch_all(hub.connection, "select resource, sm3 from raw_page order by 1, 2")
        ],
        "quarantine": [
            quarantine.open_content(hub.connection, hub.vault, entry.id).raw
            for entry in entries(hub, resource=None, state=None, limit=100_000)
        ],
        "history": [
            hub.vault.open_sealed(name, bytes(key), payload)
            for name, key, payload in fetch_all(hub.connection, "select resource, key, payload from record_history")
        ],
    }


def busy(settings: Settings, source: Path, code: str, pipe: Pipe) -> None:
    """Another process: changes the source, collects it, looks a company up, until it is told to stop."""
    rounds = 0
    lines = source.read_text(encoding="utf-8").splitlines()
    changing = source.with_name("changing.csv")
    try:
        with open_hub(settings, FixedClock(NOON)) as hub:
            while not pipe.poll():
                # Every row changes in every round, so each has a new version and a row of history.
                text = [
                    lines[0],
                    *(line.replace("武汉市东西湖区", f"武汉市东西湖区{rounds}里", 1) for line in lines[1:]),
                ]
                changing.write_text("\n".join(text), encoding="utf-8")
                try:
                    collect(hub, COMPANIES, file=changing)
                    collect(hub, "hr.insurance", from_start=True)
                except DataKeyRetired:
                    # Its key was dropped between two of its steps: nothing was written, and it is to be run again,
                    # as Airflow does.
                    continue
                answer = ask(hub, code)
                assert any(material.facts for material in answer.materials)
                rounds += 1
        pipe.send(rounds)
    except BaseException as error:
        pipe.send(repr(error))
        raise


@pytest.fixture
def source(departments: Departments) -> Path:
    return Path(departments.ready["market"]["file"])


@pytest.fixture
def code(hub: Hub, departments: Departments) -> str:
    """A company of whom a lookup shows something; two resources and what they set aside are in the store."""
    departments.write_sources(hub.settings.sources_file)
    for resource in ("tax.registration", "hr.insurance"):
        collect(hub, resource)
    for stored in records.of_resource(hub.connection, hub.vault, "tax.registration"):
        registration: Any = restore("tax.registration", stored.payload)
        found = str(registration.credit_code.text)
        answer = ask(hub, found)
        if any(material.facts for material in answer.materials):
            return found
    raise AssertionError("no company of the sandbox has a fact to show")


def test_keys_are_replaced_while_another_process_reads_and_writes(
    hub: Hub, settings: Settings, source: Path, code: str
) -> None:
    ours, theirs = _FORK.Pipe()
    process = _FORK.Process(target=busy, args=(settings, source, code, theirs))
    process.start()
    try:
        deadline = time.monotonic() + 60
        while not fetch_all(hub.connection, "select from record_history where resource = %s limit 1", (COMPANIES,)):
            assert process.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for turn in range(2, 6):
            done = keys.rotate(hub)
            assert done.unopened == 0
            assert {done.numbers[name] for name in (COMPANIES, "tax.registration", "hr.insurance")} == {turn}
            assert keys.rotate_kek(hub).wrapped >= 3
            assert keys.retire(hub, keks=True).in_use == (), (
                "nothing is left under an old number, and nobody adds to it"
            )
            time.sleep(0.3)
        ours.send("stop")
        process.join(60)
    finally:
        process.kill()
    rounds = ours.recv()
    assert isinstance(rounds, int), rounds
    assert process.exitcode == 0
    assert rounds > 4, "the other process did work meanwhile"
    assert {number for _, number in resealing.counts(hub.connection)} == {5}
    fresh = {key.resource: key.number for key in data_keys.every(hub.connection)}
    assert set(fresh.values()) == {5}
    with open_hub(settings, FixedClock(NOON)) as again:
        opened = everything(again)
    assert all(opened.values())
    assert len(opened["history"]) > 100


def test_the_list_shows_numbers_ages_and_counts_and_no_secret(hub: Hub, settings: Settings, code: str) -> None:
    keys.rotate(hub, resource="hr.insurance")
    keys.rotate_kek(hub)
    told = keys.listed(hub).to_dict()
    numbers = {(one["resource"], one["number"]): one for one in told["data_keys"]}
    assert set(numbers) == {("hr.insurance", 1), ("hr.insurance", 2), ("tax.registration", 1)}
    assert numbers["hr.insurance", 1]["sealed"] == 0
    assert numbers["hr.insurance", 1]["state"] == "old"
    rows = fetch_all(hub.connection, "select count(*) from record where resource = 'tax.registration'")[0][0]
    assert numbers["tax.registration", 1]["sealed"] > rows
    assert [(one["state"], one["wraps"]) for one in sorted(told["keks"], key=lambda one: -one["wraps"])] == [
        ("in use", 3),
        ("retired", 0),
    ]
    text = json.dumps(told)
    secrets = [path.read_text().strip() for path in settings.keys.iterdir()]
    secrets += [bytes(row[0]).hex() for row in fetch_all(hub.connection, "select wrapped from data_key")]
    assert not any(secret in text for secret in secrets)


def test_a_rotation_of_one_resource_leaves_the_others(hub: Hub, code: str) -> None:
    before = everything(hub)
    done = keys.rotate(hub, resource="tax.registration")
    assert done.numbers == {"tax.registration": 2}
    assert set(resealing.counts(hub.connection)) == {("hr.insurance", 1), ("tax.registration", 2)}
    assert everything(hub) == before


def test_a_resource_nothing_was_sealed_for_is_told(hub: Hub, code: str) -> None:
    for verb in (keys.rotate, keys.retire):
        with pytest.raises(keys.NoSuchDataKey, match=r"civil\.marriage"):
            verb(hub, resource="civil.marriage")


def test_a_key_with_rows_left_is_not_dropped(hub: Hub, code: str) -> None:
    with data_keys.only_keeper(hub.connection):
        rotation = data_keys.begin_or_resume(hub.connection, "hr.insurance")
        data_keys.replace(hub.connection, hub.vault, rotation, "hr.insurance")
    done = keys.retire(hub)
    assert (done.dropped, done.in_use) == ((), (("hr.insurance", 1),))
    assert keys.rotate(hub, resource="hr.insurance").resumed
    assert keys.retire(hub).dropped == (("hr.insurance", 1),)


def test_two_rotations_at_once_take_turns(hub: Hub, settings: Settings, code: str) -> None:
    with open_hub(settings) as other, data_keys.only_keeper(other.connection):
        for verb in (keys.rotate, keys.rotate_kek, keys.retire, keys.make_next_kek):
            with pytest.raises(KeysBusy):
                verb(hub)


def test_rows_that_are_held_for_ever_are_told_and_taken_by_the_next_run(
    hub: Hub, settings: Settings, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_WALKS", 2)
    monkeypatch.setattr(keys, "_PAUSE", 0.0)
    with open_hub(settings) as other, transaction(other.connection) as cursor:
        cursor.execute("select from quarantine where resource = 'hr.insurance' for update")
        with pytest.raises(RowsHeld, match="Run `hub keys rotate` again"):
            keys.rotate(hub)
    done = keys.rotate(hub)
    assert done.resumed
    assert set(done.numbers.values()) == {2}
    assert resealing.stale(hub.connection, None) == 0


def test_a_kek_that_lies_ready_on_every_machine_is_the_one_taken_into_use(hub: Hub, code: str) -> None:
    ready = keys.make_next_kek(hub)
    assert keys.make_next_kek(hub) == ready
    assert keys.rotate_kek(hub).kek == ready
