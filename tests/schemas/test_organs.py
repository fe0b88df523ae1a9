"""The table of organs by day, and the rule that a licence names one organ."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OrgansBroken
from schemas.organs import (
    Claims,
    NameBorne,
    Organ,
    OrganTable,
    Owner,
    Ruling,
    SealClaim,
    Succession,
    demo_organs,
    judge,
    read_organs,
)

TODAY = date(2026, 11, 29)
APPROVAL, APPROVAL_CODE = "某区行政审批局", "11420112MB0000000M"
COMMERCE, COMMERCE_CODE = "某区工商行政管理局", "11420112MB0000001Q"
MARKET, MARKET_CODE = "某区市场监督管理局", "11420112MB0000002U"
TABLE = f"""
bureau = "approval"
seal_names = ["{{name}}", "{{name}}证照专用章"]
owners = [{{ licence = "营业执照", organ = "market", basis = "条例", verified = true }}]

[[organs]]
id = "commerce"
credit_code = "{COMMERCE_CODE}"
verified = true
names = [{{ name = "{COMMERCE}", until = 2018-12-31, verified = true }}]
seals = ["工商登记专用章"]

[[organs]]
id = "market"
credit_code = "{MARKET_CODE}"
verified = true
names = [{{ name = "{MARKET}", since = 2019-01-01, verified = true }}]

[[organs]]
id = "approval"
credit_code = "{APPROVAL_CODE}"
verified = true
names = [
    {{ name = "某区政务服务局", since = 2017-01-01, until = 2020-06-30, verified = true }},
    {{ name = "{APPROVAL}", since = 2020-06-01, verified = true }},
]

[[successions]]
predecessor = "commerce"
successor = "approval"
effective = 2019-01-01
basis = "方案一"
verified = true

[[successions]]
predecessor = "commerce"
successor = "market"
effective = 2019-01-01
basis = "方案二"
licences = ["营业执照"]
verified = true
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> OrganTable:
    return written(tmp_path_factory.mktemp("organs"), TABLE)


def written(folder: Path, text: str) -> OrganTable:
    path = folder / "organs.toml"
    path.write_text(text, encoding="utf-8")
    return read_organs(path)


def claims(day: str = "2026-03-01", name: str = APPROVAL, code: str = APPROVAL_CODE, **changes: object) -> Claims:
    """A licence that names one organ everywhere, but for the changes."""
    seal = SealClaim(f"{name}证照专用章", f"{code}{name}", datetime.fromisoformat(f"{day}T04:00:00+00:00"))
    whole = Claims(name, name, code, code, (seal,), stated_seal=f"{name}证照专用章", licence="食品经营许可证")
    return replace(whole, **changes)  # type: ignore[arg-type]


def words(found: Claims, table: OrganTable) -> list[str]:
    return [one.word for one in judge(found, table, TODAY).findings]


# --- the table -----------------------------------------------------------------------------------------------------


def test_an_organ_is_found_by_code_and_by_the_name_it_bore_that_day(table: OrganTable) -> None:
    day = date(2026, 3, 1)
    assert table.organ_at(day, code=APPROVAL_CODE) is table.own
    assert table.organ_at(day, name=APPROVAL) is table.own
    assert table.organ_at(date(2018, 3, 1), name=APPROVAL) is None
    assert table.organ_at(date(2018, 3, 1), name="某区政务服务局", code=APPROVAL_CODE) is table.own
    assert table.organ_at(day, code=COMMERCE_CODE) is None, "it is known, and not in force any more"
    assert table.organ_at(day, code=APPROVAL_CODE, name=MARKET) is None, "two organs are none"


def test_both_names_count_in_the_days_of_transition(table: OrganTable) -> None:
    assert table.same_at(date(2020, 6, 15), "某区政务服务局", APPROVAL, APPROVAL_CODE)
    assert not table.same_at(date(2020, 7, 1), "某区政务服务局", APPROVAL)


def test_code_name_seal_and_certificate_can_mean_one_organ(table: OrganTable) -> None:
    assert table.same_at(
        date(2026, 3, 1), APPROVAL, APPROVAL_CODE, f"{APPROVAL}证照专用章", f"{APPROVAL_CODE}{APPROVAL}"
    )
    assert not table.same_at(date(2026, 3, 1), APPROVAL, f"{APPROVAL_CODE}{MARKET}")
    assert not table.same_at(date(2026, 3, 1), "某区气象局"), "what nobody knows means no organ"
    assert table.same_at(date(2018, 3, 1), COMMERCE, "工商登记专用章"), "a seal listed by its whole name"


def test_blanks_and_the_width_of_brackets_do_not_make_another_name() -> None:
    demo, day = demo_organs(), date(2026, 3, 1)
    assert demo.same_at(day, "武汉市东西湖区行政审批局 (测试)", "武汉市东西湖区行政审批局电子证照专用章（测试）")
    assert not demo.same_at(day, "武汉市东西湖区行政审批局二")


def test_the_mark_of_a_test_counts_outside_the_demo(table: OrganTable) -> None:
    assert not table.same_at(date(2026, 3, 1), APPROVAL, f"{APPROVAL}（测试）")


def test_a_licence_goes_to_whoever_took_over_its_type(table: OrganTable) -> None:
    commerce = table.by_id("commerce")
    assert commerce is not None
    assert table.heir(commerce, date(2018, 12, 31)) is commerce
    assert table.heir(commerce, TODAY, "食品经营许可证") is table.own
    assert table.heir(commerce, TODAY, "营业执照（副本）") is table.by_id("market")
    assert [step.basis for step in table.chain(commerce, TODAY, "营业执照")] == ["方案二"]


def test_what_went_to_another_organ_and_came_back_ends(tmp_path: Path) -> None:
    back = """
[[successions]]
predecessor = "approval"
successor = "commerce"
effective = 2021-01-01
basis = "方案三"
verified = true
"""
    table = written(tmp_path, TABLE + back)
    commerce = table.by_id("commerce")
    assert commerce is not None
    assert table.heir(commerce, date(2020, 1, 1)) is table.own
    assert table.heir(commerce, TODAY) is commerce


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (MARKET_CODE, "11420112MB0000002X", "check character"),
        (MARKET_CODE, COMMERCE_CODE, "share an id or a credit code"),
        ("2019-01-01, verified", "2016-01-01, until = 2015-01-01, verified", "last day lies before"),
        (f'name = "{MARKET}", since = 2019-01-01', f'name = "{APPROVAL}"', "bear one name"),
        ('successor = "market"', 'successor = "nobody"', "no organ has"),
        ('successor = "market"', 'successor = "commerce"', "does not follow itself"),
        ('"{name}"', '"专用章"', "holds {name} once"),
        ('bureau = "approval"', 'bureau = "approval"\nbureaux = 3', "Extra inputs"),
        ('bureau = "approval"', "bureau =", "cannot be read as TOML"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in TABLE
    with pytest.raises(OrgansBroken, match=re.escape(told)):
        written(tmp_path, TABLE.replace(old, new, 1))


def test_no_line_of_the_table_that_comes_along_claims_to_be_checked() -> None:
    demo = demo_organs()
    assert demo.demo
    assert not any(one.verified for one in (*demo.organs, *demo.successions, *demo.owners))
    assert not any(name.verified for organ in demo.organs for name in organ.names)
    commerce = demo.by_name("武汉市东西湖区工商行政管理局（测试）")
    assert commerce is not None
    assert demo.heir(commerce, TODAY) is demo.own
    assert demo.heir(commerce, TODAY, "营业执照").name.startswith("武汉市东西湖区市场监督管理局")


def test_every_key_of_the_table_is_explained() -> None:
    book = (Path(__file__).parents[2] / "docs" / "seals.md").read_text(encoding="utf-8")
    keys = {key for model in (OrganTable, Organ, NameBorne, Succession, Owner) for key in model.model_fields}
    assert {key for key in keys - {"demo", "id"} if f"`{key}`" not in book and f"`[[{key}]]`" not in book} == set()


# --- the rule ------------------------------------------------------------------------------------------------------


def test_one_organ_everywhere_keeps_the_rule(table: OrganTable) -> None:
    found = judge(claims(), table, TODAY)
    assert (found.ruling, found.findings, found.outdated) == (Ruling.KEEPS, (), False)
    assert found.issuer is found.owner is table.own
    assert found.day == date(2026, 3, 1)


def test_the_seal_of_the_organ_before_is_told_for_seal_and_certificate(table: OrganTable) -> None:
    stray = SealClaim(f"{COMMERCE}证照专用章", f"{COMMERCE_CODE}{COMMERCE}", datetime(2023, 3, 1, tzinfo=UTC))
    found = judge(claims(seals=(stray,)), table, TODAY)
    assert [one.word for one in found.findings] == ["seal.differs", "certificate.differs"]
    assert found.ruling is Ruling.BREAKS
    assert found.owner is table.own
    assert COMMERCE in found.findings[0].zh
    assert "不是同一机关" in found.findings[0].zh
    assert f"is not that of the issuer, {APPROVAL}" in found.findings[0].en


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"face": MARKET}, "face.differs"),
        ({"face": "某区行政审批"}, "face.differs"),
        ({"issuer": "某区政务服务局"}, "issuer.not_then"),
        ({"identifier_issuer": MARKET_CODE}, "identifier.differs"),
        ({"identifier_issuer": "no code"}, "identifier.malformed"),
        ({"stated_seal": f"{MARKET}证照专用章"}, "stated_seal.differs"),
        ({"stated_seal": f"{APPROVAL}财务专用章"}, "stated_seal.differs"),
        ({"face": None}, "face.missing"),
        ({"seals": ()}, "seal.missing"),
    ],
)
def test_each_place_is_compared(table: OrganTable, changes: dict[str, object], word: str) -> None:
    assert words(claims(**changes), table) == [word]


@pytest.mark.parametrize(
    ("seal", "word"),
    [
        (
            SealClaim(f"{MARKET}证照专用章", f"{APPROVAL_CODE}{APPROVAL}", datetime(2026, 3, 1, tzinfo=UTC)),
            "seal.differs",
        ),
        (SealClaim(APPROVAL, f"{MARKET_CODE}{MARKET}", datetime(2026, 3, 1, tzinfo=UTC)), "certificate.differs"),
        (SealClaim(APPROVAL, f"{APPROVAL_CODE}{MARKET}", datetime(2026, 3, 1, tzinfo=UTC)), "certificate.differs"),
        (SealClaim(APPROVAL, APPROVAL, datetime(2026, 3, 1, tzinfo=UTC)), "certificate.malformed"),
        (SealClaim(APPROVAL, "", datetime(2026, 3, 1, tzinfo=UTC)), "certificate.missing"),
        (SealClaim(APPROVAL, f"{APPROVAL_CODE}{APPROVAL}", None), "time.missing"),
    ],
)
def test_each_seal_is_compared(table: OrganTable, seal: SealClaim, word: str) -> None:
    assert words(claims(seals=(seal,)), table) == [word]
    good = claims().seals
    assert words(claims(seals=(*good, seal)), table) == [word]


def test_a_seal_is_judged_by_the_day_in_china(table: OrganTable) -> None:
    evening = datetime(2018, 12, 31, 17, 0, tzinfo=UTC)  # 1 January in China
    seal = SealClaim(f"{COMMERCE}证照专用章", f"{COMMERCE_CODE}{COMMERCE}", evening)
    assert "issuer_code.not_then" in words(claims(name=COMMERCE, code=COMMERCE_CODE, seals=(seal,)), table)


def test_an_organ_that_was_not_there_is_told_once(table: OrganTable) -> None:
    assert words(claims("2023-05-01", COMMERCE, COMMERCE_CODE), table) == ["issuer_code.not_then"]


def test_a_licence_of_the_organ_before_kept_the_rule_and_is_outdated(table: OrganTable) -> None:
    found = judge(claims("2016-05-01", COMMERCE, COMMERCE_CODE), table, TODAY)
    assert (found.ruling, found.outdated, found.owner) == (Ruling.KEEPS, True, table.own)
    renamed = judge(claims("2018-05-01", "某区政务服务局", APPROVAL_CODE), table, TODAY)
    assert (renamed.ruling, renamed.outdated, renamed.owner) == (Ruling.KEEPS, True, table.own)


def test_a_business_licence_is_the_market_regulators_whatever_seal_it_bears(table: OrganTable) -> None:
    for found in (
        claims(licence="营业执照"),
        claims("2016-05-01", COMMERCE, COMMERCE_CODE, licence="营业执照（副本）"),
    ):
        assert judge(found, table, TODAY).owner is table.by_id("market")


def test_an_organ_nobody_knows_cannot_be_judged_but_compared(table: OrganTable) -> None:
    name, code = "某区气象局", "11420112MB0000003Y"
    alike = judge(claims(name=name, code=code), table, TODAY)
    assert ([one.word for one in alike.findings], alike.ruling) == (["issuer_code.unknown"], Ruling.CANNOT_TELL)
    assert (alike.issuer, alike.owner) == (None, None)
    assert judge(claims(name=name, code=code, face=APPROVAL), table, TODAY).ruling is Ruling.BREAKS


def test_face_and_seal_are_compared_where_nothing_else_is_told(table: OrganTable) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    seal = SealClaim("某区气象局证照专用章", "11420112MB0000003Y某区气象局", day)
    alike = judge(Claims("某区气象局", None, None, None, (seal,)), table, TODAY)
    assert alike.ruling is Ruling.CANNOT_TELL
    assert "face.unknown" in [one.word for one in alike.findings]
    other = judge(Claims("某区水务局", None, None, None, (seal,)), table, TODAY)
    assert [one.word for one in other.breaches] == ["seal.differs", "certificate.differs"]


def test_a_file_that_names_nobody_is_answered(table: OrganTable) -> None:
    found = judge(Claims(None, None, None, None, ()), table, TODAY)
    assert found.ruling is Ruling.CANNOT_TELL
    assert {one.word for one in found.findings} == {
        "face.missing", "issuer.missing", "issuer_code.missing", "identifier.missing", "seal.missing",
    }  # fmt: skip


@given(st.tuples(*(st.none() | st.text() for _ in range(4))), st.text(), st.none() | st.text())
def test_no_text_makes_it_fall(places: tuple[str | None, ...], organisation: str, name: str | None) -> None:
    seal = SealClaim(name, organisation, datetime(2026, 3, 1, tzinfo=UTC))
    found = judge(Claims(*places, (seal,), licence=name), demo_organs(), TODAY)  # type: ignore[arg-type]
    assert found.ruling in Ruling
    assert all(one.zh.isprintable() and one.en.isprintable() for one in found.findings)
