"""Service items: what is declared, what holds, what is refused to be declared."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import DeclarationBroken, ItemUnknown
from schemas.items import Condition, Material, all_items, item, load
from schemas.items.loader import FOLDER
from schemas.judge import judge
from schemas.licence_types import all_licence_types
from schemas.records import Record

Row = Callable[..., dict[str, Any]]
HR, NGO, FOOD = (f"11420112MB0000000M300019900{number}000" for number in (1, 2, 3))


#: Laws and documents whose text somebody has read for this hub; no other may be called verified.
READ = {
    "国务院关于在线政务服务的若干规定（国务院令第716号）",
}


def record(row: Row, schema: str, **changes: Any) -> Record:
    found = judge(schema, row(schema, **changes)).record
    assert found is not None
    return found


def test_the_three_items_that_lead_to_a_licence_are_declared_with_their_materials() -> None:
    told = {
        code: [(material.code, material.resource, material.role) for material in known.materials]
        for code, known in all_items().items()
        if known.licence_type is not None
    }
    assert told == {
        HR: [
            ("M1", "tax.registration", "applicant"),
            ("M2", "hr.insurance", "legal_rep"),
            ("M3", "hr.vocational", "legal_rep"),
        ],
        NGO: [("M1", "civil.social_org", "applicant"), ("M2", "hr.insurance", "legal_rep")],
        FOOD: [
            ("M1", "tax.registration", "applicant"),
            ("M2", "tax.clearance", "applicant"),
            ("M3", "hr.vocational", "legal_rep"),
        ],
    }
    assert item(HR).name == "人力资源服务许可"
    assert item(HR).office == "11420112MB0000000M"
    assert item(NGO).resources == ("civil.social_org", "hr.insurance", "platform.legal_person", "police.household")


def test_placeholders_say_that_they_are_unverified() -> None:
    for known in all_items().values():
        assert known.code_verified is False
        assert {basis.title for basis in known.legal_basis if basis.verified} <= READ
        assert not any(material.promise.verified for material in known.materials if material.promise)


def test_item_and_licence_type_name_each_other() -> None:
    assert {known.licence_type for known in all_items().values()} - {None} == set(all_licence_types())


HOLDS = [
    (HR, "M1", {}, True),
    (HR, "M1", {"qyzt": "停业"}, False),
    (HR, "M2", {}, True),
    (HR, "M2", {"jfzt": "中断"}, False),
    (HR, "M2", {"xz": "职工医疗"}, False),
    (HR, "M3", {}, True),
    (HR, "M3", {"zygz": "电工"}, False),
    (NGO, "M1", {}, True),
    (NGO, "M1", {"zzlx": "社会团体"}, False),
    (NGO, "M1", {"zt": "撤销"}, False),
    (NGO, "M2", {}, True),
    (FOOD, "M1", {"qyzt": "注销"}, False),
    (FOOD, "M2", {}, True),
    (FOOD, "M2", {"zt": "已清税"}, True),
    (FOOD, "M2", {"zt": "欠税"}, False),
    (FOOD, "M3", {"zygz": "食品安全管理员"}, True),
    (FOOD, "M3", {}, False),
]


@pytest.mark.parametrize(("code", "material", "changes", "holds"), HOLDS)
def test_each_material_holds_exactly_when_its_record_meets_it(
    row: Row, code: str, material: str, changes: dict[str, Any], holds: bool
) -> None:
    wanted = item(code).material(material)
    assert wanted.holds(record(row, wanted.resource, **changes)) is holds


def test_one_good_record_among_bad_ones_is_the_proof(row: Row) -> None:
    wanted = item(FOOD).material("M2")
    owing, paid = record(row, "tax.clearance", zt="欠税"), record(row, "tax.clearance")
    assert wanted.proof([owing, paid]) is paid
    assert wanted.proof([owing]) is None
    assert wanted.proof([]) is None


def test_a_whole_requirement_must_hold_for_one_and_the_same_record(row: Row) -> None:
    wanted = item(HR).material("M2")
    other_kind = record(row, "hr.insurance", xz="职工医疗")
    interrupted = record(row, "hr.insurance", jfzt="中断")
    assert wanted.proof([other_kind, interrupted]) is None


def test_a_role_names_the_person_by_a_record_about_the_applicant(row: Row) -> None:
    for known in all_items().values():
        named_by = known.roles["legal_rep"].named_by
        assert named_by is not None
        found = record(row, named_by.resource)
        assert getattr(found, named_by.field).text == "420112198001011015"


def test_no_material_releases_a_citizens_number() -> None:
    for known in all_items().values():
        for material in known.materials:
            assert not {"citizen_id", "legal_representative_id", "born"} & set(material.release)
            assert list(material.labels()) == list(material.release)


def test_the_four_conditions_mean_what_they_say(row: Row) -> None:
    day = date(2026, 3, 1)
    org, endless = record(row, "civil.social_org", yxqz="2026-03-01"), record(row, "civil.social_org")
    without = record(row, "civil.social_org", yxqz=None)
    not_past = Condition(field="valid_until", not_past=True)
    assert not_past.holds(org, today=day)
    assert not not_past.holds(org, today=date(2026, 3, 2))
    assert not_past.holds(endless, today=day)
    assert not not_past.holds(without, today=day)
    present = Condition(field="valid_until", present=True)
    assert (present.holds(org), present.holds(without)) == (True, False)
    insured = record(row, "hr.insurance")
    assert Condition(field="paid_through", not_past=True).holds(insured, today=date(2026, 2, 28))
    assert not Condition(field="paid_through", not_past=True).holds(insured, today=date(2026, 3, 1))
    assert Condition.model_validate({"field": "state", "in": ["注销", "正常"]}).holds(org)
    assert not Condition(field="state", equals="注销").holds(org)


def test_an_item_nobody_declared_is_an_error_of_its_own() -> None:
    with pytest.raises(ItemUnknown, match="HUB-221"):
        item("x" * 31)


BROKEN = [
    ('code = "11420112MB0000000M3000199001000"', 'code = "1142"'),
    ("code_verified = false", ""),
    ('name = "人力资源服务许可"', 'name = ""'),
    ('name = "人力资源服务许可"', 'name = "人力资源服务许可"\nnom = "x"'),
    ("[roles.applicant]", "[roles.somebody]"),
    ('role = "applicant", resource = "tax.registration", field = "legal_representative_id"',
     'role = "applicant", resource = "tax.registration", field = "legal_representative"'),
    ('role = "applicant", resource = "tax.registration"', 'role = "legal_rep", resource = "tax.registration"'),
    ('resource = "hr.vocational"', 'resource = "hr.education"'),
    ('code = "M3"', 'code = "M2"'),
    ('role = "legal_rep"\nrelease', 'role = "owner"\nrelease'),
    ('"scope", "address"]', '"scope", "adress"]'),
    ('field = "state", equals = "正常"', 'field = "state", equals = "正常营业"'),
    ('field = "state", equals = "正常"', 'field = "stat", equals = "正常"'),
    ('field = "state", equals = "正常"', 'field = "state", equals = "正常", present = true'),
    ('field = "state", equals = "正常"', 'field = "state"'),
    ('field = "state", equals = "正常"', 'field = "state", in = []'),
    ('field = "state", equals = "正常"', 'field = "state", not_past = true'),
    ('field = "state", equals = "正常"', 'field = "state", matches = "正.*"'),
    ("[[materials]]", "[[materials"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_a_wrong_declaration_is_refused_with_its_file(tmp_path: Path, right: str, wrong: str) -> None:
    text = (FOLDER / "hr-service.toml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "some.toml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(DeclarationBroken, match=r"some\.toml"):
        load(tmp_path)


def test_two_declarations_of_one_code_are_refused(tmp_path: Path) -> None:
    text = (FOLDER / "ngo.toml").read_text(encoding="utf-8")
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationBroken, match="same item code"):
        load(tmp_path)


def test_nothing_declared_can_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        item(HR).name = "x"
    with pytest.raises(TypeError):
        all_items()[HR] = item(NGO)  # type: ignore[index]


def test_a_material_without_requirement_asks_for_any_record(row: Row) -> None:
    declared = tomllib.loads((FOLDER / "ngo.toml").read_text(encoding="utf-8"))["materials"][0]
    declared.pop("requirement")
    assert Material.model_validate(declared).holds(record(row, "civil.social_org", zt="撤销"))
