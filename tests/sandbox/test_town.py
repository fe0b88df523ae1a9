"""The same people and organisations everywhere: households, births, houses, funds, the platform and the register."""

from __future__ import annotations

from collections import defaultdict

import pytest

from sandbox import dataset
from sandbox.rows import Row

Fields = dict[str, str | None]


def _clean(demo: dataset.Dataset, resource: str) -> list[Fields]:
    return [row.fields for row in demo.rows[resource] if row.dirt is None and row.operation != "D"]


def _people(demo: dataset.Dataset) -> dict[str | None, str | None]:
    """Number and name of everybody in clean rows of marriages and insurance."""
    found = {row["zjhm"]: row["xm"] for row in _clean(demo, "hr.insurance")}
    for side in ("man", "woman"):
        found |= {row[f"cert_num_{side}"]: row[f"name_{side}"] for row in _clean(demo, "civil.marriage")}
    return found


def _still_married(demo: dataset.Dataset) -> set[tuple[str | None, str | None]]:
    """Couples by civil affairs' latest word: nobody divorced, nothing withdrawn."""
    apart: set[str] = set()
    couples: dict[str, tuple[str | None, str | None]] = {}
    divorced: set[tuple[str | None, str | None]] = set()
    for row in demo.rows["civil.marriage"]:
        pair = (row.fields["cert_num_man"], row.fields["cert_num_woman"])
        if row.operation == "D":
            apart.add(row.key)
        elif row.fields["op_type"] == "IB":
            divorced.add(pair)
        else:
            couples.setdefault(row.key, pair)
    return {pair for key, pair in couples.items() if key not in apart} - divorced


def _households(demo: dataset.Dataset) -> dict[str | None, list[Fields]]:
    homes: dict[str | None, list[Fields]] = defaultdict(list)
    for row in demo.rows["police.household"]:
        if row.operation == "I":
            homes[row.fields["hh"]].append(row.fields)
    return homes


def test_a_household_holds_a_couple_of_civil_affairs_and_their_children(demo: dataset.Dataset) -> None:
    married = _still_married(demo)
    wedded = {row["cert_num_man"] for row in _clean(demo, "civil.marriage") if row["op_type"] == "IA"}
    parents = {row["gmsfhm"]: (row["fqgmsfhm"], row["mqgmsfhm"]) for row in _clean(demo, "police.birth")}
    seen_couples = seen_children = 0
    clean = {row["gmsfhm"] for row in _clean(demo, "police.household")}
    for people in _households(demo).values():
        pair = [one for one in people if one["yhzgx"] in ("户主", "配偶")]
        if any(one["gmsfhm"] not in clean for one in people):
            continue
        if len(people) == 1 and str(people[0]["hh"]).startswith("4201121"):  # an applicant's head, of no couple
            assert people[0]["yhzgx"] == "户主"
            continue
        assert sorted(str(one["yhzgx"]) for one in pair) == ["户主", "配偶"]
        man, woman = sorted(pair, key=lambda one: str(one["xb"]))
        if man["gmsfhm"] in wedded:  # else civil affairs' own row is spoilt
            assert (man["gmsfhm"], woman["gmsfhm"]) in married
            seen_couples += 1
        for child in people:
            if child not in pair and child["gmsfhm"] in parents:
                assert parents[child["gmsfhm"]] == (man["gmsfhm"], woman["gmsfhm"])
                assert child["yhzgx"] == ("子" if child["xb"] == "1" else "女")
                seen_children += 1
    assert seen_couples > 50
    assert seen_children > 30


def test_nobody_is_born_before_the_wedding_or_has_parents_of_the_wrong_sex(demo: dataset.Dataset) -> None:
    wed = {
        (row["cert_num_man"], row["cert_num_woman"]): str(row["op_date"])
        for row in _clean(demo, "civil.marriage")
        if row["op_type"] == "IA"
    }
    births = _clean(demo, "police.birth")
    known = [row for row in births if (row["fqgmsfhm"], row["mqgmsfhm"]) in wed]
    assert len(known) > 30
    for row in known:
        assert str(row["csrq"]) > wed[row["fqgmsfhm"], row["mqgmsfhm"]]
        assert int(str(row["fqgmsfhm"])[16]) % 2 == 1
        assert int(str(row["mqgmsfhm"])[16]) % 2 == 0
        assert (row["jhryxm"], row["jhrygmsfhm"]) in (
            (row["fqxm"], row["fqgmsfhm"]), (row["mqxm"], row["mqgmsfhm"])
        )  # fmt: skip


def test_a_birth_certificate_names_the_mother_whom_the_police_name(demo: dataset.Dataset) -> None:
    certificates = {row["hrb01_01_001"]: row for row in _clean(demo, "health.birth_certificate")}
    both = [row for row in _clean(demo, "police.birth") if row["cszmbh"] in certificates]
    assert len(both) > 30
    for row in both:
        certificate = certificates[row["cszmbh"]]
        assert certificate["hrb01_01_024"] == row["mqgmsfhm"]
        assert certificate["hrb01_01_020"] == row["mqxm"]
        assert certificate["hrb01_01_002"] == row["xm"]
        assert str(certificate["hrb01_01_004"])[:10].replace("-", "") == row["csrq"]
        assert certificate["hrb01_01_029"] in ("", row["fqgmsfhm"])


def test_owners_are_people_and_companies_of_the_district(demo: dataset.Dataset) -> None:
    people = _people(demo)
    companies = {row["code"] for row in _clean(demo, "market.company")}
    titles = _clean(demo, "housing.title")
    persons = [row for row in titles if row["qlrzjh"] in people]
    assert all(people[row["qlrzjh"]] == row["qlr"] for row in persons)
    assert len(persons) > 50
    assert sum(row["qlrzjh"] in companies for row in titles) > 20
    joint = defaultdict(set)
    for row in demo.rows["housing.title"]:
        joint[row.fields["bdcqzh"]].add(row.key)
    assert {len(keys) for keys in joint.values()} == {1, 2}


def test_who_pays_into_the_fund_is_insured_at_the_same_employer(demo: dataset.Dataset) -> None:
    insured = {row["zjhm"]: row for row in _clean(demo, "hr.insurance") if row["xz"] == "职工养老"}
    employers: dict[str | None, set[str | None]] = defaultdict(set)
    known = [row for row in _clean(demo, "housing.fund") if row["zjhm"] in insured]
    assert len(known) > 50
    for row in known:
        assert row["xm"] == insured[row["zjhm"]]["xm"]
        employers[row["dwzh"]].add(insured[row["zjhm"]]["dwshxydm"])
    assert all(len(codes) == 1 for codes in employers.values())


@pytest.mark.parametrize(
    ("resource", "code", "name", "head"),
    [
        ("platform.legal_person", "tyxydm", "frmc", "fddbr"),
        ("market.entity", "uniscid", "entname", "name"),
    ],
)
def test_an_organisation_has_its_name_and_head_everywhere(
    demo: dataset.Dataset, resource: str, code: str, name: str, head: str
) -> None:
    known = {row["shxydm"]: (row["nsrmc"], row["fddbrxm"]) for row in _clean(demo, "tax.registration")}
    both = [row for row in _clean(demo, resource) if row[code] in known]
    assert len(both) > 100
    assert all((row[name], row[head]) == known[row[code]] for row in both)
    assert any(row[code] is None for row in _clean(demo, resource)), "old holders without a credit code are usual"


def test_the_platform_holds_every_company_and_society_once(demo: dataset.Dataset) -> None:
    companies = len(demo.rows["market.company"])
    societies = len({row.key for row in demo.rows["civil.social_org"]})
    keys = [row.key for row in demo.rows["platform.legal_person"]]
    assert len(keys) == len(set(keys)) >= companies + societies - 20
    held = {row["frwybs"]: row["tyxydm"] for row in _clean(demo, "platform.legal_person")}
    permits = [row for row in _clean(demo, "platform.permit") if held.get(row["frwybs"])]
    assert len(permits) > 30
    assert all(held[row["frwybs"]] == row["tyshxydm"] for row in permits)


def test_corrections_and_withdrawals_come_after_what_they_change(demo: dataset.Dataset) -> None:
    for resource in ("police.household", "market.entity"):
        first: dict[str, Row] = {row.key: row for row in demo.rows[resource] if row.operation == "I"}
        changed = [row for row in demo.rows[resource] if row.operation != "I"]
        assert {row.operation for row in changed} == {"U", "D"}
        assert all(first[row.key].stamp < row.stamp for row in changed)
