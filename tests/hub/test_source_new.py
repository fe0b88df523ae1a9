"""A new source from a sample: what is read, what is written, what is never written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2
import pytest

from connectors.declaration import RESOURCES, load
from hub.source_new import Answers, KeyUnknown, NameRefused, Plan, WouldOverwrite, plan_source, write_source
from hub.source_register import Level, check_sources, state_of
from hub.source_sample import Sample, SampleRefused, SampleUnreachable, read_sample, read_table
from schemas.infer import Kind
from store.freshness import Known
from tests.schemas.rows import citizen, company

HEADER = ["证书编号", "姓名", "身份证号", "单位代码", "等级", "发证日期", "金额"]
LINES = [
    [
        f"ZC{n:04d}", f"测试{'甲乙丙丁'[n % 4]}", citizen("420112", date(1980, 1, 1 + n % 28), n),
        company("420112", f"MA4K{n % 9:05d}"), ("初级", "中级", "高级")[n % 3], f"2020-0{n % 9 + 1}-15", f"{n + 1}.50",
    ]
    for n in range(60)
]  # fmt: skip


def as_csv(folder: Path, *, encoding: str = "utf-8", lines: list[list[str]] | None = None) -> Path:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADER, *(lines or LINES)])
    path = folder / "sample.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def as_xlsx(folder: Path, _: str = "") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["职称证书一览表"])
    sheet.append([])
    sheet.append(HEADER)
    for line in LINES:
        sheet.append([*line[:5], datetime.fromisoformat(line[5]), float(line[6])])
    path = folder / "sample.xlsx"
    book.save(path)
    return path


def as_json(folder: Path) -> Path:
    path = folder / "answer.json"
    rows = [dict(zip(HEADER, line, strict=True)) for line in LINES]
    path.write_text(json.dumps({"code": "200", "data": {"total": 60, "list": rows}}), encoding="utf-8")
    return path


def as_ndjson(folder: Path) -> Path:
    path = folder / "rows.json"
    rows = [dict(zip(HEADER, line, strict=True)) for line in LINES]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [as_csv, as_xlsx, as_json, as_ndjson])
def test_every_form_of_sample_leads_to_the_same_proposal(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    plan = plan_source("hr.title", read_sample(write(tmp_path)))
    assert [(column.source, column.kind) for column in plan.columns] == [
        ("证书编号", Kind.SHORT), ("姓名", Kind.PERSON), ("身份证号", Kind.CITIZEN), ("单位代码", Kind.CREDIT),
        ("等级", Kind.CODES), ("发证日期", Kind.PAST_DAY), ("金额", Kind.YUAN),
    ]  # fmt: skip
    assert plan.key == ("证书编号",)
    assert plan.rows == 60


def test_a_sample_in_gb18030_is_read(tmp_path: Path) -> None:
    assert read_sample(as_csv(tmp_path, encoding="gb18030")).columns == tuple(HEADER)


def test_a_table_is_read_with_its_primary_key(database_url: str) -> None:
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "create table up_title (row_guid text, cd_time timestamp, cd_operation text, zsbh text primary key, "
            "xm text, sfzh text)"
        )
        for number, line in enumerate(LINES):
            cursor.execute(
                "insert into up_title values (%s, now(), 'I', %s, %s, %s)", (str(number), line[0], line[1], line[2])
            )
    connection.close()
    sample = read_table(database_url, "up_title", limit=50)
    assert (sample.key, len(sample.rows)) == (("zsbh",), 50)
    plan = plan_source("hr.title", sample)
    assert [column.field for column in plan.columns] == ["certificate_no", "name", "citizen_id"]
    assert plan.cursor_candidates == ("cd_time",)
    assert 'protocol = "exchange_db"\ntable = "up_title"' in plan.files[0].text
    with pytest.raises(SampleRefused, match="SQLSTATE 42P01"):
        read_table(database_url, "nothing")


def test_a_database_that_is_down_is_tried_again_later_and_no_password_is_told() -> None:
    with pytest.raises(SampleUnreachable) as caught:
        read_table("postgresql://hub:geheim@127.0.0.1:1/x", "up_title")
    assert "geheim" not in str(caught.value)
    with pytest.raises(SampleRefused) as refused:
        read_table("host=x geheim geheim2", "up_title")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "header"), ("甲,乙\n".encode(), "no rows"), (b"a;b;c\n1;2;3\n", "another sign"),
        (b'{"code": "200"', "neither one JSON"), (b"[]", "no rows"), (b"PK\x03\x04broken", "workbook"),
        ("甲,乙\n1,".encode() + b"\xff\xfe\xfd\n", "UTF-8 damaged on line 2"),
    ],
)  # fmt: skip
def test_what_is_no_sample_is_refused_with_what_to_do(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "sample"
    path.write_bytes(content)
    with pytest.raises(SampleRefused, match=told):
        read_sample(path)


def test_rows_that_cannot_be_cut_are_counted_and_left_out(tmp_path: Path) -> None:
    plan = plan_source(
        "hr.title", read_sample(as_csv(tmp_path, lines=[*LINES, ["多", "一", "个", "逗", "号", "的", "行", "!"]]))
    )
    assert plan.rows == 60
    assert any("1 rows of the sample" in remark for remark in plan.remarks)


def test_no_value_of_a_row_stands_in_any_file(tmp_path: Path) -> None:
    plan = plan_source("hr.title", read_sample(as_csv(tmp_path)))
    for file in plan.files:
        for line in LINES:
            for value in (line[0], line[2]):
                assert value not in file.text
        assert "测试乙" not in file.text
    assert plan.columns[4].values == ("中级", "初级", "高级")


def test_a_value_that_tries_to_leave_its_quotes_stays_text(tmp_path: Path) -> None:
    rows = [{"编号": f"{n}", '坏"""列\\': f'"""\\{n % 2}'} for n in range(60)]
    sample = Sample("csv", 'sa"""mple\n.csv', tuple(rows[0]), tuple(rows))
    plan = plan_source("hr.title", sample, Answers(title='标题"""\n'))
    for file in plan.files:
        if file.path.suffix == ".py":
            compile(file.text, str(file.path), "exec")
    (tmp_path / "hr.title.toml").write_text(plan.files[0].text, encoding="utf-8")
    assert load(tmp_path / "hr.title.toml").columns == tuple(rows[0])


def test_nothing_that_exists_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    plan = plan_source("hr.title", read_sample(as_csv(tmp_path)))
    root = tmp_path / "root"
    last = root / plan.files[2].path
    last.parent.mkdir(parents=True)
    last.write_text("mine", encoding="utf-8")
    with pytest.raises(WouldOverwrite, match="Nothing was written"):
        write_source(plan, root)
    assert last.read_text(encoding="utf-8") == "mine"
    assert not (root / plan.files[0].path).exists()
    last.unlink()
    assert all(path.is_file() for path in write_source(plan, root))


@pytest.mark.parametrize(
    "name", ["title", "Hr.title", "hr.", "hr.ti-tle", "../x.y", "hr.title.more", "tax.registration"]
)
def test_a_name_that_is_none_or_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameRefused):
        plan_source(name, read_sample(as_csv(tmp_path)))


def test_a_key_that_is_not_there_is_refused_and_a_missing_one_asked_for(tmp_path: Path) -> None:
    sample = read_sample(as_csv(tmp_path))
    with pytest.raises(KeyUnknown, match="no column 身份"):
        plan_source("hr.title", sample, Answers(key=("身份",)))
    same = Sample("csv", "same.csv", ("甲",), ({"甲": "1"},) * 30)
    with pytest.raises(KeyUnknown, match="--key"):
        plan_source("hr.title", same)


def test_a_known_department_keeps_its_name_and_a_new_one_is_taken_or_left_open(tmp_path: Path) -> None:
    sample = read_sample(as_csv(tmp_path))
    assert 'zh = "人社"' in plan_source("hr.title", sample, Answers(department_zh="别名")).files[0].text
    assert 'zh = "文旅"' in plan_source("culture.site", sample, Answers(department_zh="文旅")).files[0].text
    assert 'zh = "TODO' in plan_source("culture.site", sample).files[0].text


def test_the_new_declaration_is_never_healthy_and_says_what_is_missing(tmp_path: Path) -> None:
    plan = plan_source("hr.title", read_sample(as_csv(tmp_path)))
    write_source(plan, tmp_path)
    (checked,) = check_sources(tmp_path / plan.files[0].path)
    assert not checked.complete
    assert checked.state == "未开通"
    missing = {finding.text.partition(" ")[0] for finding in checked.findings if finding.level is Level.MISSING}
    assert missing == {"title", "owner", "legal_basis", "freshness"}
    # the schema's file lies in another checkout than the one that runs
    assert [finding.text[:20] for finding in checked.findings if finding.level is Level.WRONG] == [
        "no schema is called "
    ]


# --- the register ---


def test_every_declaration_of_the_house_is_complete() -> None:
    checked = check_sources()
    assert len(checked) >= 16
    assert [(one.name, one.findings) for one in checked if not one.complete] == []
    assert all(any(finding.level is Level.REMARK for finding in one.findings) for one in checked)


SPOILT = [
    ('key = ["nsrsbh"]', 'key = ["nsrmc"]', "the key is nsrmc here and nsrsbh"),
    ('"nsrsbh", "nsrmc", ', '"nsrsbh", "nsrmc", "xinlie", ', "column xinlie is declared"),
    ('"nsrsbh", "nsrmc", ', '"nsrsbh", ', "column nsrmc is mandatory in TaxRegistration"),
    ('"djzclxmc", "zczb", ', '"djzclxmc", ', "column zczb is in TaxRegistration, but not declared"),
    ('optional = ["fzch", "djzclxmc"]', 'optional = ["nsrmc"]', "column nsrmc is optional here and mandatory"),
    ('schema = "tax.registration"', 'schema = "tax.nothing"', "no schema is called tax.nothing"),
    ('share_class = "有条件"', 'share_class = "随意"', "share_class"),
    ('owner = "主管', 'owner = "TODO 主管', "owner is still a TODO"),
    ('"责任科室"]', '"TODO 科室"]', "honesty.unknown is still a TODO"),
]


@pytest.mark.parametrize(("old", "new", "told"), SPOILT)
def test_what_is_wrong_with_a_declaration_is_told_in_plain_words(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (RESOURCES / "tax.registration.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "tax.registration.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    (checked,) = check_sources(path)
    assert not checked.complete
    found = [finding.text for finding in checked.findings if finding.level is not Level.REMARK]
    assert len(found) == 1
    assert told in found[0]


def test_a_broken_declaration_keeps_no_other_from_being_checked(tmp_path: Path) -> None:
    for name in ("tax.registration", "tax.clearance"):
        text = (RESOURCES / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "tax.broken.toml").write_text("name = ", encoding="utf-8")
    checked = {one.name: one.complete for one in check_sources(folder=tmp_path)}
    assert checked == {"tax.broken": False, "tax.clearance": True, "tax.registration": True}


@pytest.mark.parametrize(
    ("resource", "read", "trouble", "state"),
    [
        ("education.enrolment", True, False, "not open"), ("education.enrolment", False, True, "not open"),
        ("tax.registration", True, False, "up to date"), ("tax.registration", False, False, "never read"),
        ("tax.registration", True, True, "in trouble"),
    ],
)  # fmt: skip
def test_a_source_that_is_not_open_never_looks_healthy(resource: str, read: bool, trouble: bool, state: str) -> None:
    from core.clock import SHANGHAI

    now = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    declared, known = load(RESOURCES / f"{resource}.toml"), Known(read_at=now if read else None)
    assert state_of(declared, known=known, overdue=(), in_trouble=trouble) == state


def test_what_is_owed_shows_unless_something_worse_does() -> None:
    declared = load(RESOURCES / "hr.insurance.toml")
    never = Known()
    assert state_of(declared, known=never, overdue={"late"}, in_trouble=False) == "late"
    assert state_of(declared, known=never, overdue={"late", "missing"}, in_trouble=False) == "late"
    assert state_of(declared, known=never, overdue={"missing"}, in_trouble=False) == "missing"
    assert state_of(declared, known=never, overdue={"late"}, in_trouble=True) == "in trouble"


def test_the_plan_as_json_names_files_and_columns(tmp_path: Path) -> None:
    plan: Plan = plan_source("hr.title", read_sample(as_csv(tmp_path)))
    told: dict[str, Any] = json.loads(json.dumps(plan.to_dict()))
    assert told["files"] == [
        "connectors/resources/hr.title.toml", "schemas/records/hr_title.py", "tests/sources/test_hr_title.py",
    ]  # fmt: skip
    assert told["key"] == ["证书编号"]
