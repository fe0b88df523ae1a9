"""A holder is one party over its life: old numbers, former names and whom it followed."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.port import RawRecord
from connectors.registry import declaration
from hub.caller import Caller, CallerKind, operator
from hub.context import Hub
from hub.judging import judge_row
from hub.parties import Linked, link, link_all
from hub.successions import ArchivistNeeded, SuccessionKind, SuccessionRefused, enter, take_back
from hub.volume import NobodyFiled, volume_of
from sandbox.numbers import credit_code
from schemas.records.base import Subject
from store import archive_parties, batches, party_joins
from store.archive_parties import Identity, NumberOfAnother
from store.connection import fetch_all, transaction
from store.landing import JudgedPage, land_page
from store.versions import GoodRow

FOUNDED = date(2012, 3, 1)
OLD = "420112000000001"
FIRM, SHOP, THIRD = (credit_code(kind, "420112", f"MA4K0000{n}") for kind, n in (("91", 1), ("92", 2), ("91", 3)))


def _company(number: str) -> Subject:
    return Subject("company", number)


def _filed(hub: Hub, *subjects: Subject) -> list[str]:
    """A party for each, as a package makes it."""
    with transaction(hub.connection) as cursor:
        return [
            archive_parties.hold(cursor, Identity(hub.subject(one.kind, one.value), one.kind, FOUNDED, "测试"))
            for one in subjects
        ]


def _register(hub: Hub, entity: str, name: str, code: str | None = FIRM, number: str | None = OLD) -> None:
    """What the market's register says from now on of one entity."""
    row = {
        "pripid": entity, "uniscid": code, "regno": number, "entname": name, "estdate": FOUNDED.isoformat(),
        "regstate": "1", "apprdate": "2016-05-06" if name.startswith("新") else None,
    }  # fmt: skip
    good, _ = judge_row(hub, declaration("market.entity"), RawRecord(0, row, b"{}"))
    assert isinstance(good, GoodRow), good
    batch = batches.begin_or_resume(hub.connection, "market.entity")
    page = JudgedPage(number=1, page_sm3=name.encode().ljust(32)[:32], good=[good], bad=[])
    land_page(hub.connection, hub.vault, batch, page, expected_position=batch.position,
              next_position={"page": name + entity}, now=hub.clock.now())  # fmt: skip


def test_the_register_gives_a_party_its_old_numbers_and_former_names(hub: Hub) -> None:
    _register(hub, "1", "旧名（武汉）有限公司")
    _register(hub, "1", "新名（武汉）有限公司")
    (party,) = _filed(hub, _company(FIRM))
    linked = link(hub, _company(FIRM))
    assert (linked.numbers, linked.names) == (2, 2), "registration number and organisation code"
    volume = volume_of(hub, Subject("registration_number", OLD))
    assert (volume.party, volume.number) == (party, OLD)
    assert volume_of(hub, Subject("organisation_code", FIRM[8:17])).party == party
    assert {(one.name, one.since) for one in volume.names} == {
        ("旧名（武汉）有限公司", hub.clock.now().date()), ("新名（武汉）有限公司", date(2016, 5, 6)),
    }  # fmt: skip
    assert {one.kind: one.since for one in volume.numbers}["registration_number"] == FOUNDED
    assert link_all(hub) == Linked(parties=1), "a second time there is nothing left"


@pytest.mark.parametrize("first", ["old", "company"])
def test_what_was_filed_under_an_old_number_alone_comes_to_the_company(hub: Hub, first: str) -> None:
    old, firm = _filed(hub, Subject("registration_number", OLD), _company(FIRM))
    _register(hub, "1", "旧名（武汉）有限公司")
    linked = link(hub, Subject("registration_number", OLD)) if first == "old" else link(hub, _company(FIRM))
    assert (linked.joined, linked.of_another, linked.ambiguous) == (1, 0, 0)
    assert volume_of(hub, Subject("registration_number", OLD)).party == firm
    assert volume_of(hub, old).party == firm, "who kept the old id finds the same"
    assert archive_parties.organisations(hub.connection) == [firm]
    assert volume_of(hub, firm).name == "旧名（武汉）有限公司"


def test_a_company_known_by_an_old_number_only_is_found_by_its_credit_code(hub: Hub) -> None:
    (old,) = _filed(hub, Subject("registration_number", OLD))
    with pytest.raises(NobodyFiled):
        volume_of(hub, _company(FIRM))
    _register(hub, "1", "旧名（武汉）有限公司")
    link(hub, Subject("registration_number", OLD))
    assert volume_of(hub, _company(FIRM)).party == old


def test_an_old_number_of_two_companies_is_joined_to_neither(hub: Hub) -> None:
    _filed(hub, _company(FIRM), _company(THIRD), Subject("registration_number", OLD))
    _register(hub, "1", "旧名（武汉）有限公司")
    _register(hub, "2", "另一（武汉）有限公司", code=THIRD)
    linked = link_all(hub)
    assert linked.ambiguous == 3, "seen from each of the three"
    assert linked.joined == 0
    assert len(archive_parties.organisations(hub.connection)) == 3


def test_two_companies_never_become_one(hub: Hub) -> None:
    firm, third = _filed(hub, _company(FIRM), _company(THIRD))
    with transaction(hub.connection) as cursor, pytest.raises(NumberOfAnother):
        party_joins.absorb(cursor, firm, third)


def _enter(hub: Hub, earlier: str, later: str, kind: str, day: date, caller: Caller | None = None) -> None:
    enter(hub, _company(earlier), _company(later), SuccessionKind(kind), day, "某通知（测试）", caller or operator())


def test_a_succession_is_entered_once_and_logged_about_both(hub: Hub) -> None:
    shop, firm = _filed(hub, _company(SHOP), _company(FIRM))
    for _ in range(2):
        _enter(hub, SHOP, FIRM, "个转企", date(2020, 1, 1))
    assert [(one.party, one.before) for one in volume_of(hub, firm).follows] == [(shop, True)]
    about = fetch_all(hub.connection, "select subject from audit_about")
    assert {bytes(row[0]) for row in about} == {hub.subject("company", number) for number in (SHOP, FIRM)}


@pytest.mark.parametrize(
    ("earlier", "later", "kind", "day", "why"),
    [
        (FIRM, SHOP, "合并", date(2021, 1, 1), "circle"),
        (THIRD, SHOP, "合并", date(2021, 1, 1), "circle"),
        (SHOP, THIRD, "合并", date(2020, 6, 1), "went over"),
        (SHOP, FIRM, "个转企", date(2020, 1, 2), "there already"),
        (FIRM, FIRM, "合并", date(2021, 1, 1), "one party"),
        (FIRM, THIRD, "合并", date(2030, 1, 1), "not come"),
        (credit_code("91", "420112", "MA4K00007"), FIRM, "合并", date(2023, 1, 1), "ended on"),
        (credit_code("91", "420112", "MA4K00008"), credit_code("91", "420112", "MA4K00009"), "合并",
         date(2021, 1, 1), "either"),
    ],
)  # fmt: skip
def test_a_succession_that_contradicts_is_refused(
    hub: Hub, earlier: str, later: str, kind: str, day: date, why: str
) -> None:
    _filed(hub, _company(SHOP), _company(FIRM), _company(THIRD))
    _enter(hub, SHOP, FIRM, "个转企", date(2020, 1, 1))
    _enter(hub, FIRM, THIRD, "合并", date(2022, 1, 1))
    before = fetch_all(hub.connection, "select * from archive_succession union all select * from archive_succession")
    with pytest.raises(SuccessionRefused, match=why) as refused:
        _enter(hub, earlier, later, kind, day)
    assert not any(number in str(refused.value) for number in (FIRM, SHOP, THIRD))
    assert (
        fetch_all(hub.connection, "select * from archive_succession union all select * from archive_succession")
        == before
    )


def test_one_that_was_entered_wrongly_is_struck_out_with_its_reason_and_may_be_entered_rightly(hub: Hub) -> None:
    _, firm = _filed(hub, _company(SHOP), _company(FIRM))
    with pytest.raises(SuccessionRefused, match="none is entered"):
        take_back(hub, _company(SHOP), _company(FIRM), "误登（测试）", operator())
    _enter(hub, SHOP, FIRM, "个转企", date(2020, 1, 1))
    with pytest.raises(SuccessionRefused, match="none is entered"):
        take_back(hub, _company(FIRM), _company(SHOP), "误登（测试）", operator())
    struck = take_back(hub, _company(SHOP), _company(FIRM), "误登（测试）", operator())
    assert (struck.kind, struck.happened_on) == ("个转企", date(2020, 1, 1))
    assert volume_of(hub, firm).follows == []
    assert len(fetch_all(hub.connection, "select 1 from audit_about")) == 4
    _enter(hub, SHOP, FIRM, "合并", date(2020, 1, 2))
    assert [one.kind for one in volume_of(hub, firm).follows] == ["合并"]


def test_only_an_archivist_enters_one_or_strikes_it_out(hub: Hub) -> None:
    _filed(hub, _company(SHOP), _company(FIRM))
    clerk = Caller(CallerKind.CLERK, "c", "窗口", "bureau", "审批局", roles=frozenset({"clerk"}))
    with pytest.raises(ArchivistNeeded):
        _enter(hub, SHOP, FIRM, "个转企", date(2020, 1, 1), clerk)
    _enter(hub, SHOP, FIRM, "个转企", date(2020, 1, 1))
    with pytest.raises(ArchivistNeeded):
        take_back(hub, _company(SHOP), _company(FIRM), "误登（测试）", clerk)
