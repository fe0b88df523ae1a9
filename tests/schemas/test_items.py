"""Service items: what is declared, what holds, what is refused to be declared."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.dates import current_day
from schemas.errors import DeclarationBroken, ItemNotInForce, ItemUnknown
from schemas.items import Condition, LicenceStep, Material, Way, all_items, all_purposes, item, load, loader
from schemas.items.loader import FOLDER
from schemas.items.model import Level
from schemas.judge import judge
from schemas.licence_types import all_licence_types
from schemas.records import Record

Row = Callable[..., dict[str, Any]]
HR, NGO, FOOD = (f"11420112MB0000000M300019900{number}000" for number in (1, 2, 3))


#: Laws and documents whose text somebody has read for this hub; no other may be called verified.
READ = {
    "国务院关于在线政务服务的若干规定（国务院令第716号）",
    "中华人民共和国市场主体登记管理条例（国务院令第746号）",
    "中华人民共和国市场主体登记管理条例实施细则（国家市场监督管理总局令第52号）",
    "不动产登记暂行条例",
}


def record(row: Row, schema: str, **changes: Any) -> Record:
    found = judge(schema, row(schema, **changes)).record
    assert found is not None
    return found


def test_the_items_that_begin_a_licence_are_declared_with_their_materials() -> None:
    told = {
        code: [(material.code, material.resource, material.role) for material in known.materials]
        for code, known in all_items().items()
        if known.issues
    }
    assert len(told) == len(all_licence_types())
    assert {code: told[code] for code in (HR, NGO, FOOD)} == {
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


def test_the_later_steps_of_a_licence_are_items_too() -> None:
    told = {
        kind.id: {one.licence_step.value for one in kind.items if one.licence_step and not one.issues}
        for kind in all_licence_types().values()
    }
    assert told == {
        "food": {"change", "renew", "replace", "cancel"},
        "hr-service": {"change", "renew", "cancel"},
        "labour-dispatch": {"change", "renew", "cancel"},
        "ngo": {"cancel"},
        "association": {"change"},
        "public-place-hygiene": {"renew"},
        "printing": set(),
        "publication-retail": set(),
        "entertainment": set(),
    }


def test_the_first_items_are_what_they_were() -> None:
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
    for known in all_items().values():
        assert (known.licence_step is None) == (known.licence_type is None)
        if known.licence_type is not None:
            assert known.issues == (all_licence_types()[known.licence_type].item == known.code)


def test_an_item_issues_its_licence_unless_it_says_which_later_step_it_is(tmp_path: Path) -> None:
    text = (FOLDER / "ngo.toml").read_text(encoding="utf-8")
    for said, step, issues, draws in (
        ('licence_type = "ngo"', LicenceStep.ISSUE, True, True),
        ('licence_type = "ngo"\nlicence_step = "renew"', LicenceStep.RENEW, False, True),
        ('licence_type = "ngo"\nlicence_step = "cancel"', LicenceStep.CANCEL, False, False),
    ):
        (tmp_path / "one.toml").write_text(text.replace('licence_type = "ngo"', said), encoding="utf-8")
        (one,) = load(tmp_path)[NGO]
        assert one.licence_step is step
        assert (one.issues, step.draws) == (issues, draws)
    (tmp_path / "one.toml").write_text(text.replace('licence_type = "ngo"', ""), encoding="utf-8")
    assert (load(tmp_path)[NGO][0].licence_step, load(tmp_path)[NGO][0].issues) == (None, False)


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
    named = {
        (role.named_by.resource, role.named_by.field)
        for known in all_items().values()
        for role in known.roles.values()
        if role.named_by is not None
    }
    assert named == {
        ("tax.registration", "legal_representative_id"),
        ("civil.social_org", "legal_representative_id"),
        ("police.birth", "guardian_id"),
    }
    for resource, field in named:
        assert len(getattr(record(row, resource), field).text) == 18


def test_no_material_releases_a_persons_number_and_a_birth_date_only_of_a_newborn_child() -> None:
    for known in all_items().values():
        for material in known.materials:
            released = {(material.resource, name) for name in material.release}
            assert not {name for _, name in released if name.endswith(("_id", "_number")) or name == "number"}
            assert {pair for pair in released if pair[1] == "born"} <= {("health.birth_certificate", "born")}
            assert list(material.labels()) == list(material.release)


def test_there_are_items_for_each_of_the_nine_departments_and_for_each_level() -> None:
    known = all_items().values()
    assert len(known) >= 24
    assert {resource.partition(".")[0] for one in known for resource in one.resources} == {
        "civil", "education", "health", "housing", "hr", "market", "platform", "police", "tax",
    }  # fmt: skip
    assert {level for one in known for level in one.levels} == set(Level)
    assert {kind for one in known for kind in one.roles["applicant"].kinds} == {"citizen", "company"}
    assert {way for one in known for material in one.materials for way in material.ways} == set(Way)
    assert len({one.name for one in known}) == len(known)


def test_every_purpose_of_every_item_is_listed_and_rests_on_one_of_its_laws() -> None:
    for known in all_items().values():
        assert {"acceptance", "decision", "self_service"} <= {purpose.code for purpose in known.purposes}
        assert {purpose.code for purpose in known.purposes} <= set(all_purposes())
        assert ("issuing" in {purpose.code for purpose in known.purposes}) == (known.licence_type is not None)


def test_nothing_is_promised_that_must_not_be() -> None:
    # 国办发〔2020〕42号 leaves out public security, finance, environment, life and health
    departments = {"police", "health"}
    for known in all_items().values():
        for material in known.materials:
            if material.promise is not None:
                assert material.resource.partition(".")[0] not in departments
                assert not known.name.startswith(
                    ("食品经营许可", "小餐饮经营登记", "公共场所卫生许可", "诊所备案", "排水许可延续")
                )


def test_the_conditions_mean_what_they_say(row: Row) -> None:
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


def test_an_age_is_asked_for_in_full_years_and_a_birth_by_days(row: Row) -> None:
    person = record(row, "police.household")
    birthday = person.born.replace(year=person.born.year + 65)  # type: ignore[attr-defined]
    old = Condition(field="born", full_years=65)
    assert old.holds(person, today=birthday)
    assert not old.holds(person, today=birthday - timedelta(days=1))
    young = Condition(field="born", within_days=30)
    assert young.holds(person, today=person.born + timedelta(days=30))  # type: ignore[attr-defined]
    assert not young.holds(person, today=person.born + timedelta(days=31))  # type: ignore[attr-defined]
    assert not young.holds(person, today=person.born - timedelta(days=1))  # type: ignore[attr-defined]


def test_a_pupil_is_six_and_not_yet_sixteen(row: Row) -> None:
    school = next(one for one in all_items().values() if one.name == "义务教育入学一件事").material("M1")
    child = record(row, "police.household")
    born = child.born  # type: ignore[attr-defined]
    ages = [age for age in range(30) if school.holds(child, today=born.replace(year=born.year + age))]
    assert ages[0] == 6 and ages[-1] in (15, 16) and ages == list(range(6, ages[-1] + 1))


def test_a_yes_or_no_field_is_asked_whether_it_says_yes(row: Row) -> None:
    yes = Condition(field="valid", yes=True)
    assert yes.holds(record(row, "civil.marriage", valid_flag="1"))
    assert not yes.holds(record(row, "civil.marriage", valid_flag="0"))


def test_an_item_nobody_declared_is_an_error_of_its_own() -> None:
    with pytest.raises(ItemUnknown, match="HUB-221"):
        item("x" * 31)


def versions(folder: Path, *told: tuple[int, str], name: str = "ngo.toml") -> Path:
    text = (FOLDER / name).read_text(encoding="utf-8")
    for place, (number, day) in enumerate(told):
        changed = text.replace("version = 1", f"version = {number}").replace("2026-01-01", day)
        (folder / f"{place}.toml").write_text(changed, encoding="utf-8")
    return folder


def test_of_two_versions_the_one_in_force_on_the_day_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = load(versions(tmp_path, (2, "2026-07-01"), (1, "2026-01-01")))
    assert [(one.version, one.in_force_from.month) for one in told[NGO]] == [(1, 1), (2, 7)]
    monkeypatch.setattr(loader, "all_versions", lambda: told)
    monkeypatch.setattr(loader, "_in_force", loader._in_force.__wrapped__)
    assert item(NGO, on=date(2026, 6, 30)).version == 1
    assert item(NGO, on=date(2026, 7, 1)).version == 2
    assert item(NGO, version=1).version == 1
    assert all_items(date(2026, 6, 30))[NGO].version == 1
    assert NGO not in all_items(date(2025, 12, 31))
    with pytest.raises(ItemNotInForce, match=r"HUB-790.*version 1 from 2026-01-01, version 2 from 2026-07-01"):
        item(NGO, on=date(2025, 12, 31))
    with pytest.raises(ItemNotInForce, match="no version 3"):
        item(NGO, version=3)


def test_todays_version_is_the_one_that_is_taken_without_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = current_day() + timedelta(days=1)
    told = load(versions(tmp_path, (1, "2026-01-01"), (2, tomorrow.isoformat())))
    monkeypatch.setattr(loader, "all_versions", lambda: told)
    monkeypatch.setattr(loader, "_in_force", loader._in_force.__wrapped__)
    assert item(NGO).version == 1
    assert item(NGO, on=tomorrow).version == 2


def test_a_later_version_needs_a_higher_number(tmp_path: Path) -> None:
    with pytest.raises(DeclarationBroken, match="a later version needs a higher number"):
        load(versions(tmp_path, (2, "2026-01-01"), (1, "2026-07-01")))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('code = "issuing"', 'code = "curiosity"', "purpose curiosity, which purposes.toml does not list"),
        ('code = "issuing"', 'code = "decision"', "one purpose twice"),
    ],
)
def test_a_purpose_nobody_listed_is_refused(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    text = (FOLDER / "ngo.toml").read_text(encoding="utf-8")
    (tmp_path / "some.toml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(DeclarationBroken, match=told):
        load(tmp_path)


def test_an_item_without_a_purpose_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "ngo.toml").read_text(encoding="utf-8")
    begin, end = text.index("purposes = ["), text.index("[[legal_basis]]")
    (tmp_path / "some.toml").write_text(text[:begin] + text[end:], encoding="utf-8")
    with pytest.raises(DeclarationBroken, match="names no purpose"):
        load(tmp_path)


def test_a_folder_may_bring_its_own_list_of_purposes(tmp_path: Path) -> None:
    text = (FOLDER / "ngo.toml").read_text(encoding="utf-8")
    (tmp_path / "some.toml").write_text(text.replace('code = "issuing"', 'code = "checking"', 1), encoding="utf-8")
    words = (FOLDER / "purposes.toml").read_text(encoding="utf-8")
    (tmp_path / "purposes.toml").write_text(words.replace('"issuing"', '"checking"'), encoding="utf-8")
    assert "checking" in [purpose.code for purpose in load(tmp_path)[NGO][0].purposes]
    for broken in (words.replace('"issuing"', '"decision"'), words.replace("allows", "permits"), "[[purpose"):
        (tmp_path / "purposes.toml").write_text(broken, encoding="utf-8")
        with pytest.raises(DeclarationBroken, match=r"purposes\.toml"):
            load(tmp_path)


BROKEN = [
    ('code = "11420112MB0000000M3000199001000"', 'code = "1142"'),
    ("code_verified = false", ""),
    ('name = "人力资源服务许可"', 'name = ""'),
    ('licence_type = "hr-service"', 'licence_step = "renew"'),
    ('licence_type = "hr-service"', 'licence_type = "hr-service"\nlicence_step = "sell"'),
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
    ('field = "state", equals = "正常"', 'field = "state", yes = true'),
    ('field = "state", equals = "正常"', 'field = "state", full_years = 65'),
    ('field = "state", equals = "正常"', 'field = "state", within_days = 30'),
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
