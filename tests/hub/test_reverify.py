"""A licence that is not what was issued is found in the night, and its type stops until a person clears it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FixedClock
from hub import issuing_stops, reverify
from hub.approvals import Case, case_of, decide, result_of
from hub.context import Hub, open_hub
from hub.issue import issue_all
from hub.issuing_stops import IssuingStopped, NothingStopped
from hub.register import waiting_approvals
from hub.reverify import LicenceMalformed, ReverifyUndecided
from schemas.licence_life import Step
from store import licences
from store.connection import fetch_all
from store.reverify_runs import ReverifyBusy, only_run
from tests.hub.conftest import NOON


@pytest.fixture
def issued(ready: Hub) -> Hub:
    """Everything collected, and all first licences issued but for two."""
    issue_all(ready, unissued(ready)[:-2])
    return ready


def unissued(hub: Hub) -> list[str]:
    """Approvals of first licences that have none yet."""
    have = {row.approval for row in licences.every(hub.connection)}
    ready = [approval for approval in decide(hub).to_issue if approval not in have]
    return [approval for approval in ready if case(hub, approval).step is Step.ISSUE]


def case(hub: Hub, approval: str) -> Case:
    result = result_of(hub, approval)
    found = case_of(hub, result) if result else None
    assert isinstance(found, Case)
    return found


def spoil(hub: Hub, number: str) -> None:
    version = licences.by_number(hub.connection, number)
    assert version is not None and version.document_path is not None
    path = hub.settings.home / version.document_path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_what_is_good_is_found_good_and_the_next_run_begins_there(issued: Hub) -> None:
    count = len(licences.every(issued.connection))
    told: list[tuple[int, int]] = []
    first = reverify.reverify(issued, on_progress=lambda done, total: told.append((done, total)))
    assert (first.since, first.published, first.sampled, first.malformed) == (None, count, 0, ())
    assert told[0] == (0, count) and told[-1] == (count, count)
    later = Hub(issued.settings, FixedClock(NOON + timedelta(days=1)), issued.connection, issued.vault)
    assert reverify.reverify(later, share=0).checked == count  # the margin
    last = Hub(issued.settings, FixedClock(NOON + timedelta(days=2)), issued.connection, issued.vault)
    second = reverify.reverify(last, sample=3)
    assert (second.published, second.sampled) == (0, 3)
    with open_hub(issued.settings) as other, only_run(other.connection), pytest.raises(ReverifyBusy):
        reverify.reverify(issued)
    runs = fetch_all(issued.connection, "select outcome, to_check, checked from reverify_run order by id")
    assert runs == [("good", count, count), ("good", count, count), ("good", 3, 3)]


def test_a_changed_file_stops_its_type_until_a_person_clears_it_and_no_other(issued: Hub) -> None:
    left = unissued(issued)
    every = licences.every(issued.connection)
    kind = case(issued, left[0]).licence_type
    victim = next(row for row in every if row.licence_type == kind)
    spoil(issued, victim.number)
    with pytest.raises(LicenceMalformed, match="HUB-952 1 of") as said:
        reverify.reverify(issued)
    assert victim.number in str(said.value) and "HUB-708" in str(said.value)
    (stop,) = issuing_stops.standing(issued)
    assert (stop.licence_type, stop.number, stop.code) == (victim.licence_type, victim.number, "HUB-708")

    before = {row.approval for row in licences.every(issued.connection)}
    issue_all(issued, left)
    made = [row for row in licences.every(issued.connection) if row.approval not in before]
    assert victim.licence_type not in {row.licence_type for row in made}
    waiting = {row.approval: row.lines() for row in waiting_approvals(issued)}
    kept = [approval for approval in left if approval not in {row.approval for row in made}]
    assert kept and all("停止制发" in waiting[approval][0] for approval in kept)

    with pytest.raises(NothingStopped, match="HUB-956"):
        issuing_stops.clear(issued, "no-such-type", who="clerk", reason="x")
    assert issuing_stops.clear(issued, victim.licence_type, who="clerk", reason="disk replaced") == 1
    assert {one.approval for one in issue_all(issued, kept)} == set(kept)
    again = reverify.reverify(issued)  # still changed, and somebody has decided on it
    assert [(one.number, one.known) for one in again.malformed] == [(victim.number, True)]
    assert issuing_stops.standing(issued) == []
    (cleared,) = issuing_stops.listed(issued)
    assert (cleared.cleared_by, cleared.reason, cleared.cleared_at) == ("clerk", "disk replaced", NOON)


def test_a_number_reserved_before_the_stop_is_not_sealed_either(issued: Hub) -> None:
    approval = unissued(issued)[0]

    def die(step: str) -> None:
        if step == "licence.drawn":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        issue_all(issued, [approval], die)
    version = licences.by_approval(issued.connection, approval)
    assert version is not None and version.state == "reserved"
    victim = next(
        row for row in licences.every(issued.connection)
        if row.licence_type == version.licence_type and row.state != "reserved"
    )  # fmt: skip
    spoil(issued, victim.number)
    with pytest.raises(LicenceMalformed):
        reverify.reverify(issued)
    assert issue_all(issued, [approval]) == []
    with pytest.raises(IssuingStopped, match=victim.number):
        issuing_stops.demand_open(issued, version.licence_type)
    issuing_stops.clear(issued, version.licence_type, who="clerk", reason="looked at")
    (done,) = issue_all(issued, [approval])
    assert done.number == version.number


def test_where_nothing_can_be_said_the_run_is_not_good_and_nothing_stops_and_another_seal_stops(issued: Hub) -> None:
    away = [anchor.rename(anchor.with_suffix(".away")) for anchor in (issued.settings.keys / "demo").glob("*-cert.pem")]
    with pytest.raises(ReverifyUndecided, match="nothing can be said"):
        reverify.reverify(issued)
    assert issuing_stops.standing(issued) == []
    assert fetch_all(issued.connection, "select outcome from reverify_run") == [("undecided",)]
    for anchor in away:
        anchor.rename(anchor.with_suffix(".pem"))

    # sealed by another seal than the register says
    with issued.connection, issued.connection.cursor() as cursor:
        cursor.execute("alter table seal disable trigger user")
        cursor.execute("update seal set es_id = '42011200000099'")
    with pytest.raises(LicenceMalformed, match=r"\(\w+\)"):
        reverify.reverify(issued)


def test_many_are_verified_by_two_processes_with_the_same_findings(
    issued: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(issued, licences.every(issued.connection)[1].number)
    monkeypatch.setattr(reverify, "_POOLED_FROM", 1)
    monkeypatch.setattr(reverify, "_CHUNK", 2)
    with pytest.raises(LicenceMalformed, match="1 of"):
        reverify.reverify(issued)
    run = reverify.newest(issued)
    assert run is not None and (run.checked, run.malformed) == (len(licences.every(issued.connection)), 1)
