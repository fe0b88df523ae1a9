"""What the source of every resource promises that the sandbox serves, each from its department's real server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from connectors.declaration import Declaration
from connectors.port import Operation, RawPage, RawRecord, Source, SourceGarbled
from connectors.registry import declaration, open_source
from sandbox.rows import EXCHANGED
from tests.departments import Departments

#: What the sandbox serves; the other declared resources have no system to read from.
RESOURCES = [
    "bureau.accept", "bureau.result", "civil.marriage", "civil.social_org", "health.birth_certificate", "housing.fund",
    "housing.title", "hr.insurance", "hr.vocational", "market.company", "market.entity", "platform.legal_person",
    "platform.permit", "police.birth", "police.household", "tax.clearance", "tax.registration",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _unmarked(departments: Departments) -> Iterator[None]:
    """Whatever a test acknowledged is handed out again to the next."""
    yield
    departments.hand_out_again()


def _in_about_five_pages(name: str, rows: int) -> Declaration:
    known = declaration(name)
    if known.access.protocol == "xlsx_file":  # a workbook is one page, whatever its length
        return known
    changes: dict[str, object] = {"page_size": max(2, -(-rows // 5))}
    if known.access.protocol == "rest_gateway":
        changes["requests_per_second"] = 18
    return known.model_copy(update={"access": known.access.model_copy(update=changes)})


def _open(departments: Departments, name: str, declared: Declaration | None = None) -> Source:
    file = departments.state / "market" / "companies.csv" if name == "market.company" else None
    return open_source(declared or declaration(name), departments.endpoints(), file=file)


def _records(source: Source, pages: list[RawPage]) -> list[RawRecord]:
    return [record for page in pages for record in source.records(page)]


def _key(name: str, record: RawRecord) -> str:
    return "+".join(str(record.fields.get(column) or "") for column in declaration(name).key)


@pytest.mark.parametrize("name", RESOURCES)
def test_every_row_the_department_holds_comes_exactly_once(departments: Departments, name: str) -> None:
    expected = departments.expected(name)
    source = _open(departments, name, _in_about_five_pages(name, len(expected)))
    records = _records(source, list(source.pages({})))
    assert len(records) == len(expected) > 0
    assert source.count({}) == len(expected)
    clean = Counter(entry["key"] for entry in expected if entry["dirt"] is None)
    assert not clean - Counter(_key(name, record) for record in records)


@pytest.mark.parametrize("name", RESOURCES)
def test_resuming_behind_any_page_gives_exactly_the_rest(departments: Departments, name: str) -> None:
    declared = _in_about_five_pages(name, len(departments.expected(name)))
    source = _open(departments, name, declared)
    pages = list(source.pages({}))
    assert len(pages) > (1 if declared.access.protocol == "xlsx_file" else 2)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    for place, page in enumerate(pages, 1):
        # another process would find the cursor in the database, as JSON
        cursor = json.loads(json.dumps(page.next_cursor))
        source.acknowledge(cursor)
        fresh = _open(departments, name, declared)
        assert list(fresh.pages(cursor)) == pages[place:]
        assert fresh.count(cursor) == len(_records(source, pages[place:]))


@pytest.mark.parametrize("name", RESOURCES)
def test_the_same_source_read_twice_gives_the_same_bytes(departments: Departments, name: str) -> None:
    first, second = list(_open(departments, name).pages({})), list(_open(departments, name).pages({}))
    assert first
    assert first == second


@pytest.mark.parametrize("name", RESOURCES)
def test_a_kept_page_is_read_without_its_source(departments: Departments, name: str) -> None:
    """Offline means: from bytes and context alone, with a source whose server is not there."""
    source = _open(departments, name)
    offline = open_source(declaration(name), departments.unreachable())
    for page in source.pages({}):
        kept = RawPage(page.number, bytes(page.body), {}, json.loads(json.dumps(dict(page.context))))
        records = list(offline.records(kept))
        assert records == list(source.records(page))
        assert page.declared_rows in (None, len(records))


@pytest.mark.parametrize("name", RESOURCES)
def test_bytes_that_are_no_page_are_garbled_and_named(departments: Departments, name: str) -> None:
    with pytest.raises(SourceGarbled, match="page 3"):
        list(_open(departments, name).records(RawPage(3, b"<html>", {}, {"encoding": "UTF-8"})))


@pytest.mark.parametrize("name", RESOURCES)
def test_rows_carry_the_declared_columns_and_their_own_bytes(departments: Departments, name: str) -> None:
    source = _open(departments, name)
    for record in _records(source, list(source.pages({}))):
        assert record.raw
        if record.problem is None:
            assert set(declaration(name).columns) <= {column.lower() for column in record.fields}


@pytest.mark.parametrize("name", RESOURCES)
def test_rows_that_cannot_be_cut_are_exactly_those_the_department_spoilt(departments: Departments, name: str) -> None:
    source = _open(departments, name)
    shifted = [record for record in _records(source, list(source.pages({}))) if record.problem is not None]
    assert len(shifted) == sum("R-005" in entry["reasons"] for entry in departments.expected(name))


@pytest.mark.parametrize("name", sorted(EXCHANGED))
def test_withdrawals_keep_their_key(departments: Departments, name: str) -> None:
    source = _open(departments, name)
    for record in _records(source, list(source.pages({}))):
        if record.operation is Operation.DELETE and record.problem is None:
            assert _key(name, record)


@pytest.mark.parametrize("name", RESOURCES)
def test_neither_a_page_nor_a_record_shows_its_content_in_a_repr(departments: Departments, name: str) -> None:
    source = _open(departments, name)
    page = next(source.pages({}))
    record = next(source.records(page))
    shown = f"{page!r} {record!r}"
    values = [value for value in record.fields.values() if isinstance(value, str) and len(value) > 9]
    assert values
    assert not [value for value in values if value in shown and value not in str(page.next_cursor)]
