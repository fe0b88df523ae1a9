"""Every package is in the catalogue with it, under whom it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archive.reading import read_case
from hub.catalogue import HolderUntold, file_older, holder_of, name_key
from hub.context import Hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from store import archive_packages, archive_parties, volumes
from store.archive_parties import Identity, NumberOfAnother
from store.connection import fetch_all, transaction


@pytest.fixture
def packed(ready: Hub) -> list[str]:
    """Two packages of the demo's approvals."""
    issue_all(ready, decide(ready).to_issue[:2])
    return deposit_all(ready)


def test_a_package_is_filed_with_its_deposit(ready: Hub, packed: list[str]) -> None:
    for file_no in packed:
        filed = archive_packages.by_file_no(ready.connection, file_no)
        assert filed is not None
        case = read_case((ready.settings.home / filed.path).read_bytes())
        assert (filed.project_no, filed.item_name, filed.outcome) == (case.project_no, case.item_name, "准予")
        assert (filed.stage, filed.decided_on, filed.retention) == ("设立", case.decided, case.retention.period.value)
        holder = holder_of(case)
        assert archive_parties.party_of(ready.connection, ready.subject(holder.kind, holder.value)) == filed.party
        assert filed in [one.filed for one in volumes.shelved(ready.connection, [filed.party])]


def test_a_company_is_named_and_a_person_is_not(ready: Hub, packed: list[str]) -> None:
    for file_no in packed:
        filed = archive_packages.by_file_no(ready.connection, file_no)
        assert filed is not None
        case = read_case((ready.settings.home / filed.path).read_bytes())
        (name,) = archive_parties.names(ready.connection, filed.party)
        assert name.key == name_key(ready, f" {case.applicant_name} ")
        assert name.name == (case.applicant_name if holder_of(case).kind == "company" else None)


def test_packages_of_an_earlier_release_are_filed_once(ready: Hub, packed: list[str]) -> None:
    before = [archive_packages.by_file_no(ready.connection, file_no) for file_no in packed]
    with transaction(ready.connection) as cursor:
        cursor.execute("delete from archive_record")
    gone = archive_packages.unfiled(ready.connection)[0]
    (ready.settings.home / gone.path).rename(ready.settings.home / "away.zip")
    assert file_older(ready) == (1, 1), "what cannot be read is counted and left"
    (ready.settings.home / "away.zip").rename(ready.settings.home / gone.path)
    assert file_older(ready) == (1, 0)
    assert file_older(ready) == (0, 0)
    assert [archive_packages.by_file_no(ready.connection, file_no) for file_no in packed] == before


def test_a_package_that_tells_nobody_is_not_filed(ready: Hub, packed: list[str]) -> None:
    filed = archive_packages.by_file_no(ready.connection, packed[0])
    assert filed is not None
    case = read_case((ready.settings.home / filed.path).read_bytes())
    with pytest.raises(HolderUntold):
        holder_of(replace(case, folders=case.folders[1:]))


def test_a_number_belongs_to_one_party(hub: Hub) -> None:
    day = hub.clock.now().date()

    def identity(number: str, kind: str = "company") -> Identity:
        return Identity(hub.subject(kind, number), kind, day, "测试")

    with transaction(hub.connection) as cursor:
        one = archive_parties.hold(cursor, identity("91420112MA4K000005"))
        other = archive_parties.hold(cursor, identity("91420112MA4K000013"))
        archive_parties.join(cursor, one, identity("420112000000001", "registration_number"))
        archive_parties.join(cursor, one, identity("420112000000001", "registration_number"))
        with pytest.raises(NumberOfAnother):
            archive_parties.join(cursor, other, identity("420112000000001", "registration_number"))
        assert archive_parties.hold(cursor, identity("420112000000001", "registration_number")) == one
    assert [one.kind for one in archive_parties.identities(hub.connection, one)] == ["company", "registration_number"]


def test_no_name_of_a_person_stands_in_the_catalogue(ready: Hub, packed: list[str]) -> None:
    persons = fetch_all(
        ready.connection,
        "select n.name, n.folded from archive_name n join archive_party p on p.id = n.party where p.kind = 'citizen'",
    )
    assert all(name is None and flat is None for name, flat in persons)
