"""Licence types: numbers, validity, faces, metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI
from schemas.dates import Validity
from schemas.errors import DeclarationBroken, FaceIncomplete, LicenceTypeUnknown
from schemas.identifiers import CreditCode, HolderCodeType, LicenceId
from schemas.items import item
from schemas.judge import judge
from schemas.licence_metadata import LicenceMetadata
from schemas.licence_types import FaceSources, LicenceType, ValidityRule, all_licence_types, fill, licence_type, load
from schemas.licence_types.loader import FOLDER

Row = Callable[..., dict[str, Any]]
MAN, COMPANY = "420112198001011015", "91420112MA0000001E"


def record(row: Row, schema: str, **changes: Any) -> Any:
    found = judge(schema, row(schema, **changes)).record
    assert found is not None
    return found


def sources(row: Row, kind: LicenceType) -> FaceSources:
    issued = date(2026, 3, 6)
    return FaceSources(
        evidence={material.code: record(row, material.resource) for material in item(kind.item).materials},
        accept=record(row, "bureau.accept"),
        result=record(row, "bureau.result"),
        number=kind.number(2026, 7),
        identifier=LicenceId.compose(kind.type_code, "11420112MB0000000M", "A1"),
        issued_on=issued,
        validity=kind.validity.from_day(issued),
        issuer_name="武汉市东西湖区行政审批局（测试）",
        issuer_code=CreditCode.parse("11420112MB0000000M"),
    )


def test_the_types_are_declared_and_say_they_are_unverified() -> None:
    assert set(all_licence_types()) == {
        "hr-service", "ngo", "food", "labour-dispatch", "public-place-hygiene", "publication-retail", "printing",
        "association", "entertainment",
    }  # fmt: skip
    for kind in all_licence_types().values():
        assert kind.type_code.startswith("11420000000000000Y")
        assert kind.type_code_verified is False
        assert kind.validity.verified is False
        assert "测试" in kind.number_format
        assert kind.seals


def test_numbers_are_told_apart_by_year_and_sequence() -> None:
    kind = licence_type("hr-service")
    assert kind.number(2026, 7) == "（测试）鄂武东西湖人服证字〔2026〕第00007号"
    for known in all_licence_types().values():
        assert len({known.number(year, seq) for year in (2026, 2027) for seq in (1, 2, 11, 99999)}) == 8
    with pytest.raises(ValueError, match="count from 1"):
        kind.number(2026, 0)


def test_a_validity_ends_the_day_before_its_anniversary() -> None:
    rule = ValidityRule(years=5, verified=False)
    assert rule.from_day(date(2026, 3, 6)) == Validity(date(2031, 3, 5))
    assert rule.from_day(date(2024, 2, 29)) == Validity(date(2029, 2, 28))
    assert ValidityRule(long_term=True, verified=False).from_day(date(2026, 3, 6)) == Validity(None)


def test_a_renewal_counts_from_the_old_end_or_from_the_decision_as_the_type_says() -> None:
    until, decided = date(2031, 3, 5), date(2031, 1, 10)
    assert ValidityRule(years=5, verified=False).renewed(until, decided) == Validity(date(2036, 3, 5))
    from_decision = ValidityRule(years=5, renewal="from_decision", verified=False)
    assert from_decision.renewed(until, decided) == Validity(date(2036, 1, 9))
    # late: the licence had ended, and no rule makes it valid backwards
    assert ValidityRule(years=5, verified=False).renewed(until, date(2031, 4, 1)) == Validity(date(2036, 3, 31))
    assert ValidityRule(years=5, verified=False).remind_days == (90, 30, 7)


def test_a_document_holds_both_sheets_and_the_line_of_a_person_is_marked() -> None:
    for kind in all_licence_types().values():
        assert kind.sheets == ("original", "copy")
        assert {line.key for line in kind.face if line.personal} == {"legal_rep"}
        assert [one.code for one in kind.items if one.issues] == [kind.item]


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 50))
def test_a_new_licence_is_valid_on_its_first_day_and_for_whole_years(day: date, years: int) -> None:
    validity = ValidityRule(years=years, verified=False).from_day(day)
    assert validity.covers(day)
    assert validity.until is not None
    assert 365 * years - 1 <= (validity.until - day).days <= 366 * years


FACES = {
    "hr-service": {
        "单位名称": "武汉测试人力资源有限公司",
        "统一社会信用代码": COMPANY,
        "法定代表人": "测试甲",
        "住所": "武汉市东西湖区测试路1号",
        "服务范围": "人力资源招聘、职业中介活动。",
        "编号": "（测试）鄂武东西湖人服证字〔2026〕第00007号",
        "有效期至": "2031年03月05日",
        "发证机关": "武汉市东西湖区行政审批局（测试）",
        "发证日期": "2026年03月06日",
    },
    "ngo": {
        "名称": "武汉市东西湖区测试托育服务中心",
        "统一社会信用代码": COMPANY,
        "法定代表人": "测试甲",
        "开办资金": "30万元",
        "业务范围": "为三周岁以下婴幼儿提供照护服务。",
        "住所": "武汉市东西湖区测试路1号",
        "业务主管单位": "武汉市东西湖区卫生健康局",
        "证书编号": "（测试）鄂武东西湖民证字〔2026〕第00007号",
        "有效期至": "2030年03月05日",
        "发证机关": "武汉市东西湖区行政审批局（测试）",
        "发证日期": "2026年03月06日",
    },
    "food": {
        "经营者名称": "武汉测试人力资源有限公司",
        "统一社会信用代码": COMPANY,
        "法定代表人（负责人）": "测试甲",
        "住所": "武汉市东西湖区测试路1号",
        "经营场所": "武汉市东西湖区测试路1号",
        "主体业态": "食品销售经营者",
        "经营项目": "人力资源招聘、职业中介活动。",
        "许可证编号": "（测试）JY1420112202600007",
        "有效期至": "2031年03月05日",
        "发证机关": "武汉市东西湖区行政审批局（测试）",
        "发证日期": "2026年03月06日",
    },
}


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_face_is_filled_in_order_from_its_sources(row: Row, name: str) -> None:
    kind = licence_type(name)
    filled = sources(row, kind)
    lines = [(line.label, words) for line, words in fill(kind, filled)]
    assert lines == [*FACES[name].items(), ("电子证照标识", filled.identifier.text)]
    assert MAN not in str(lines)


def test_a_licence_without_end_says_so(row: Row) -> None:
    kind = licence_type("ngo")
    lines = {line.key: words for line, words in fill(kind, replace(sources(row, kind), validity=Validity(None)))}
    assert lines["valid"] == "长期"


def test_a_face_with_a_gap_is_not_filled(row: Row) -> None:
    kind = licence_type("ngo")
    gap = replace(sources(row, kind), evidence={"M1": record(row, "civil.social_org", ywfw=None, kbzj="N/A")})
    with pytest.raises(FaceIncomplete, match="开办资金、业务范围"):
        fill(kind, gap)


def test_a_type_nobody_declared_is_an_error_of_its_own() -> None:
    with pytest.raises(LicenceTypeUnknown, match="HUB-222"):
        licence_type("business")


BROKEN = [
    ("〔{year}〕第{seq:05d}号", "〔{year}〕号"),
    ("〔{year}〕第{seq:05d}号", "〔{year}〕第{seq:05d}号{seq}"),
    ("years = 5, renewal", "renewal"),
    ("years = 5, renewal", "years = 5, long_term = true, renewal"),
    ('type_code = "11420000000000000Y001"', 'type_code = "11420000000000000Y01"'),
    ('seals = ["bureau"]', "seals = []"),
    ('sheets = ["original", "copy"]', 'sheets = ["copy"]'),
    ('sheets = ["original", "copy"]', "sheets = []"),
    ("remind_days = [90, 30, 7]", "remind_days = [7, 30]"),
    ("remind_days = [90, 30, 7]", "remind_days = [0]"),
    ('renewal = "from_end"', 'renewal = "from_birth"'),
    ('item = "11420112MB0000000M3000199001000"', 'item = "11420112MB0000000M3000199002000"'),
    ('field = "taxpayer_name"', 'field = "taxpayer"'),
    ('field = "taxpayer_name"', 'field = "legal_representative_id"'),
    ('field = "taxpayer_name"', 'field = "capital"'),
    ('source = "evidence", material = "M1", field = "address"', 'source = "accept", field = "applicant_number"'),
    ('source = "evidence", material = "M1", field = "address"', 'source = "result", field = "nothing"'),
    ('source = "evidence", material = "M1", field = "address"', 'source = "text", field = "x"'),
    ('source = "evidence", material = "M1", field = "address"', 'source = "evidence", field = "address"'),
    ('source = "licence", field = "number"', 'source = "licence", field = "numbers"'),
    ('source = "issuer", field = "name"', 'source = "issuer", field = "names"'),
    ('label = "住所"', 'label = "单位名称"'),
    ('key = "address"', 'key = "holder"'),
    ('key = "address"', 'key = "Address"'),
]


@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_a_wrong_declaration_is_refused_with_its_file(tmp_path: Path, right: str, wrong: str) -> None:
    text = (FOLDER / "hr-service.toml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "some.toml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(DeclarationBroken, match=r"some\.toml"):
        load(tmp_path)


# --- metadata ---


def metadata(**changes: Any) -> LicenceMetadata:
    identifier = LicenceId.compose("11420000000000000Y001", "11420112MB0000000M", "A1")
    values: dict[str, Any] = {
        "name": "人力资源服务许可证",
        "type_code": "11420000000000000Y001",
        "number": "（测试）鄂武东西湖人服证字〔2026〕第00007号",
        "identifier": identifier.text,
        "issuer": "武汉市东西湖区行政审批局（测试）",
        "issuer_code": "11420112MB0000000M",
        "issued_on": date(2026, 3, 6),
        "holder": "武汉测试人力资源有限公司",
        "holder_code": COMPANY,
        "holder_code_word": "统一社会信用代码",
        "holder_code_type": HolderCodeType.CREDIT_CODE,
        "valid_from": date(2026, 3, 6),
        "valid_until": Validity(None),
        "seal_name": "武汉市东西湖区行政审批局（测试）",
        "sealed_at": datetime(2026, 3, 6, 10, tzinfo=SHANGHAI),
        "created_at": datetime(2026, 3, 6, 9, 59, tzinfo=SHANGHAI),
        "extension": {"KZ_FWFW": "职业中介活动"},
    }
    return LicenceMetadata.model_validate({**values, **changes})


def test_metadata_is_written_under_the_standards_codes_and_comes_back() -> None:
    given_ = metadata()
    elements = given_.elements()
    assert list(elements) == [
        "ZZMC", "ZZLXDM", "ZZBH", "ZZBS", "ZZBFJG", "ZZBFJGDM", "ZZBFRQ", "CZZT", "CZZTDM", "CZZTDMLX", "CZZTDMLXDM",
        "ZZYXQQSRQ", "ZZYXQJZRQ", "ZZQZSJ", "ZZQZMC", "CJSJ", "KZ_FWFW",
    ]  # fmt: skip
    assert elements["ZZYXQJZRQ"] == "长期"
    assert elements["ZZBFRQ"] == "2026-03-06"
    assert elements["ZZQZSJ"] == "2026-03-06 10:00:00"
    assert all(isinstance(text, str) for text in elements.values())
    assert LicenceMetadata.of_elements(elements) == given_
    assert COMPANY not in repr(given_)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer_code": COMPANY},
        {"type_code": "11420000000000000Y002"},
        {"identifier": "1.2.156.3005.2.x"},
        {"issuer_code": "11420112MB0000000X"},
        {"holder_code": MAN},
        {"holder_code_type": HolderCodeType.CITIZEN},
        {"valid_until": Validity(date(2026, 3, 5))},
        {"issued_on": "昨天"},
        {"created_at": datetime(2026, 3, 6)},  # noqa: DTZ001
        {"extension": {"FWFW": "x"}},
        {"name": ""},
        {"surplus": "x"},
    ],
)
def test_metadata_that_contradicts_itself_is_refused_without_showing_values(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error") as error:
        metadata(**changes)
    assert COMPANY not in str(error.value)
    assert MAN not in str(error.value)
