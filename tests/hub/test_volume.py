"""A holder's archive is one ordered volume, over its numbers, its names and those it followed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from archive.stages import VolumePart
from documents.package import Package
from documents.reader import Reader
from hub.catalogue import name_key
from hub.context import Hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.verify import verify_file
from hub.volume import NobodyFiled, Volume, volume_of
from hub.volume_out import seal_inventory
from schemas.names import folded
from schemas.records.base import Subject
from store import archive_packages, archive_parties
from store.archive_packages import Filed
from store.archive_parties import Identity, Name, Succession
from store.connection import transaction
from tests.hub.conftest import NOON

FOUNDED = date(2020, 5, 1)
OTHER = "91420112MA4K000005"


@pytest.fixture
def filed(ready: Hub) -> list[Filed]:
    """Three packages of the demo's approvals, made one company's: a hub of its own is dear, a row is not."""
    issue_all(ready, decide(ready).to_issue[:3])
    numbers = deposit_all(ready)
    with transaction(ready.connection) as cursor:
        party = archive_parties.hold(cursor, _identity(ready, OTHER))
        archive_parties.name(cursor, party, _name(ready, "测试餐饮有限公司"))
        cursor.execute("update archive_record set party = %s", (party,))
    return [one for number in numbers if (one := archive_packages.by_file_no(ready.connection, number)) is not None]


def _identity(hub: Hub, number: str, kind: str = "company") -> Identity:
    return Identity(hub.subject(kind, number), kind, FOUNDED, "测试")


def _name(hub: Hub, name: str) -> Name:
    return Name(name_key(hub, name), name, folded(name), FOUNDED)


def _of(hub: Hub) -> Volume:
    return volume_of(hub, Subject("company", OTHER))


def test_entries_stand_by_part_then_day_then_number(ready: Hub, filed: list[Filed]) -> None:
    early, late, ended = filed
    with transaction(ready.connection) as cursor:
        cursor.execute("update archive_record set stage = '注销', decided_on = '2021-01-01' where file_no = %s",
                       (ended.file_no,))  # fmt: skip
        cursor.execute("update archive_record set decided_on = '2021-01-02' where file_no = %s", (late.file_no,))
    volume = _of(ready)
    assert [(one.place, one.file_no, one.part) for one in volume.entries] == [
        (1, late.file_no, "设立"), (2, early.file_no, "设立"), (3, ended.file_no, "注销"),
    ]  # fmt: skip
    assert list(volume.by_part) == [part.value for part in VolumePart]
    assert (volume.by_part["设立"], volume.by_part["注销"], volume.by_part["变更"]) == (2, 1, 0)
    assert volume.bytes == sum((ready.settings.home / one.path).stat().st_size for one in volume.entries)
    assert all((one.verdict, one.licence_version) == ("valid", 1) for one in volume.entries)
    assert not any(one.inherited for one in volume.entries)


def test_a_number_is_told_to_whoever_typed_it_and_to_nobody_else(ready: Hub, filed: list[Filed]) -> None:
    typed, by_party = _of(ready), volume_of(ready, filed[0].party)
    assert (typed.number, by_party.number) == (OTHER, None)
    assert OTHER not in str(typed.to_dict())
    assert OTHER not in repr(typed)
    assert typed.name == "测试餐饮有限公司"


def test_what_went_before_belongs_to_the_volume_and_is_marked(ready: Hub, filed: list[Filed]) -> None:
    """Shop became company became company: the first two packages are of those before it."""
    with transaction(ready.connection) as cursor:
        shop = archive_parties.hold(cursor, _identity(ready, "92420112MA4K00001X"))
        firm = archive_parties.hold(cursor, _identity(ready, "91420112MA4K00002Y"))
        archive_parties.name(cursor, shop, _name(ready, "测试小店"))
        for party, one in zip((shop, firm), filed, strict=False):
            cursor.execute("update archive_record set party = %s where file_no = %s", (party, one.file_no))
        archive_parties.succeed(cursor, Succession(shop, firm, "个转企", date(2022, 1, 1), "测试"))
        archive_parties.succeed(cursor, Succession(firm, filed[0].party, "合并", date(2023, 1, 1), "测试"))
    volume = _of(ready)
    assert {one.file_no: one.inherited for one in volume.entries} == {
        filed[0].file_no: True, filed[1].file_no: True, filed[2].file_no: False,
    }  # fmt: skip
    assert [(one.before, one.kind, one.names) for one in volume.follows] == [
        (True, "个转企", ("测试小店",)), (True, "合并", ()),
    ]  # fmt: skip
    earliest = volume_of(ready, shop)
    assert [one.file_no for one in earliest.entries] == [filed[0].file_no], "what came after is not its own"
    assert [(one.before, one.kind) for one in earliest.follows] == [(False, "个转企")]


def test_of_one_it_split_from_only_what_was_decided_by_then(ready: Hub, filed: list[Filed]) -> None:
    day = filed[0].decided_on
    with transaction(ready.connection) as cursor:
        parent = archive_parties.hold(cursor, _identity(ready, "91420112MA4K00003Z"))
        cursor.execute("update archive_record set party = %s where file_no = any(%s)",
                       (parent, [filed[0].file_no, filed[1].file_no]))  # fmt: skip
        cursor.execute("update archive_record set decided_on = %s where file_no = %s",
                       (day + timedelta(days=1), filed[1].file_no))  # fmt: skip
        archive_parties.succeed(cursor, Succession(parent, filed[2].party, "分立", day, "测试"))
    assert {one.file_no for one in _of(ready).entries} == {filed[0].file_no, filed[2].file_no}


def test_licences_stand_in_the_volume_as_they_are_today(ready: Hub, filed: list[Filed]) -> None:
    with transaction(ready.connection) as cursor:
        cursor.execute("update licence set holder = %s", (ready.subject("company", OTHER),))
    numbers = sorted(str(one.licence_number) for one in filed)
    assert [(one.number, one.status.value, one.inherited) for one in _of(ready).licences] == [
        (number, "valid", False) for number in numbers
    ]


def test_a_number_nobody_was_filed_under_is_refused_without_being_told(ready: Hub) -> None:
    with pytest.raises(NobodyFiled) as refused:
        volume_of(ready, Subject("company", "91420112MA4K00004W"))
    assert "91420112" not in str(refused.value)


def test_the_inventory_leaves_under_the_bureaus_seal_without_the_number(ready: Hub, filed: list[Filed]) -> None:
    sealed = seal_inventory(ready, _of(ready))
    report = verify_file(sealed.data, ready.settings, at=NOON)
    assert report.verdict.value == "valid", report.lines()
    words = "".join(Reader(Package.read(sealed.data)).page_text().values())
    assert "卷内文件目录" in words and "测试餐饮有限公司" in words
    assert all(one.file_no in words for one in filed)
    assert OTHER not in words and f"{OTHER[:6]}********{OTHER[-4:]}" in words
