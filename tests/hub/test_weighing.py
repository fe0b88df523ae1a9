"""How a material stands: every way in its order, age, trust, contradiction, right, promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import SHANGHAI
from hub import weighing
from hub.access import Right
from hub.answer import MaterialAnswer, MaterialState
from hub.facts import Facts, Found, OwnLicence
from hub.live import LiveAnswer
from hub.weighing import Scale, question, weigh
from schemas.items import Material, ServiceItem, Trust, Way
from schemas.judge import judge
from schemas.records import Record
from schemas.records.base import Subject
from schemas.records.tax import TaxRegistration as Tax

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
CODE = "91420112MA4L0XA90B"
COMPANY = Subject("company", CODE)
TAX, ENTITY = "tax.registration", "market.entity"


def record(schema: str, row: Mapping[str, Any]) -> Record:
    found = judge(schema, row).record
    assert found is not None
    return found


def tax(state: str = "正常", representative: str = "王伟") -> Record:
    return record(
        TAX,
        {
            "nsrsbh": CODE, "nsrmc": "武汉甲公司", "shxydm": CODE, "fddbrxm": representative,
            "sfzhm": "11010519491231002X", "zgbm": "区税务局", "djrq": "2019-01-02", "qyzt": state,
            "zczb": "30(万元)", "jyfw": "软件开发", "zcdz": "金山大道1号", "update_time": "2026-11-01 08:00:00",
        },
    )  # fmt: skip


def entity(representative: str) -> Record:
    return record(
        ENTITY,
        {
            "pripid": "P1", "uniscid": CODE, "entname": "武汉甲公司", "name": representative,
            "estdate": "2019-01-02", "regstate": "1",
        },
    )  # fmt: skip


def material(**more: Any) -> Material:
    told: dict[str, Any] = {
        "code": "M1", "name": "税务登记信息", "resource": TAX, "role": "applicant",
        "release": ["taxpayer_name", "legal_representative", "state"],
        "requirement": [{"field": "state", "equals": "正常"}],
        "ways": ["shared"], "max_age_days": 7,
    }  # fmt: skip
    return Material.model_validate(told | more)


def scale(
    material: Material,
    stored: Mapping[str, Sequence[Record]],
    *,
    read: Mapping[str, datetime | None] | None = None,
    live: Mapping[tuple[str, Subject], LiveAnswer] | None = None,
    promised: frozenset[str] = frozenset(),
    right: Right | None = None,
    licences: Sequence[OwnLicence] = (),
) -> Scale:
    item = ServiceItem.model_validate(
        {
            "code": "11420112MB0000000M3000199001000", "code_verified": False, "name": "试",
            "legal_basis": [{"title": "某法", "verified": False}],
            "purposes": [{"code": "acceptance", "basis": "某法"}],
            "roles": {"applicant": {"kinds": ["company"]}}, "materials": [material.model_dump(by_alias=True)],
        }
    )  # fmt: skip
    found = {
        resource: [Found(one, version=1, batch=7, since=NOW) for one in records] for resource, records in stored.items()
    }
    return Scale(
        item=item,
        right=right or Right("acceptance", "某法", quota=None),
        facts=Facts({"applicant": COMPANY}, {"applicant": found}, {"applicant": licences}),
        ages={resource: NOW - timedelta(hours=3) for resource in (TAX, ENTITY)} if read is None else read,
        live=live or {},
        promised=promised,
        now=NOW,
    )


def stands(one: Material, *args: Any, **more: Any) -> MaterialAnswer:
    return weigh(scale(one, *args, **more), one)


def said(*records: Record) -> dict[tuple[str, Subject], LiveAnswer]:
    return {(TAX, COMPANY): LiveAnswer(tuple(records), NOW)}


def silent(reason: Any = "no_answer") -> dict[tuple[str, Subject], LiveAnswer]:
    return {(TAX, COMPANY): LiveAnswer(None, NOW, reason)}


LIVE = {"ways": ["shared", "live"]}
OLD = {TAX: NOW - timedelta(days=8)}


def test_a_fresh_record_that_meets_the_requirement_satisfies() -> None:
    answer = stands(material(), {TAX: [tax()]})
    assert (answer.state, answer.way, answer.reason, answer.note) == (MaterialState.SATISFIED, Way.SHARED, "", "")
    assert [fact.text for fact in answer.facts] == ["武汉甲公司", "王伟", "正常"]
    assert [fact.label for fact in answer.facts] == [Tax.label(name)[0] for name in material().release]
    assert answer.origin is not None
    assert (answer.origin.batch, answer.origin.live) == (7, False)


@pytest.mark.parametrize(
    ("stored", "read", "state", "reason"),
    [
        ({TAX: [tax("注销")]}, None, MaterialState.UNMET, "not_met"),
        ({}, None, MaterialState.MISSING, "no_record"),
        ({}, {}, MaterialState.UNREACHABLE, "never_read"),
        ({TAX: [tax()]}, OLD, MaterialState.STALE, "stale"),
        ({TAX: [tax("注销"), tax()]}, None, MaterialState.SATISFIED, ""),
    ],
)
def test_what_is_stored_decides_where_nobody_is_asked(
    stored: Mapping[str, Sequence[Record]], read: Any, state: MaterialState, reason: str
) -> None:
    answer = stands(material(), stored, read=read)
    assert (answer.state, answer.reason) == (state, reason)


def test_only_a_stale_record_still_shows_its_fields() -> None:
    assert stands(material(), {TAX: [tax()]}, read=OLD).facts
    assert not stands(material(), {TAX: [tax("注销")]}).facts


@pytest.mark.parametrize(
    ("stored", "read", "asks"),
    [
        ({TAX: [tax()]}, None, False),
        ({TAX: [tax()]}, OLD, True),
        ({}, None, True),
        ({TAX: [tax("注销")]}, None, True),
    ],
)
def test_a_department_is_asked_only_about_what_is_not_satisfied(stored: Any, read: Any, asks: bool) -> None:
    one = material(**LIVE)
    asked = question(scale(one, stored, read=read), one)
    assert asked == ((TAX, COMPANY) if asks else None)


def test_nobody_is_asked_twice_nor_where_the_item_names_no_such_way() -> None:
    assert question(scale(material(**LIVE), {}, live=silent()), material(**LIVE)) is None
    assert question(scale(material(), {}), material()) is None


def test_a_live_answer_satisfies_and_says_that_it_is_one() -> None:
    answer = stands(material(**LIVE), {TAX: [tax("注销")]}, live=said(tax()))
    assert (answer.state, answer.way) == (MaterialState.SATISFIED, Way.LIVE)
    assert answer.origin is not None
    assert (answer.origin.live, answer.origin.as_of, answer.origin.batch) == (True, NOW, None)


def test_a_department_that_finds_nothing_leaves_the_old_record_doubtful() -> None:
    answer = stands(material(**LIVE), {TAX: [tax()]}, read=OLD, live=said())
    assert (answer.state, bool(answer.facts)) == (MaterialState.STALE, True)
    assert answer.note == "向来源部门实时查询未查到该记录，以下为2026年11月12日采集的数据，请核实"
    assert stands(material(**LIVE), {}, live=said()).state is MaterialState.MISSING


def test_a_department_that_says_otherwise_is_believed_over_the_old_record() -> None:
    answer = stands(material(**LIVE), {TAX: [tax()]}, read=OLD, live=said(tax("注销")))
    assert (answer.state, answer.facts) == (MaterialState.UNMET, ())


@pytest.mark.parametrize("reason", sorted(weighing.UNANSWERED))
def test_a_silent_department_leaves_the_stored_fact_with_its_day(reason: str) -> None:
    answer = stands(material(**LIVE), {TAX: [tax()]}, read=OLD, live=silent(reason))
    assert answer.state is MaterialState.STALE
    assert answer.facts
    assert answer.note == f"{weighing.UNANSWERED[reason]}，以下为2026年11月12日采集的数据"


def test_two_sources_that_disagree_are_shown_side_by_side() -> None:
    agree = [{"field": "legal_representative", "resource": ENTITY, "there": "legal_representative"}]
    answer = stands(material(agree=agree), {TAX: [tax()], ENTITY: [entity("李娜")]})
    assert answer.state is MaterialState.CONFLICTING
    (one,) = answer.contradictions
    assert (one.here, one.there, one.other.resource) == ("王伟", "李娜", ENTITY)
    assert stands(material(agree=agree), {TAX: [tax()], ENTITY: [entity("王伟")]}).state is MaterialState.SATISFIED
    assert stands(material(agree=agree), {TAX: [tax()]}).state is MaterialState.SATISFIED


def test_a_conflict_is_no_question_for_one_of_the_two() -> None:
    agree = [{"field": "legal_representative", "resource": ENTITY, "there": "legal_representative"}]
    one = material(agree=agree, **LIVE)
    assert question(scale(one, {TAX: [tax()], ENTITY: [entity("李娜")]}), one) is None


def test_a_source_trusted_less_than_asked_never_satisfies() -> None:
    assert stands(material(trust="A"), {TAX: [tax()]}).state is MaterialState.SATISFIED
    low = material(
        resource="market.company", release=["name"], requirement=[], trust="B",
    )  # fmt: skip
    company = record("market.company", {"name": "武汉甲公司", "code": CODE, "registered_on": "2019-01-02"})
    answer = stands(low, {"market.company": [company]}, read={"market.company": NOW})
    assert (answer.state, answer.reason, answer.facts) == (MaterialState.UNMET, "trust", ())
    assert not Trust.C.reaches(Trust.B)


def test_a_caller_without_the_right_to_a_field_does_not_get_it() -> None:
    right = Right("acceptance", "某法", quota=1, allowed=frozenset({f"{TAX}.state"}))
    answer = stands(material(), {TAX: [tax()]}, right=right)
    assert [fact.field for fact in answer.facts] == ["state"]
    nothing = Right("acceptance", "某法", quota=1, allowed=frozenset())
    answer = stands(material(), {TAX: [tax()]}, right=nothing)
    assert (answer.state, answer.reason, answer.facts) == (MaterialState.UNREACHABLE, "no_right", ())


def test_the_other_side_of_a_conflict_is_hidden_without_the_right_to_it() -> None:
    agree = [{"field": "legal_representative", "resource": ENTITY, "there": "legal_representative"}]
    right = Right("acceptance", "某法", quota=1, allowed=frozenset({f"{TAX}.state", f"{TAX}.legal_representative"}))
    answer = stands(material(agree=agree), {TAX: [tax()], ENTITY: [entity("李娜")]}, right=right)
    assert [one.there for one in answer.contradictions] == ["（无权查看）"]


PROMISE = {
    "ways": ["shared", "promise", "upload"],
    "promise": {"clause": "本人承诺", "verify_within_days": 20, "verified": False},
    "upload": "登记证复印件",
}


def test_what_is_left_is_told_with_its_words() -> None:
    answer = stands(material(**PROMISE), {})
    assert (answer.state, answer.way) == (MaterialState.MISSING, Way.PROMISE)
    assert answer.ways_left == (Way.PROMISE, Way.UPLOAD)
    assert (answer.promise, answer.upload) == ("本人承诺", "登记证复印件")


def test_a_promise_given_stands_for_the_material_and_a_record_goes_before_it() -> None:
    given = frozenset({"M1"})
    assert stands(material(**PROMISE), {}, promised=given).state is MaterialState.PROMISED
    assert stands(material(**PROMISE), {TAX: [tax()]}, promised=given).state is MaterialState.SATISFIED
    assert stands(material(), {}, promised=given).state is MaterialState.MISSING


LICENCE = {"ways": ["licence", "shared"], "licence": {"type": "food"}}


@pytest.mark.parametrize(
    ("until", "state", "way"),
    [
        ("2031-01-01", MaterialState.SATISFIED, Way.LICENCE),
        ("长期", MaterialState.SATISFIED, Way.LICENCE),
        ("2026-11-19", MaterialState.MISSING, None),
    ],
)
def test_a_licence_of_the_hub_in_force_goes_first(until: str, state: MaterialState, way: Way | None) -> None:
    own = OwnLicence("food", {"ZZMC": "食品经营许可证", "ZZBH": "食字1号", "ZZYXQJZRQ": until})
    answer = stands(material(**LICENCE), {}, licences=[own])
    assert (answer.state, answer.way) == (state, way)
    other = replace(own, licence_type="ngo")
    assert stands(material(**LICENCE), {}, licences=[other]).state is MaterialState.MISSING


def test_a_role_nobody_fills_is_missing() -> None:
    one = material(role="applicant")
    weighed = scale(one, {})
    empty = replace(weighed, facts=Facts({"applicant": None}, {"applicant": {}}))
    answer = weigh(empty, one)
    assert (answer.state, answer.reason) == (MaterialState.MISSING, "nobody")
