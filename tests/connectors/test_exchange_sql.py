"""Typed tables in MariaDB, and the SQL that goes to Oracle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.dialects import mysql, oracle

from connectors.access import BlobAccess
from connectors.endpoints import DatabaseEndpoint, Endpoints, SourceNotConfigured
from connectors.exchange_blob import ExchangeBlob
from connectors.exchange_rows import TablePlace
from connectors.exchange_sql import ExchangeSqlTable
from connectors.port import SourceRefused, SourceUnavailable
from connectors.registry import declaration, open_source
from connectors.sql_database import DRIVERS, database_url
from tests.connectors import mariadb
from tests.connectors.worlds import BLOB_ACCESS, QUICK, TYPED_ACCESS, MariaTableWorld, declared, script

ORACLE = "oracle://hub:not-a-secret@127.0.0.1:1/?service_name=exchange"
PLACE = TablePlace("2026-03-01T08:00:00", "g0001", 1)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with mariadb.running() as found:
        yield found


def _oracle_table() -> ExchangeSqlTable:
    return ExchangeSqlTable(declared(TYPED_ACCESS), DatabaseEndpoint.model_validate({"dsn": ORACLE}), patience=QUICK)


def _sql(statement: object, dialect: object) -> str:
    return " ".join(str(statement.compile(dialect=dialect)).split())  # type: ignore[attr-defined]


def test_oracle_is_asked_without_row_values_and_with_its_own_limit() -> None:
    text = _sql(_oracle_table().page_statement(PLACE), oracle.dialect())  # type: ignore[no-untyped-call]
    assert text.startswith("SELECT up_rows.code, up_rows.name, up_rows.update_time, up_rows.row_guid")
    assert "up_rows.cd_time >= :cd_time_1 AND (up_rows.cd_time > :cd_time_2 OR up_rows.cd_time = :cd_time_3 AND" in text
    assert "ORDER BY up_rows.cd_time, up_rows.row_guid FETCH FIRST" in text
    assert "LIMIT" not in text


def test_oracle_is_asked_for_unmarked_documents_and_locks_what_it_marks() -> None:
    section = DatabaseEndpoint.model_validate({"dsn": ORACLE, "write_dsn": ORACLE})
    marker = {"table": "provinceinfosync", "id_column": "unid"}
    source = ExchangeBlob(declared(BLOB_ACCESS | {"marker": marker}), section, patience=QUICK)
    assert isinstance(source._access, BlobAccess)
    dialect = oracle.dialect()  # type: ignore[no-untyped-call]
    text = _sql(source.page_statement(), dialect)
    assert "NOT (EXISTS (SELECT * FROM provinceinfosync WHERE provinceinfosync.unid = cityinfo.unid))" in text
    assert "CASE WHEN (cityinfo.createtime IS NULL) THEN" in text
    assert _sql(source.count_statement(), dialect).startswith("SELECT count(*)")


def test_an_oracle_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match=r"test\.rows: no connection to the exchange database") as caught:
        _oracle_table().count({})
    assert "not-a-secret" not in str(caught.value)


def test_mysql_tells_capitals_apart() -> None:
    section = DatabaseEndpoint.model_validate({"dsn": "mysql://127.0.0.1:1/x"})
    source = ExchangeSqlTable(declared(TYPED_ACCESS), section)
    text = _sql(source.page_statement(PLACE), mysql.dialect())  # type: ignore[no-untyped-call]
    assert "ORDER BY up_rows.cd_time, CAST(up_rows.row_guid AS BINARY)" in text


def test_ids_that_differ_in_case_alone_straddle_a_page_without_loss(port: int) -> None:
    world = MariaTableWorld(port)
    world.put([])
    mariadb.execute(
        port, "ALTER TABLE up_rows DROP PRIMARY KEY, MODIFY row_guid varchar(36) COLLATE utf8mb4_general_ci"
    )
    rows = [(guid, "b", "I", "2026-03-01", "420", guid, "甲", "x") for guid in ("a", "b", "c", "C", "B", "A", "d")]
    mariadb.execute(port, ("INSERT INTO up_rows VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows))
    source = world.source()
    codes = [record.fields["code"] for page in source.pages({}) for record in source.records(page)]
    assert codes == ["A", "B", "C", "a", "b", "c", "d"]


def test_a_column_in_gbk_comes_as_the_characters_it_holds(port: int) -> None:
    world = MariaTableWorld(port)
    world.put([])
    mariadb.execute(
        port,
        "ALTER TABLE up_rows CONVERT TO CHARACTER SET gbk",
        "INSERT INTO up_rows VALUES ('g', 'b', 'I', '2026-03-01', '420', 'A', '东西湖区某某公司', 'x')",
    )
    source = world.source()
    ((record,),) = [list(source.records(page)) for page in source.pages({})]
    assert record.fields["name"] == "东西湖区某某公司"


def test_a_missing_column_is_refused(port: int) -> None:
    world = MariaTableWorld(port)
    world.put(script(3))
    mariadb.execute(port, "ALTER TABLE up_rows DROP COLUMN name")
    with pytest.raises(SourceRefused, match=r"error 1054"):
        list(world.source().pages({}))


def test_an_answer_that_takes_too_long_is_cut_off_by_the_server(port: int) -> None:
    mariadb.execute(
        port,
        "DROP TABLE IF EXISTS up_rows",
        "DROP VIEW IF EXISTS up_rows",
        "CREATE VIEW up_rows AS SELECT 'g' AS row_guid, 'b' AS cd_batch, 'I' AS cd_operation, now() AS cd_time, "
        "'420' AS data_source, 'A' AS code, sleep(5) AS name, 'x' AS update_time",
    )
    try:
        endpoint = DatabaseEndpoint.model_validate({"dsn": mariadb.url(port)})
        source = ExchangeSqlTable(declared(TYPED_ACCESS | {"statement_timeout_s": 0.2}), endpoint, patience=QUICK)
        with pytest.raises(SourceUnavailable, match="within the statement timeout"):
            list(source.pages({}))
    finally:
        mariadb.execute(port, "DROP VIEW up_rows")


def test_the_reading_login_writes_nothing_even_where_it_may(port: int) -> None:
    world = MariaTableWorld(port)
    world.put(script(1))
    source = world.source()
    with pytest.raises(SourceRefused, match="error 1792"), source._database.connection() as connection:
        connection.exec_driver_sql("DELETE FROM up_rows")


def test_the_address_tells_the_make() -> None:
    known = declaration("civil.marriage")
    for dsn, kind in (
        ("postgresql://127.0.0.1/x", "ExchangeTable"),
        ("host=127.0.0.1 dbname=x", "ExchangeTable"),
        ("mysql://127.0.0.1/x", "ExchangeSqlTable"),
        ("mariadb+pymysql://127.0.0.1/x", "ExchangeSqlTable"),
        (ORACLE, "ExchangeSqlTable"),
    ):
        endpoints = Endpoints({"civil": {"dsn": dsn}}, origin="the test", folder=Path())
        assert type(open_source(known, endpoints)).__name__ == kind


def test_an_address_of_another_make_is_a_matter_of_configuration() -> None:
    for dsn in ("sqlite:///x", "not a url", "mssql://x/y"):
        with pytest.raises(SourceNotConfigured, match=r"\[civil\].*mysql"):
            database_url(dsn, "civil")
    assert {database_url(f"{make}://h/x", "s").get_driver_name() for make in DRIVERS} == set(DRIVERS.values())
