"""Judging rows: every reason, all faults at once, nothing leaked, never an exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import SchemaUnknown
from schemas.identifiers.citizen import check_character
from schemas.judge import canonical, judge, judge_deletion, restore
from schemas.reasons import NOTES, REASONS, meaning
from schemas.registry import MODELS, model, names

Row = Callable[..., dict[str, Any]]
MAN = "420112198001011015"


def codes(schema: str, row: dict[str, Any], **options: Any) -> list[str]:
    return [reason.code for reason in judge(schema, row, **options).reasons]


def body_and_check(body: str) -> str:
    return body + check_character(body)


REFUSED = [
    ("tax.registration", {"nsrmc": None}, "R-001", "taxpayer_name"),
    ("tax.registration", {"nsrmc": " \u3000"}, "R-001", "taxpayer_name"),
    ("tax.registration", {"nsrmc": "N/A"}, "R-001", "taxpayer_name"),
    ("tax.registration", {"nsrmc": 7}, "R-002", "taxpayer_name"),
    ("tax.registration", {"sfzhm": 420112198001011015}, "R-002", "legal_representative_id"),
    ("tax.registration", {"zczb": 3.5}, "R-002", "capital"),
    ("hr.insurance", {"jfjs": 5000.5}, "R-002", "base"),
    ("hr.insurance", {"jfjs": Decimal("NaN")}, "R-002", "base"),
    ("bureau.accept", {"task_code": "11420112MB"}, "R-002", "item_code"),
    ("tax.registration", {"qyzt": "正常营业"}, "R-003", "state"),
    ("bureau.result", {"is_delivery_results": "2"}, "R-003", "delivered"),
    ("market.company", {"source_year": "20160"}, "R-003", "source_year"),
    ("tax.registration", {"nsrmc": "测" * 201}, "R-004", "taxpayer_name"),
    ("tax.registration", {"jyfw": "测" * 2001}, "R-004", "scope"),
    ("tax.registration", {"NSRMC": "另一家有限公司"}, "R-005", "taxpayer_name"),
    ("tax.registration", {"nsrmc": "武汉\ufffd公司"}, "R-006", "taxpayer_name"),
    ("hr.vocational", {"xm": "娴嬭瘯鐢"}, "R-006", "name"),
    ("tax.registration", {"sfzhm": MAN[:-1]}, "R-010", "legal_representative_id"),
    ("hr.insurance", {"zjhm": MAN[:-1] + "0"}, "R-011", "citizen_id"),
    ("tax.registration", {"sfzhm": body_and_check("42011219801301101")}, "R-012", "legal_representative_id"),
    ("tax.clearance", {"shxydm": "420112000012345"}, "R-020", "credit_code"),
    ("market.company", {"code": "91420112MA0000001F"}, "R-021", "credit_code"),
    ("tax.registration", {"djrq": "2019-02-30"}, "R-040", "registered_on"),
    ("tax.registration", {"update_time": "昨天"}, "R-040", "updated_at"),
    ("hr.insurance", {"jfqz": "202613"}, "R-040", "paid_through"),
    ("civil.social_org", {"yxqz": "很久"}, "R-040", "valid_until"),
    ("tax.clearance", {"skssqz": "2025-04-01"}, "R-041", "period_to"),
    ("civil.social_org", {"yxqz": "2015-05-31"}, "R-041", "valid_until"),
    ("bureau.accept", {"accept_date": "2026-02-28"}, "R-041", "accepted_on"),
    ("tax.registration", {"fzch": "2016-02-02"}, "R-041", "abnormal_since"),
    ("civil.marriage", {"op_date": "1979-12-31", "birth_woman": None}, "R-041", "registered_on"),
    ("tax.registration", {"djrq": "2099-01-01"}, "R-042", "registered_on"),
    ("tax.clearance", {"sjje": "约三千"}, "R-050", "paid"),
    ("tax.registration", {"zczb": "以章程为准"}, "R-050", "capital"),
    ("civil.social_org", {"kbzj": "若干"}, "R-050", "capital"),
    ("hr.insurance", {"csrq": "1980-01-02"}, "R-060", "born"),
    ("civil.marriage", {"birth_man": "19800102"}, "R-060", "man_born"),
    ("hr.vocational", {"xb": "2"}, "R-061", "sex"),
    ("civil.marriage", {"cert_num_woman": MAN, "birth_woman": "1980-01-01"}, "R-061", "woman_number"),
    ("civil.marriage", {"cert_type_man": "414", "cert_num_man": "护照"}, "R-002", "man_number"),
    ("bureau.accept", {"applyer_page_type": "111"}, "R-010", "applicant_number"),
    ("platform.licence", {"certificate_area_code": "东西湖"}, "R-030", "area"),
    ("platform.licence", {"holder_code": "91420112MA0000001F"}, "R-021", "holder_number"),
    ("platform.permit", {"xkjz": "2020-03-03"}, "R-041", "valid_until"),
    ("platform.legal_person", {"jyjzrq": "2016-01-31"}, "R-041", "valid_until"),
    ("market.entity", {"opto": "2016-01-31"}, "R-041", "valid_until"),
    ("market.entity", {"regcap": "1000万元"}, "R-002", "capital"),
    ("market.person", {"cerno": MAN[:-1] + "0"}, "R-011", "number"),
    ("housing.title", {"mj": "八十九"}, "R-002", "area"),
    ("housing.title", {"qlrzjh": f"{MAN},{MAN}"}, "R-002", "owner_number"),
    ("police.birth", {"mqgmsfhm": MAN}, "R-061", "mother_id"),
    ("health.birth_certificate", {"hrb01_01_029": "420112198203042020"}, "R-061", "father_number"),
    ("education.qualification", {"enrolled_on": "2003-09-01"}, "R-041", "graduated_on"),
]
#: No column of the resources holds a licence identifier of its own.
ONLY_IN_IDENTIFIERS = {"R-070", "R-071"}
#: Said by the person a record is about, and never by a schema.
ONLY_BY_PEOPLE = {"R-080"}


@pytest.mark.parametrize(("schema", "changes", "code", "field"), REFUSED)
def test_each_fault_is_told_by_its_code_and_field(
    row: Row, schema: str, changes: dict[str, Any], code: str, field: str
) -> None:
    verdict = judge(schema, row(schema, **changes))
    assert verdict.record is None
    assert [(reason.code, reason.field) for reason in verdict.reasons] == [(code, field)]
    (reason,) = verdict.reasons
    assert reason.text == REASONS[code].chinese
    assert reason.column == model(schema).column_of[field]
    for value in changes.values():
        shown = str(value or "").strip()
        assert len(shown) < 4 or shown not in repr(verdict)


def test_every_reason_is_reached_by_some_test() -> None:
    assert {code for _, _, code, _ in REFUSED} | ONLY_IN_IDENTIFIERS | ONLY_BY_PEOPLE == set(REASONS)


def test_a_good_row_of_every_schema_is_accepted(row: Row, schema: str) -> None:
    verdict = judge(schema, row(schema))
    assert verdict.record is not None
    assert (verdict.reasons, verdict.unknown) == ((), ())


def test_any_letter_case_and_the_columns_of_the_exchange_are_accepted(row: Row, schema: str) -> None:
    plain = judge(schema, row(schema))
    travelling = {"ROW_GUID": "x", "cd_batch": "1", "cd_operation": "I", "CD_TIME": None, "data_source": "1"}
    for change in (str.upper, str.title):
        verdict = judge(schema, {change(name): value for name, value in row(schema).items()} | travelling)
        assert verdict.record == plain.record
        assert verdict.unknown == ()


def test_english_field_names_are_accepted(row: Row, schema: str) -> None:
    by_column = judge(schema, row(schema)).record
    english = {
        model(schema).field_of[name]: value for name, value in row(schema).items() if name in model(schema).field_of
    }
    assert judge(schema, english).record == by_column


def test_all_faults_of_a_row_are_told_in_order(row: Row) -> None:
    verdict = judge(
        "tax.registration",
        row(
            "tax.registration",
            shxydm="91420112MA0000001F",
            sfzhm=MAN[:-1] + "0",
            djrq="2019-02-30",
            qyzt="不明",
            zczb="若干",
            nsrmc=None,
            fddbrxm="\ufffd",
            update_time=5,
            jyfw="测" * 2001,
        ),
    )
    assert [(reason.field, reason.code) for reason in verdict.reasons] == [
        ("capital", "R-050"),
        ("credit_code", "R-021"),
        ("legal_representative", "R-006"),
        ("legal_representative_id", "R-011"),
        ("registered_on", "R-040"),
        ("scope", "R-004"),
        ("state", "R-003"),
        ("taxpayer_name", "R-001"),
        ("updated_at", "R-002"),
    ]


def test_rules_across_columns_are_told_beside_faults_of_columns(row: Row) -> None:
    bad = row("hr.insurance", csrq="1980-01-02", xb="2", jfzt="不明", cbrq="1979-01-01")
    assert [(reason.field, reason.code) for reason in judge("hr.insurance", bad).reasons] == [
        ("born", "R-060"),
        ("insured_since", "R-041"),
        ("payment_state", "R-003"),
        ("sex", "R-061"),
    ]


def test_both_faults_of_one_number_are_told(row: Row) -> None:
    assert codes("tax.registration", row("tax.registration", sfzhm="420112198013011010")) in (
        ["R-011", "R-012"],
        ["R-012"],
    )


def test_a_number_whose_kind_is_refused_is_not_judged(row: Row) -> None:
    assert codes("civil.marriage", row("civil.marriage", cert_type_man="什么", cert_num_man="中文")) == ["R-003"]
    assert codes("civil.marriage", row("civil.marriage", cert_type_man=None, cert_num_man="中文")) == ["R-001"]


def test_a_row_that_could_not_be_cut_has_that_one_reason(row: Row) -> None:
    verdict = judge("hr.insurance", row("hr.insurance", zjhm="x"), problem="7 values under 6 names")
    assert [(reason.code, reason.field) for reason in verdict.reasons] == [("R-005", "")]


def test_a_company_shifted_by_a_comma_is_recognised(row: Row) -> None:
    shifted = row("market.company", type="35(万新加坡元)", capital="EXAMPLE", legal_rep_masked="C****")
    assert codes("market.company", shifted) == ["R-005", "R-050"]
    assert codes("market.company", row("market.company", type="3类企业")) == []


NOTED = [
    ("tax.registration", {"nsrmc": "\u3000武汉测试有限公司 "}, "N-001", "taxpayer_name"),
    ("tax.registration", {"sfzhm": f" {MAN}"}, "N-001", "legal_representative_id"),
    ("tax.registration", {"shxydm": "91420112ma0000001e"}, "N-002", "credit_code"),
    ("hr.insurance", {"zjhm": "420112800101101"}, "N-003", "citizen_id"),
    ("tax.registration", {"jyfw": "n/a"}, "N-004", "scope"),
    ("tax.registration", {"jyfw": "Ｎ／Ａ"}, "N-004", "scope"),
    ("tax.registration", {"nsrmc": "测试(武汉)有限公司"}, "N-005", "taxpayer_name"),
    ("tax.registration", {"djrq": "2016年2月3日"}, "N-006", "registered_on"),
    ("civil.social_org", {"yxqz": "长期有效"}, "N-006", "valid_until"),
    ("tax.registration", {"zczb": "1,000(万)"}, "N-007", "capital"),
]


@pytest.mark.parametrize(("schema", "changes", "code", "field"), NOTED)
def test_each_normalisation_is_accepted_and_noted(
    row: Row, schema: str, changes: dict[str, Any], code: str, field: str
) -> None:
    verdict = judge(schema, row(schema, **changes))
    assert verdict.record is not None
    notes = {(note.code, note.field) for note in verdict.notes}
    usual = {(note.code, note.field) for note in judge(schema, row(schema)).notes} - {("N-007", "capital")}
    assert notes - usual - {("N-007", "capital")} == {(code, field)} - {("N-007", "capital")}
    assert (code, field) in notes


def test_every_note_is_reached_by_some_test() -> None:
    assert {code for _, _, code, _ in NOTED} == set(NOTES)


def test_an_unknown_column_is_reported_and_no_reason_to_refuse(row: Row) -> None:
    verdict = judge("tax.registration", row("tax.registration", xinlie="1", Zweite=None))
    assert verdict.record is not None
    assert verdict.unknown == ("Zweite", "xinlie")


def test_what_the_database_driver_hands_out_is_read_too(row: Row) -> None:
    accepted = judge(
        "bureau.accept",
        row("bureau.accept", apply_date=datetime(2026, 3, 1, 9, 0), accept_date=date(2026, 3, 2)),  # noqa: DTZ001
    )
    assert accepted.record == judge("bureau.accept", row("bureau.accept")).record
    late = datetime(2026, 3, 1, 20, tzinfo=UTC)
    registered = judge("tax.registration", row("tax.registration", djrq=late)).record
    assert getattr(registered, "registered_on") == date(2026, 3, 2)  # noqa: B009
    paid = judge("tax.clearance", row("tax.clearance", sjje=Decimal("1234.50"), qsje=0)).record
    assert paid == judge("tax.clearance", row("tax.clearance")).record


def test_today_is_not_the_future_and_tomorrow_is(row: Row) -> None:
    today = date(2026, 3, 6)
    assert codes("bureau.result", row("bureau.result"), today=today) == []
    assert codes("bureau.result", row("bureau.result"), today=today - timedelta(days=1)) == ["R-042"]


def test_a_contact_number_of_unstated_kind_is_kept(row: Row) -> None:
    record = judge("bureau.accept", row("bureau.accept", contact_type=None)).record
    assert getattr(record, "contact_number").number == MAN  # noqa: B009


def test_a_schema_nobody_knows_is_an_error_of_the_caller() -> None:
    with pytest.raises(SchemaUnknown, match=r"tax\.registration"):
        judge("tax.registrations", {})
    assert names() == tuple(sorted(MODELS))


# --- keys, subjects, deletions ---

KEYS = {
    "civil.marriage": "J420112-2010-000001",
    "civil.social_org": "91420112MA0000001E",
    "tax.registration": "91420112MA0000001E",
    "tax.clearance": "342011000000001",
    "hr.insurance": "420112198001011015+职工养老",
    "hr.vocational": "1617000001",
    "bureau.accept": "42011220260301000001",
    "bureau.result": "42011220260301000001",
    "market.company": "91420112MA0000001E",
    "market.entity": "4201120000000001",
    "market.person": "4201120000000001+111:420112198001011015+432A",
    "police.household": "420112198001011015",
    "police.birth": "420112202001010001",
    "health.birth_certificate": "T420000001",
    "housing.title": "鄂（2020）武汉市东西湖不动产权第0000001号+420112001001GB00001F00010001+111:420112198001011015",
    "housing.fund": "420000000001",
    "education.enrolment": "42011220190601002X+武汉市东西湖区测试小学+2025-09-01",
    "education.qualification": "100000202005000001",
    "platform.legal_person": "FR000000000000000001",
    "platform.permit": "人力资源服务许可证+42011220200001",
    "platform.licence": "1.2.156.3005.2.TEST.1",
}
SUBJECTS = {
    "civil.marriage": {("citizen", "420112198001011015"), ("citizen", "420112198203042020")},
    "civil.social_org": {("company", "91420112MA0000001E")},
    "tax.registration": {("company", "91420112MA0000001E")},
    "tax.clearance": {("company", "91420112MA0000001E")},
    "hr.insurance": {("citizen", "420112198001011015")},
    "hr.vocational": {("citizen", "420112198001011015")},
    "bureau.accept": {("company", "91420112MA0000001E"), ("case", "42011220260301000001")},
    "bureau.result": {("case", "42011220260301000001")},
    "market.company": {("company", "91420112MA0000001E")},
    "market.entity": {
        ("company", "91420112MA0000001E"),
        ("other", "4201120000000001"),
        ("organisation_code", "MA0000001"),
        ("registration_number", "420112000000001"),
    },
    "market.person": {("citizen", "420112198001011015"), ("other", "4201120000000001")},
    "police.household": {("citizen", "420112198001011015")},
    "police.birth": {
        ("citizen", "42011220190601002X"),
        ("citizen", "420112198001011015"),
        ("citizen", "420112198203042020"),
    },
    "health.birth_certificate": {
        ("citizen", "420112198203042020"),
        ("citizen", "420112198001011015"),
        ("other", "T420000001"),
    },
    "housing.title": {("citizen", "420112198001011015"), ("other", "420112001001GB00001F00010001")},
    "housing.fund": {("citizen", "420112198001011015")},
    "education.enrolment": {("citizen", "42011220190601002X")},
    "education.qualification": {("citizen", "420112198001011015")},
    "platform.legal_person": {
        ("company", "91420112MA0000001E"),
        ("organisation_code", "MA0000001"),
        ("registration_number", "420112000000001"),
    },
    "platform.permit": {("company", "91420112MA0000001E")},
    "platform.licence": {("company", "91420112MA0000001E")},
}


def test_key_and_subjects_are_as_the_resource_defines_them(row: Row, schema: str) -> None:
    record = judge(schema, row(schema)).record
    assert record is not None
    assert record.key() == KEYS[schema]
    assert {(subject.kind, subject.value) for subject in record.subjects()} == SUBJECTS[schema]
    assert not any(subject.value in repr(subject) for subject in record.subjects())


def test_a_foreign_spouse_is_a_subject_of_another_kind(row: Row) -> None:
    record = judge("civil.marriage", row("civil.marriage", cert_type_man="414", cert_num_man="e12345678")).record
    assert record is not None
    first, _ = record.subjects()
    assert (first.kind, first.value) == ("other", "E12345678")


@pytest.mark.parametrize(
    ("schema", "changes", "found"),
    [
        ("market.entity", {"uniscid": None}, {("registration_number", "420112000000001")}),
        ("market.entity", {"regno": None}, {("organisation_code", "MA0000001")}),
        ("market.entity", {"uniscid": None, "regno": "武工商0012"}, set()),
        (
            "platform.legal_person",
            {"tyxydm": None, "zzjgdm": "d2143569-x"},
            {("organisation_code", "D2143569X"), ("registration_number", "420112000000001")},
        ),
        ("platform.legal_person", {"tyxydm": None, "zzjgdm": "无", "djzch": "12"}, set()),
        # what a column says beside the credit code leads to the record too, even where the two are not one
        (
            "platform.legal_person",
            {"zzjgdm": "12345678-9", "djzch": None},
            {("organisation_code", "MA0000001"), ("organisation_code", "123456789")},
        ),
    ],
)
def test_an_organisation_is_found_by_its_numbers_of_before_2015(
    row: Row, schema: str, changes: dict[str, str | None], found: set[tuple[str, str]]
) -> None:
    record = judge(schema, row(schema, **changes)).record
    assert record is not None
    old = {one for one in map(tuple, record.subjects()) if one[0] in ("registration_number", "organisation_code")}
    assert old == found
    assert record.subjects()[0].kind in ("company", "other")


def test_an_old_number_and_a_new_one_are_one_key(row: Row) -> None:
    old = judge("hr.insurance", row("hr.insurance", zjhm="420112800101101")).record
    assert old is not None
    assert old.key() == KEYS["hr.insurance"]


def test_a_deletion_needs_its_key_and_nothing_else(row: Row, schema: str) -> None:
    columns = {model(schema).column_of[name] for name in model(schema).key_fields}
    deletion = {name: value if name in columns else None for name, value in row(schema).items()}
    assert judge_deletion(schema, deletion) == KEYS[schema]
    refused = judge_deletion(schema, dict.fromkeys(deletion))
    assert not isinstance(refused, str)
    assert {reason.code for reason in refused} == {"R-001"}
    spoilt = {**row(schema), **dict.fromkeys(columns, "\ufffd")}
    garbled = judge_deletion(schema, spoilt)
    assert not isinstance(garbled, str)
    assert {reason.code for reason in garbled} == {"R-006"}


def test_a_deletion_is_not_refused_for_what_it_does_not_need(row: Row) -> None:
    assert judge_deletion("tax.registration", row("tax.registration", sfzhm="x", qyzt="?")) == KEYS["tax.registration"]


# --- leaks and robustness ---


def test_a_record_prints_nothing_of_itself(row: Row, schema: str) -> None:
    verdict = judge(schema, row(schema))
    for shown in (repr(verdict), str(verdict.record), repr([verdict.record]), f"{verdict.record}"):
        for value in row(schema).values():
            assert value is None or len(value) < 6 or value not in shown


def test_pydantics_own_error_shows_no_value(row: Row) -> None:
    bad = row("tax.registration", sfzhm=MAN[:-1] + "0", nsrmc="测" * 300, qyzt="不明状态")
    with pytest.raises(ValueError, match="3 validation errors") as error:
        model("tax.registration").model_validate(bad)
    for value in (MAN[:-1], "测测", "不明状态"):
        assert value not in str(error.value)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=30),
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_no_row_whatever_makes_it_raise(row: Row, schema: str, data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from(sorted(row(schema))), max_size=6))
    spoilt = row(schema, **{name: data.draw(anything) for name in columns})
    spoilt |= data.draw(st.dictionaries(st.one_of(st.text(max_size=5), st.none(), st.integers()), anything, max_size=2))
    verdict = judge(schema, spoilt)
    assert (verdict.record is None) is bool(verdict.reasons)
    assert list(verdict.reasons) == sorted(verdict.reasons, key=lambda reason: (reason.field, reason.code))
    judge_deletion(schema, spoilt)
    if verdict.record is not None:
        payload = canonical(verdict.record)
        assert restore(schema, payload) == verdict.record
        assert canonical(restore(schema, payload)) == payload


def test_every_code_has_both_texts() -> None:
    for code in (*REASONS, *NOTES):
        assert meaning(code).chinese
        assert meaning(code).english.isascii() or "15" in meaning(code).english
