"""Reading exchange tables of a real PostgreSQL: pages, corrections, a role that may do too much, failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2
import pytest

from connectors.access import TableAccess
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint
from connectors.exchange_db import ExchangeTable
from connectors.port import CursorRefused, Operation, RawPage, SourceRefused, SourceUnavailable
from connectors.registry import declaration
from connectors.retrying import Patience

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)

TABLE = """
CREATE TABLE up_pro_result (
    row_guid text PRIMARY KEY, cd_batch text, cd_operation text NOT NULL, cd_time timestamp NOT NULL, data_source text,
    project_no text NOT NULL, result_type text, result_date timestamp, result_explain text,
    result_cetr_name text, result_cetr_no text, is_delivery_results numeric(8, 2)
)
"""
INSERT = """
INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, is_delivery_results)
SELECT 'g' || lpad(n::text, 4, '0'), CASE WHEN n %% 5 = 0 THEN 'U' ELSE 'I' END,
       timestamp '2026-03-01 08:00:00.123456' + (n / 4) * interval '1 second', 'P' || n, '2026-03-01 09:00:00', 0.10
FROM generate_series(%s, %s) AS n
"""


@pytest.fixture
def table(database_url: str) -> Iterator[str]:
    _run(database_url, TABLE)
    _run(database_url, INSERT, 1, 25)
    yield database_url


def _run(url: str, statement: str, *values: object) -> None:
    database = psycopg2.connect(url)
    try:
        with database, database.cursor() as cursor:
            cursor.execute(statement, values or None)
    finally:
        database.close()


def _declared(**changes: object) -> Declaration:
    known = declaration("bureau.result")
    return known.model_copy(update={"access": known.access.model_copy(update={"page_size": 7, **changes})})


def _source(url: str, **changes: object) -> ExchangeTable:
    return ExchangeTable(_declared(**changes), DatabaseEndpoint.model_validate({"dsn": url}), patience=QUICK)


def _projects(source: ExchangeTable, pages: list[RawPage]) -> list[str]:
    return [record.fields["project_no"] for page in pages for record in source.records(page)]


def test_rows_of_one_moment_that_straddle_pages_come_once_each(table: str) -> None:
    source = _source(table)
    pages = list(source.pages({}))
    assert [page.declared_rows for page in pages] == [7, 7, 7, 4]
    assert _projects(source, pages) == [f"P{n}" for n in range(1, 26)]
    for place, page in enumerate(pages, 1):
        assert list(source.pages(page.next_cursor)) == pages[place:]
        assert source.count(page.next_cursor) == 25 - min(7 * place, 25)


def test_a_row_corrected_after_reading_comes_again_and_alone(table: str) -> None:
    source = _source(table)
    cursor = list(source.pages({}))[-1].next_cursor
    assert list(source.pages(cursor)) == []
    _run(table, "UPDATE up_pro_result SET cd_time = '2026-03-02', cd_operation = 'D' WHERE project_no = 'P3'")
    (page,) = source.pages(cursor)
    (record,) = source.records(page)
    assert (record.fields["project_no"], record.operation) == ("P3", Operation.DELETE)


def test_values_become_text_without_losing_a_digit(table: str) -> None:
    (row, *_) = json.loads(next(_source(table).pages({})).body)
    assert row["result_date"] == "2026-03-01T09:00:00"
    assert row["is_delivery_results"] == "0.10"
    assert row["cd_time"] == "2026-03-01T08:00:00.123456"
    assert row["result_explain"] is None


def test_columns_nobody_declared_do_not_leave_the_source(table: str) -> None:
    _run(table, "ALTER TABLE up_pro_result ADD COLUMN home_address text DEFAULT 'secret place'")
    assert b"secret place" not in next(_source(table).pages({})).body


def test_an_operation_outside_the_three_is_marked(table: str) -> None:
    _run(table, "UPDATE up_pro_result SET cd_operation = 'X' WHERE project_no = 'P1'")
    source = _source(table)
    record = next(source.records(next(source.pages({}))))
    assert record.problem == "cd_operation is not one of I, U, D"


def test_nothing_can_be_written_through_the_reader_even_by_the_owner(table: str) -> None:
    """The login here owns the table; a view that writes while it is read must still fail."""
    _run(table, "ALTER TABLE up_pro_result RENAME TO kept")
    _run(table, "CREATE SEQUENCE reads")
    _run(table, "CREATE VIEW up_pro_result AS SELECT kept.* FROM kept, (SELECT nextval('reads')) AS n")
    with pytest.raises(SourceRefused, match="SQLSTATE 25006"):
        next(_source(table).pages({}))


def test_a_slow_query_is_given_up_and_tried_again(table: str) -> None:
    _run(table, "ALTER TABLE up_pro_result RENAME TO kept")
    _run(table, "CREATE VIEW up_pro_result AS SELECT kept.* FROM kept, (SELECT pg_sleep(5)) AS n")
    with pytest.raises(SourceUnavailable, match=r"statement timeout \(2 tries\)\. 0 pages are kept; page 1 is next"):
        next(_source(table, statement_timeout_s=0.2).pages({}))


@pytest.mark.parametrize(
    ("statement", "state"),
    [("ALTER TABLE up_pro_result DROP COLUMN result_type", "42703"), ("DROP TABLE up_pro_result", "42P01")],
)
def test_a_table_that_is_not_as_declared_is_refused(table: str, statement: str, state: str) -> None:
    _run(table, statement)
    with pytest.raises(SourceRefused, match=rf"bureau\.result: .*SQLSTATE {state}"):
        next(_source(table).pages({}))


def test_a_table_dropped_in_the_middle_leaves_the_pages_before_it(table: str) -> None:
    reading = _source(table).pages({})
    assert next(reading).number == 1
    _run(table, "DROP TABLE up_pro_result")
    with pytest.raises(SourceRefused, match="1 pages are kept; page 2 is next"):
        next(reading)


def test_a_wrong_password_is_refused_and_stays_out_of_the_message(table: str) -> None:
    parts = urlsplit(table)
    address = parts.netloc.rpartition("@")[2]
    wrong = f"postgresql://{parts.username}:wrong-word@{address}{parts.path}"
    with pytest.raises(SourceRefused, match="refuses our login") as caught:
        next(_source(wrong).pages({}))
    assert "wrong-word" not in str(caught.value)


def test_a_dead_server_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="no connection to the exchange database"):
        next(_source("postgresql://u:p@127.0.0.1:1/x").pages({}))


def test_a_strange_cursor_is_refused() -> None:
    with pytest.raises(CursorRefused):
        next(_source("postgresql://127.0.0.1:1/x").pages({"cd_time": "yesterday", "row_guid": "", "pages": 1}))


def test_the_adapter_wants_a_table_declaration() -> None:
    assert isinstance(_declared().access, TableAccess)
    with pytest.raises(TypeError, match="not declared as exchange_db"):
        ExchangeTable(declaration("hr.insurance"), DatabaseEndpoint.model_validate({"dsn": "x"}))
