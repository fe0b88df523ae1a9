"""Workbooks as offices make them, written by openpyxl: nothing Excel dropped is made up again."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.port import FileRefused, RawRecord, Source
from connectors.xlsx_file import XlsxFiles
from tests.connectors.worlds import declared

NAMES = ["code", "name", "update_time"]


def _source(path: Path, **access: Any) -> XlsxFiles:
    found = {"protocol": "xlsx_file", "cursor": "file", "identifiers": ["code"]} | access
    return XlsxFiles(declared(found, NAMES), file=path)


def _saved(path: Path, rows: list[list[Any]], **formats: str) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, code in formats.items():
        sheet[cell].number_format = code
    book.save(path)
    return path


def _records(source: Source) -> list[RawRecord]:
    return [record for page in source.pages({}) for record in source.records(page)]


def test_title_rows_above_the_names_are_passed_over_and_rows_keep_excels_numbers(tmp_path: Path) -> None:
    path = _saved(
        tmp_path / "a.xlsx", [["某区企业名单"], ["填报单位：某局"], [], NAMES, ["A", "甲", "x"], [], ["B", "乙", "y"]]
    )
    book = openpyxl.load_workbook(path)
    book.worksheets[0].merge_cells("A1:C1")
    book.save(path)
    assert [(record.position, record.fields["code"]) for record in _records(_source(path))] == [(5, "A"), (7, "B")]


def test_dates_are_told_from_numbers_by_their_format(tmp_path: Path) -> None:
    days: list[Any] = [
        date(2026, 3, 1),
        datetime(2026, 3, 1, 8, 30),  # noqa: DTZ001 -- a workbook's dates have no zone
        date(1900, 2, 28),
        date(1900, 3, 1),
        45000,
        "2026年3月",
    ]
    path = _saved(
        tmp_path / "a.xlsx",
        [NAMES, *([f"K{place}", "甲", day] for place, day in enumerate(days))],
        C2='yyyy"年"m"月"d"日"',
        C6='0.00"d"',
    )
    assert [record.fields["update_time"] for record in _records(_source(path))] == [
        "2026-03-01", "2026-03-01T08:30:00", "1900-02-28", "1900-03-01", "45000", "2026年3月",
    ]  # fmt: skip


def test_numbers_are_shown_with_the_digits_excel_keeps(tmp_path: Path) -> None:
    values = [1.1, 0.1 + 0.2, 1e-7, 1234567890.25, -3, 123456789012345]
    path = _saved(tmp_path / "a.xlsx", [NAMES, *([f"K{place}", "甲", value] for place, value in enumerate(values))])
    assert [record.fields["update_time"] for record in _records(_source(path))] == [
        "1.1", "0.3", "0.0000001", "1234567890.25", "-3", "123456789012345",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "name", "fault"),
    [
        (420112194912310021, "甲", "code: an identifier stored as a number"),
        (42, "甲", "code: an identifier stored as a number"),
        ("4.20112E+17", "甲", "code: an identifier in scientific notation"),
        ("A", 1234567890123456, "name: a number of 16 digits, of which Excel keeps 15"),
        ("A", 4.20112194912310e17, "name: a number of 18 digits"),
        ("A", "#N/A", "name: an Excel error"),
    ],
)
def test_what_excel_may_have_cut_is_a_fault_and_no_guess(tmp_path: Path, code: Any, name: Any, fault: str) -> None:
    path = _saved(tmp_path / "a.xlsx", [NAMES, [code, name, "x"], ["420112194912310021", "甲", "x"]])
    first, second = _records(_source(path))
    assert str(first.problem).startswith(fault)
    assert second.problem is None


def test_hidden_rows_sheets_and_formulas_are_read_as_saved_and_reported(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.xlsx", [NAMES, ["A", "甲", "x"], ["B", "乙", "y"]])
    book = openpyxl.load_workbook(path)
    book.worksheets[0].row_dimensions[2].hidden = True
    book.create_sheet("旧数据").sheet_state = "hidden"
    book.worksheets[0]["B3"] = '=A3&"!"'
    book.save(path)
    _with_part(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b"</f><v/>", b"</f><v>B!</v>").replace(
        b"</f><v></v>", b"</f><v>B!</v>"))  # fmt: skip
    source = _source(path)
    (page,) = source.pages({})
    assert (page.context["hidden_rows"], page.context["computed_rows"]) == ("1", "1")
    assert page.context["hidden_sheets"] == '["旧数据"]'
    assert next(iter(source.records(page))).fields["name"] == "甲"
    assert page.body == path.read_bytes()


def _with_part(path: Path, name: str, change: Any) -> None:
    with zipfile.ZipFile(path) as old:
        parts = {part: old.read(part) for part in old.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part, data in parts.items():
            new.writestr(part, data)


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 50_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "protected by a password, or is the old .xls form"),
        (b"PK\x03\x04 broken", "no XLSX workbook"),
        (b"", "no XLSX workbook"),
        (_bomb(), "unpacks to far more"),
    ],
)
def test_what_is_no_workbook_or_a_trap_is_refused_whole_and_kept(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    with pytest.raises(FileRefused, match=reason) as caught:
        list(_source(tmp_path / "a.xlsx").pages({}))
    assert caught.value.body == data
    assert list(_source(tmp_path / "a.xlsx").pages(caught.value.next_cursor or {})) == []


def test_a_workbook_that_lies_about_its_size_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.xlsx", [NAMES, *([f"K{n}", "甲" * 50, "x"] for n in range(500))])
    with pytest.raises(FileRefused, match="unpacks to more than 20000 bytes"):
        list(_source(path, max_unpacked_bytes=20_000).pages({}))


def test_a_document_type_inside_a_part_is_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.xlsx", [NAMES, ["A", "甲", "x"]])
    _with_part(path, "xl/workbook.xml", lambda text: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + text)
    with pytest.raises(FileRefused, match="document type"):
        list(_source(path).pages({}))


def test_missing_or_repeated_names_are_told_without_values(tmp_path: Path) -> None:
    for rows, reason in (
        ([["code", "name"], ["420112194912310021", "甲"]], "nearest lacks update_time"),
        ([[*NAMES, "code"], ["A", "甲", "x", "B"]], "one name twice"),
        ([NAMES, *([["A", "甲", "x"]] * 3)], "3 rows, more than the declared 2"),
    ):
        path = _saved(tmp_path / "a.xlsx", rows)
        with pytest.raises(FileRefused, match=reason) as caught:
            list(_source(path, page_size=2).pages({}))
        assert "420112194912310021" not in str(caught.value)


def test_two_sheets_with_the_names_need_one_to_be_declared(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.xlsx", [NAMES, ["A", "甲", "x"]])
    book = openpyxl.load_workbook(path)
    second = book.create_sheet("二月")
    second.append(NAMES)
    second.append(["B", "乙", "y"])
    book.save(path)
    with pytest.raises(FileRefused, match="several of its sheets"):
        list(_source(path).pages({}))
    assert [record.fields["code"] for record in _records(_source(path, sheet="二月"))] == ["B"]


def test_a_value_outside_the_named_columns_is_a_fault(tmp_path: Path) -> None:
    (record,) = _records(_source(_saved(tmp_path / "a.xlsx", [NAMES, ["A", "甲", "x", "z"]])))
    assert record.problem == "a value in column 4, which has no name"
    assert record.fields["#4"] == "z"
