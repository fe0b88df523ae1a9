"""Stamps over the logs are made anew before what is behind the last one ends, and what was not is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub import evidence_renewal, holdings
from hub.context import Hub
from hub.evidence_due import Standing, standing
from hub.evidence_renewal import EvidenceEnds, EvidenceUnset
from hub.kept_logs import NAMES
from hub.renewals import RenewalRefused
from signing.errors import TimestampUnavailable
from store import log_renewals
from store.archive_entries import append
from store.connection import transaction
from store.merkle_log import LogShrunk
from tests.hub.logs import superuser_of
from tests.hub.renewed_world import LOG, YEAR, Traveller, travelling
from tests.preparing import demo_keys


def enter(hub: Hub, name: str) -> None:
    with transaction(hub.connection) as cursor:
        append(cursor, file_no=name, sm3=b"1" * 32, sha256=b"2" * 32, size=1, now=hub.clock.now())


def due(hub: Hub) -> list[Standing]:
    return [one for one in (standing(hub, log) for log in NAMES) if one.due]


@pytest.fixture
def world(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traveller]:
    demo_keys(hub.settings, hub.clock)
    enter(hub, "first")
    with travelling(hub, tmp_path, monkeypatch) as traveller:
        yield traveller


def test_a_log_is_renewed_at_first_then_yearly_and_before_the_certificate_ends(world: Traveller) -> None:
    world.authority(days=800)
    world.seal()
    assert [one.log for one in due(world.hub)] == [LOG]
    made = world.renew().renewal
    assert made is not None and made.number == 0 and made.stamp_sha256 is not None
    assert due(world.hub) == []
    assert world.renew().renewal is None
    world.go(timedelta(days=364))
    assert due(world.hub) == []
    world.go(timedelta(days=1))
    enter(world.hub, "second")
    world.seal()
    assert world.renew().renewal is not None
    world.go(timedelta(days=346))  # 711: 89 days before it ends
    (told,) = due(world.hub)
    assert "ends on" in told.why
    assert "no later" in world.renew().note, "the same certificate proves no longer"
    world.authority(days=800)
    assert world.renew().renewal is not None
    assert [one.number for one in log_renewals.every(world.hub.connection, LOG)] == [0, 1, 2]
    files = sorted(path.name for path in (world.hub.settings.home / "log" / LOG).glob("*.renewal.json"))
    assert files == [f"{number:08d}.renewal.json" for number in range(3)]
    assert holdings.KEPT.verify(world.hub).sound


def test_an_authority_that_has_no_newer_certificate_is_an_error_weeks_before_the_end(world: Traveller) -> None:
    world.authority(days=200)
    world.seal()
    world.renew()
    world.go(timedelta(days=180))
    with pytest.raises(EvidenceEnds, match="20 days are left"):
        world.renew()
    assert len(log_renewals.every(world.hub.connection, LOG)) == 1


def test_a_chain_that_ended_goes_on_only_when_told_to_and_says_so(world: Traveller) -> None:
    world.authority(days=200)
    world.seal()
    world.renew()
    world.go(timedelta(days=201))
    world.authority(days=800)
    assert standing(world.hub, LOG).ended
    with pytest.raises(EvidenceEnds, match="--after-gap"):
        world.renew()
    made = world.renew(after_gap=True).renewal
    assert made is not None
    assert b'"gap":"2027-06-08T' in made.statement
    assert not standing(world.hub, LOG).ended


def test_nothing_changes_while_the_authority_is_away_or_not_trusted(world: Traveller) -> None:
    world.authority(days=800)
    world.seal()
    world.renew()
    world.go(YEAR)
    url = world.url
    world.configure("http://127.0.0.1:1/tsa")
    with pytest.raises(TimestampUnavailable, match="earlier stamps stay"):
        world.renew()
    world.configure(url)
    for file in world.trust:
        file.unlink()
    with pytest.raises(EvidenceUnset, match="keys/trust"):
        world.renew()
    (world.hub.settings.keys / "press.toml").unlink()
    assert due(world.hub) == [], "nobody could stamp: that is no failure of each day"
    with pytest.raises(EvidenceUnset, match=r"\[timestamp\]"):
        world.renew(force=True)
    assert len(log_renewals.every(world.hub.connection, LOG)) == 1


@pytest.mark.parametrize("step", ["statement.made", "statement.stamped", "renewal.stored", "files.written"])
def test_killed_at_any_step_the_next_run_goes_on(world: Traveller, step: str) -> None:
    class Killed(BaseException):
        pass

    def die(done: str) -> None:
        if done == step:
            raise Killed

    world.authority(days=800)
    world.seal()
    with pytest.raises(Killed):
        evidence_renewal.renew(world.hub, LOG, on_step=die)
    world.renew()
    assert [one.number for one in log_renewals.every(world.hub.connection, LOG)] == [0]
    assert (world.hub.settings.home / "log" / LOG / "00000000.renewal.json").is_file()
    assert holdings.KEPT.verify(world.hub).sound


def test_what_was_changed_behind_a_renewal_is_found_and_nothing_is_stamped_over_it(
    world: Traveller, postgres_url: str
) -> None:
    """One world for all of them, each undone after it."""
    world.authority(days=800)
    world.seal()
    world.renew()
    world.go(YEAR)
    world.seal()
    world.renew()
    hub, by = world.hub, superuser_of(world.hub, postgres_url)
    folder = hub.settings.home / "log" / LOG
    spare = "create table kept_{0} as table {0}".format
    for table in ("log_renewal", "log_head", "archive_entry"):
        by.run(spare(table))
    changes = {
        "a head's stamp": "update log_head set stamp = (select stamp from log_head where number = 1) where number = 0",
        "a renewal's stamp": "update log_renewal set stamp = (select stamp from log_renewal where number = 1) "
        "where number = 0",
        "a renewal is gone": "delete from log_renewal where number = 0",
        "the last renewal is gone": "delete from log_renewal where number = 1",
        "renewals are in each other's place": "update log_renewal set number = 3 - number; "
        "update log_renewal set number = number - 2",
        "an entry": "update archive_entry set body = convert_to(convert_from(body, 'UTF8') || ' ', 'UTF8')",
    }
    for name, statement in changes.items():
        by.run(statement)
        assert not holdings.KEPT.verify(hub).sound, name
        if name != "an entry":  # that one lies under the last renewal already
            with pytest.raises(RenewalRefused):
                world.renew(force=True)
        for table in ("log_renewal", "log_head", "archive_entry"):
            with by.at_work() as cursor:
                cursor.execute(f"delete from {table}")
                cursor.execute(f"insert into {table} select * from kept_{table}")
        assert holdings.KEPT.verify(hub).sound, name
    file = folder / "00000001.renewal.json"
    file.chmod(0o644)
    file.write_text((folder / "00000000.renewal.json").read_text())
    assert "file" in holdings.KEPT.verify(hub).counts
    enter(hub, "second")
    world.seal()
    file.unlink()
    by.run("update archive_entry set body = convert_to(convert_from(body, 'UTF8') || ' ', 'UTF8') "
           "where file_no = 'second'")  # fmt: skip
    with pytest.raises(LogShrunk):
        world.renew(force=True)
