"""CSV files cut into exact slices: nothing lost, nothing changed, nothing of a bad file handed on."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv_file import CsvFiles
from connectors.csv_slices import FilePlace, cut_pages, read_rows, survey
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.port import CursorRefused, FileRefused, RawPage, SourceGarbled, SourceRefused
from connectors.registry import declaration, open_source

HEADER = (
    "source_year,name,code,registered_on,type,legal_rep_masked,capital,scope,province,city,address,code_class,flags"
)


def _declared(page_size: int = 1000) -> Declaration:
    known = declaration("market.company")
    return known.model_copy(update={"access": known.access.model_copy(update={"page_size": page_size})})


def _row(name: str, scope: str = "服务") -> str:
    return f'2020,{name},91,2020-01-01,N/A,李**,30(万元),"{scope}",湖北,武汉,东西湖区,uscc18_valid,'


def _write(path: Path, *rows: str, encoding: str = "utf-8", end: str = "\r\n") -> Path:
    path.write_bytes(end.join([HEADER, *rows, ""]).encode(encoding))
    return path


def _names(source: CsvFiles, pages: list[RawPage]) -> list[str]:
    return [record.fields["name"] for page in pages for record in source.records(page)]


def test_the_real_companies_are_4779_records(real_companies: Path) -> None:
    source = open_source(declaration("market.company"), Endpoints.empty(), file=real_companies)
    pages = list(source.pages({}))
    records = [record for page in pages for record in source.records(page)]
    assert len(records) == source.count({}) == 4779
    assert all(len(record.fields) == 13 for record in records if record.problem is None)
    assert real_companies.read_bytes().endswith(b"".join(page.body for page in pages))
    with real_companies.open(encoding="utf-8", newline="") as stream:
        assert [dict(record.fields) for record in records] == list(csv.DictReader(stream))


def test_a_file_may_lack_the_columns_that_are_optional(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER.removesuffix(',flags')}\n{_row('甲').removesuffix(',')}\n", encoding="utf-8")
    (record,) = [record for page in CsvFiles(_declared(), file=path).pages({}) for record in read_rows(page)]
    assert (record.problem, len(record.fields), "flags" in record.fields) == (None, 12, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_encoding_is_found_and_slices_join_to_the_file(tmp_path: Path, encoding: str, end: str) -> None:
    rows = [_row(f"武汉市第{number}商店", '一行\n两行，""引号""') for number in range(7)]
    path = _write(tmp_path / "a.csv", *rows, encoding=encoding, end=end)
    source = CsvFiles(_declared(page_size=2), file=path)
    pages = list(source.pages({}))
    assert [len(list(source.records(page))) for page in pages] == [2, 2, 2, 1]
    assert _names(source, pages) == [f"武汉市第{number}商店" for number in range(7)]
    assert path.read_bytes().endswith(b"".join(page.body for page in pages))
    assert {page.context["encoding"] for page in pages} == {"GB18030" if encoding == "gb18030" else "UTF-8"}
    scopes = {record.fields["scope"] for page in pages for record in source.records(page)}
    assert scopes == {'一行\n两行，"引号"'}


def test_a_row_shifted_by_an_unquoted_comma_is_marked_and_keeps_what_it_has(tmp_path: Path) -> None:
    shifted = _row("商店").replace('"服务"', "批发,零售")
    short = "2020,商店,91"
    path = _write(tmp_path / "a.csv", _row("甲"), shifted, short, _row("乙"))
    source = CsvFiles(_declared(), file=path)
    (page,) = source.pages({})
    records = list(source.records(page))
    assert [record.problem for record in records] == [None, "14 values under 13 names", "3 values under 13 names", None]
    assert [record.position for record in records] == [2, 3, 4, 5]
    assert records[1].fields["#14"] == ""
    assert records[2].fields == {"source_year": "2020", "name": "商店", "code": "91"}
    assert records[2].raw == f"{short}\r\n".encode()


def test_a_stray_quote_inside_a_value_does_not_swallow_the_next_rows(tmp_path: Path) -> None:
    stray = _row("商店").replace('"服务"', '5"管材')
    path = _write(tmp_path / "a.csv", stray, _row("乙"), _row("丙"))
    source = CsvFiles(_declared(), file=path)
    assert _names(source, list(source.pages({}))) == ["商店", "乙", "丙"]


def test_a_value_too_long_for_the_csv_reader_is_a_marked_row(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", _row("甲", "长" * 140_000), _row("乙"))
    source = CsvFiles(_declared(), file=path)
    (page,) = source.pages({})
    assert [record.problem for record in source.records(page)] == ["a row that cannot be cut into values", None]


def _with_damage(text: str) -> bytes:
    return text.encode().replace("商店5".encode(), "商店".encode()[:-1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no header line"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "neither UTF-8"),
        (HEADER.replace("code,", "").encode(), "lacks the columns code"),
        (HEADER.replace("flags", "name").encode(), "repeated name"),
        (
            f'{HEADER}\r\n{_row("甲")}\r\n2020,"乙\r\n2020,丙'.encode(),
            "the quote opened on line 3 is never closed",
        ),
        (_with_damage("\r\n".join([HEADER, *(_row(f"商店{n}") for n in range(9))])), "UTF-8 damaged on line 7"),
        (HEADER.encode() + b"\r\n\xff\xff\xff\r\n", "neither UTF-8 .line 2. nor GB18030 .line 2."),
    ],
)
def test_a_bad_file_is_refused_whole_and_its_bytes_are_kept(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    source = CsvFiles(_declared(page_size=1), file=path)
    with pytest.raises(FileRefused, match=reason) as caught:
        next(source.pages({}))
    assert caught.value.body == content
    assert "商店" not in str(caught.value)
    assert source.count({}) is None


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_damaged_utf8_is_not_mistaken_for_gb18030_though_it_could_be_read_as_such(tmp_path: Path, end: bytes) -> None:
    row = "2020,东西湖区,91,2020-01-01,N/A,N/A,30,服务,湖北,武汉,武汉,x,".encode()
    content = end.join([HEADER.encode(), row, row.replace("服".encode(), b"\xe6\x9c\xe4"), row])
    assert content.decode("gb18030")
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="UTF-8 damaged on line 3"):
        next(CsvFiles(_declared(), file=path).pages({}))


def test_the_same_bytes_are_not_read_twice_and_changed_ones_are(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", _row("甲"), _row("乙"))
    source = CsvFiles(_declared(), file=path)
    cursor = list(source.pages({}))[-1].next_cursor
    assert list(source.pages(cursor)) == []
    assert source.count(cursor) == 0
    _write(path, _row("甲"), _row("乙"), _row("丙"))
    assert _names(source, list(source.pages(cursor))) == ["甲", "乙", "丙"]


@pytest.mark.parametrize(("later", "surveyed"), [(60.0, 1), (0.0, 2)])
def test_a_file_is_surveyed_once_for_counting_and_reading_unless_it_was_just_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: float, surveyed: int
) -> None:
    path = _write(tmp_path / "a.csv", _row("甲"), _row("乙"))
    surveys = []

    def counted(*given: Any, **named: Any) -> Any:
        surveys.append(given)
        return survey(*given, **named)

    began = time.time()
    monkeypatch.setattr("connectors.csv_file.survey", counted)
    monkeypatch.setattr("connectors.csv_file.time", SimpleNamespace(time=lambda: began + later))
    source = CsvFiles(_declared(), file=path)
    assert source.count({}) == 2
    assert _names(source, list(source.pages({}))) == ["甲", "乙"]
    assert len(surveys) == surveyed
    _write(path, _row("甲"), _row("丙"))
    assert _names(source, list(source.pages({}))) == ["甲", "丙"]


def test_a_blank_line_is_no_row_and_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\r\n\r\n{_row('甲')}\r\n\n\r\n{_row('乙')}\r\n".replace('"', "").encode())
    source = CsvFiles(_declared(page_size=2), file=path)
    records = [record for page in source.pages({}) for record in source.records(page)]
    assert [(record.position, record.fields["name"]) for record in records] == [(3, "甲"), (6, "乙")]
    assert source.count({}) == 2
    assert [str(record.edition).rpartition("\x1f")[2] for record in records] == ["0000000003", "0000000006"]


def test_a_drop_folder_is_read_in_order_and_goes_on_behind_a_refused_file(tmp_path: Path) -> None:
    _write(tmp_path / "1.csv", _row("甲"), _row("乙"))
    (tmp_path / "2.csv").write_bytes(b"a,b\r\n1,2\r\n")
    _write(tmp_path / "3.csv", _row("丙"))
    _write(tmp_path / ".4.csv", _row("丁"))
    (tmp_path / "5.csv.part").write_bytes(b"half")
    source = CsvFiles(_declared(page_size=1), folder=tmp_path)
    reading = source.pages({})
    pages = [next(reading), next(reading)]
    with pytest.raises(FileRefused, match=r"2\.csv is refused") as caught:
        next(reading)
    behind = caught.value.next_cursor
    assert behind is not None
    pages += source.pages(behind)
    assert _names(source, pages) == ["甲", "乙", "丙"]
    assert [page.number for page in pages] == [1, 2, 3]
    _write(tmp_path / "6.csv", _row("戊"))
    assert _names(source, list(source.pages(pages[-1].next_cursor))) == ["戊"]


def test_a_refused_file_that_was_corrected_is_read(tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_bytes(b"a,b\r\n")
    source = CsvFiles(_declared(), folder=tmp_path)
    with pytest.raises(FileRefused) as caught:
        next(source.pages({}))
    _write(path, _row("甲"))
    assert _names(source, list(source.pages(caught.value.next_cursor or {}))) == ["甲"]


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="is not there"):
        next(CsvFiles(_declared(), file=tmp_path / "a.csv").pages({}))
    with pytest.raises(SourceRefused, match="drop folder"):
        next(CsvFiles(_declared(), folder=tmp_path / "in").pages({}))
    with pytest.raises(CursorRefused):
        next(CsvFiles(_declared(), folder=tmp_path).pages({"since": "2026"}))


def test_a_page_of_another_protocol_is_no_slice() -> None:
    with pytest.raises(SourceGarbled, match="not a slice"):
        list(read_rows(RawPage(1, b"[]", {}, {"encoding": "UTF-8"})))


_value = st.text(st.sampled_from("a\"',，;中\n\r x"), max_size=6)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(_value, min_size=2, max_size=2), max_size=8), size=st.integers(1, 4), bom=st.booleans())
def test_whatever_a_csv_writer_writes_comes_back_value_for_value(rows: list[list[str]], size: int, bom: bool) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["k", "v"])
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
    stream = io.BytesIO(data)
    sheet = survey(stream, columns=["k", "v"])
    assert sheet.rows == len(rows)
    place = FilePlace(file="f", mark="m")
    pages = list(cut_pages(stream, sheet, place, resource="x.y", page_size=size, declares=True))
    assert [list(record.fields.values()) for page in pages for record in read_rows(page)] == rows
    assert data[sheet.start :] == b"".join(page.body for page in pages)
    for number, page in enumerate(pages, 1):
        rest = FilePlace.read(page.next_cursor, "x.y").within("f", "m")
        assert list(cut_pages(stream, sheet, rest, resource="x.y", page_size=size, declares=True)) == pages[number:]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from('a",\n中'), max_size=12), max_size=5))
def test_records_are_cut_where_the_csv_reader_cuts_them(lines: list[str]) -> None:
    text = "k,v\n" + "\n".join(lines)
    stream = io.BytesIO(text.encode())
    try:
        sheet = survey(stream, columns=["k"])
    except FileRefused:
        with pytest.raises(csv.Error):
            list(csv.reader(io.StringIO(text, newline=""), strict=True))
        return
    expected = [row for row in csv.reader(io.StringIO(text, newline="")) if row][1:]
    place = FilePlace(file="f", mark="m")
    pages = cut_pages(stream, sheet, place, resource="x.y", page_size=2, declares=False)
    assert [list(record.fields.values()) for page in pages for record in read_rows(page)] == expected
