"""The exchange databases: everything is there, in order to read, and nothing can be written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from xml.etree import ElementTree

import psycopg2
import pytest
from psycopg2 import errors

TABLES = [
    ("civil", "up_marriage", "civil.marriage"),
    ("civil", "up_social_org", "civil.social_org"),
    ("bureau", "up_pro_accept", "bureau.accept"),
    ("bureau", "up_pro_result", "bureau.result"),
    ("market_register", "e_baseinfo", "market.entity"),
]


@pytest.fixture(scope="module")
def sandbox(serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Its own: every sandbox on one server writes the same two databases."""
    served = serve(tmp_path_factory.mktemp("exchange") / "state").wait()
    yield served
    served.stop()


@pytest.fixture
def connect(sandbox: Any) -> Iterator[Any]:
    opened = []

    def open_one(owner: str) -> Any:
        opened.append(psycopg2.connect(sandbox.where[owner]["dsn"]))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.mark.parametrize(("owner", "table", "resource"), TABLES)
def test_every_expected_row_is_in_its_table(
    connect: Any, owner: str, table: str, resource: str, expected: list[dict[str, Any]]
) -> None:
    with connect(owner).cursor() as cursor:
        cursor.execute(f"SELECT row_guid FROM {table} ORDER BY cd_time, row_guid")
        found = [row[0] for row in cursor.fetchall()]
    assert found == [line["row"] for line in expected if line.get("resource") == resource]


def test_many_rows_share_a_moment_so_that_time_alone_is_no_cursor(connect: Any) -> None:
    with connect("civil").cursor() as cursor:
        cursor.execute("SELECT cd_time, count(*) FROM up_marriage GROUP BY 1")
        counts = dict(cursor.fetchall())
    assert max(counts.values()) > 20


def test_corrections_and_deletions_come_after_what_they_change(connect: Any) -> None:
    with connect("civil").cursor() as cursor:
        cursor.execute("SELECT tyxydm, cd_operation, cd_time, dwmc FROM up_social_org WHERE tyxydm <> ''")
        rows = cursor.fetchall()
    operations = Counter(row[1] for row in rows)
    assert operations["I"] and operations["U"] and operations["D"]
    first = {row[0]: row[2] for row in rows if row[1] == "I"}
    assert all(first[code] < when for code, operation, when, _ in rows if operation != "I" and code in first)
    assert all(name is None for _, operation, _, name in rows if operation == "D")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM up_marriage",
        "UPDATE up_marriage SET valid_flag = '0'",
        "CREATE TABLE mine (a int)",
        "SET default_transaction_read_only = off; INSERT INTO up_marriage (row_guid) VALUES ('x')",
        "SET default_transaction_read_only = off; COMMIT; BEGIN; CREATE TABLE mine (a int)",
    ],
)
def test_the_reader_cannot_write(connect: Any, statement: str) -> None:
    with (
        connect("civil").cursor() as cursor,
        pytest.raises((errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)),
    ):
        cursor.execute(statement)


def test_the_reader_of_one_department_cannot_enter_the_other(sandbox: Any) -> None:
    wrong = sandbox.where["civil"]["dsn"].replace("civil_exchange?", "bureau_approval?")
    wrong = wrong.removesuffix("/civil_exchange") + "/bureau_approval" if wrong.endswith("/civil_exchange") else wrong
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(wrong)


@pytest.mark.parametrize(
    ("table", "resource", "new"),
    [("hj_czrk", "police.household", "oper_status = '0'"), ("hj_csdj", "police.birth", "oper_status IS NULL")],
)
def test_every_document_is_there_and_new(
    connect: Any, expected: list[dict[str, Any]], table: str, resource: str, new: str
) -> None:
    with connect("police").cursor() as cursor:
        cursor.execute(f"SELECT unid FROM {table} WHERE {new} ORDER BY createtime, unid")
        assert [row[0] for row in cursor.fetchall()] == [
            line["row"] for line in expected if line.get("resource") == resource
        ]


def test_a_household_is_json_and_a_birth_is_xml_in_the_older_encoding(connect: Any) -> None:
    with connect("police").cursor() as cursor:
        cursor.execute("SELECT content FROM hj_czrk WHERE content LIKE '%}'")
        households = [json.loads(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT content FROM hj_csdj")
        births = [bytes(row[0]) for row in cursor.fetchall()]
    assert len(households) > 200
    assert {"gmsfhm", "hh", "yhzgx"} < households[0].keys()
    assert all(birth.startswith(b'<?xml version="1.0" encoding="GB2312"?>') for birth in births)
    whole = [birth.decode("gb18030").partition("?>")[2] for birth in births if birth.endswith(b"</record>")]
    assert 0 < len(births) - len(whole) < 5, "none is cut off, or too many are"
    assert ElementTree.fromstring(whole[0]).find("mqxm") is not None


def test_the_marker_can_be_set_and_nothing_else_can(connect: Any, sandbox: Any) -> None:
    with closing(psycopg2.connect(sandbox.where["police"]["write_dsn"])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT unid FROM hj_czrk WHERE oper_status = '0' LIMIT 3 FOR UPDATE")
        keys = [row[0] for row in cursor.fetchall()]
        cursor.execute("UPDATE hj_czrk SET oper_status = '1' WHERE unid = ANY(%s)", (keys,))
        assert cursor.rowcount == 3
        connection.rollback()
        for statement in ("UPDATE hj_czrk SET content = '{}'", "DELETE FROM hj_csdj", "CREATE TABLE mine (a int)"):
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(statement)
            connection.rollback()
    with (
        connect("police").cursor() as cursor,
        pytest.raises((errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)),
    ):
        cursor.execute("UPDATE hj_czrk SET oper_status = '1'")
