"""What an unknown table seems to be: kinds by the readers that will judge it, keys, names; nothing of people kept."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.dictionary import known_column
from schemas.infer import InferredColumn, Kind, cursor_candidates, infer, key_candidates
from schemas.records.base import Record
from tests.schemas.rows import citizen, company

BORN = [date(1980, 1, 1) + timedelta(days=37 * n) for n in range(60)]
ROWS: list[dict[str, Any]] = [
    {
        "证书编号": f"ZC{n:05d}",
        "姓名": f"测试{'甲乙丙丁戊己'[n % 6]}",
        "身份证号": citizen("420821", BORN[n], n),
        "单位名称": f"武汉测试{n % 7}号有限公司",
        "统一社会信用代码": company("420112", f"MA4K{n % 7:05d}"),
        "职称等级": ("初级", "中级", "高级")[n % 3],
        "发证日期": f"20{n % 20:02d}年3月{n % 28 + 1}日",
        "有效期至": "长期" if n % 2 else "2031-03-01",
        "缴费金额": f"{n},000.50" if n else "0.50",
        "联系电话": f"199{n:08d}",
        "是否在岗": str(n % 2),
        "更新时间": f"2026-03-0{n % 9 + 1} 08:09:{n:02d}",
        "所属月份": f"2026{n % 12 + 1:02d}",
        "地址": f"武汉市东西湖区测试路{n}号",
        "莫名列": "",
        "cd_batch": "1",
    }
    for n in range(60)
]
SEEN = {column.source: column for column in infer(list(ROWS[0]), ROWS)}


@pytest.mark.parametrize(
    ("source", "kind", "field"),
    [
        ("证书编号", Kind.SHORT, "certificate_no"), ("姓名", Kind.PERSON, "name"),
        ("身份证号", Kind.CITIZEN, "citizen_id"),
        ("单位名称", Kind.ORGANISATION, "organisation_name"), ("统一社会信用代码", Kind.CREDIT, "credit_code"),
        ("职称等级", Kind.CODES, "column_6"), ("发证日期", Kind.PAST_DAY, "issued_on"),
        ("有效期至", Kind.UNTIL, "valid_until"), ("缴费金额", Kind.YUAN, "amount"), ("联系电话", Kind.SHORT, "phone"),
        ("是否在岗", Kind.FLAG, "column_11"), ("更新时间", Kind.MOMENT, "updated_at"),
        ("所属月份", Kind.MONTH, "column_13"),
        ("地址", Kind.ADDRESS, "address"),
    ],
)  # fmt: skip
def test_each_column_is_recognised_and_named(source: str, kind: Kind, field: str) -> None:
    assert (SEEN[source].kind, SEEN[source].field) == (kind, field)


def test_what_only_travels_is_left_out_and_an_empty_column_is_no_certainty() -> None:
    assert "cd_batch" not in SEEN
    assert (SEEN["莫名列"].present, SEEN["莫名列"].named) == (0, False)


def test_a_value_set_is_proposed_for_words_seen_often_and_never_for_names() -> None:
    assert SEEN["职称等级"].values == ("中级", "初级", "高级")
    assert [column.source for column in SEEN.values() if column.values] == ["职称等级"]
    few = infer(["等级"], [{"等级": "初级"}, {"等级": "中级"}])
    assert few[0].values == ()


def test_keys_are_complete_and_unique_and_the_likeliest_comes_first() -> None:
    columns = tuple(SEEN.values())
    assert key_candidates(columns, ROWS)[:2] == (("证书编号",), ("身份证号",))
    assert ("姓名",) not in key_candidates(columns, ROWS)


def test_where_no_column_is_unique_a_pair_may_be() -> None:
    rows = [{"zjhm": citizen("420112", BORN[n // 2], n // 2), "xz": ("养老", "医疗")[n % 2]} for n in range(40)]
    columns = infer(["zjhm", "xz"], rows)
    assert key_candidates(columns, rows) == (("zjhm", "xz"),)
    assert key_candidates(columns, rows + rows) == ()


def test_columns_that_say_when_a_row_changed_are_found() -> None:
    assert cursor_candidates(tuple(SEEN.values()), [*ROWS[0], "CD_TIME"]) == ("CD_TIME", "更新时间")


@pytest.mark.parametrize("name", ["class", "key", "columns", "subjects", "model_fields", "label"])
def test_no_field_takes_a_name_that_python_or_a_record_has_already(name: str) -> None:
    (column,) = infer([name], [{name: "x1"}])
    assert not hasattr(Record, column.field)
    assert column.field.isidentifier()


def test_two_columns_never_get_one_name_nor_the_name_of_another_column() -> None:
    columns = infer(["姓名", "名称", "name"], [{"姓名": "测试甲", "名称": "测试乙", "name": "测试丙"}])
    assert len({column.field for column in columns}) == 3
    assert [column.field for column in columns].count("name") <= 1


def test_names_are_known_in_any_case_and_width() -> None:
    for name in ("NSRMC", " nsrmc ", "ｎｓｒｍｃ"):
        found = known_column(name)
        assert found is not None
        assert found.field == "taxpayer_name"
    assert known_column("从未见过的列") is None


def test_the_real_companies_are_recognised_without_their_schema_being_told(real_companies: Path) -> None:
    with real_companies.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if None not in row and None not in row.values()][:1500]
        seen = {column.source: column for column in infer(list(reader.fieldnames or ()), rows)}
    kinds = {name: column.kind for name, column in seen.items()}
    assert kinds["code"] is Kind.CREDIT
    assert kinds["registered_on"] is Kind.PAST_DAY
    assert kinds["capital"] is Kind.CAPITAL
    assert kinds["name"] is Kind.ORGANISATION
    assert key_candidates(tuple(seen.values()), rows)[0] == ("code",)
    assert all(not _holds(column, rows) for column in seen.values())


def _holds(column: InferredColumn, rows: list[dict[str, Any]]) -> bool:
    """Whether a proposal carries a value that only few rows have: that would be somebody's."""
    return any(sum(row[column.source] == value for row in rows) < 10 for value in column.values)
