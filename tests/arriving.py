"""Approvals that arrive at the bureau's exchange database: copies of granted ones, under numbers of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from tests.departments import Departments

#: A copy of a row under another number, written now by the table's own clock.
_COPY = """
insert into {table}
select (jsonb_populate_record(null::{table}, to_jsonb(old) || jsonb_build_object(
    'project_no', %(new)s, 'row_guid', %(guid)s, 'cd_operation', 'I',
    'cd_time', (clock_timestamp() at time zone 'Asia/Shanghai' - %(before)s * interval '1 second')::text))).*
from {table} old where project_no = %(old)s and cd_operation <> 'D' order by cd_time desc limit 1
"""


def arrive(
    connection: psycopg2.extensions.connection, pairs: Sequence[tuple[str, str]], *, before: float = 0
) -> datetime:
    """Let copies arrive, (number of the approval to copy, number of the copy) each, in one transaction.

    Args:
        connection: to the exchange database, of somebody who may write there.
        before: how many seconds ago the rows say they were written.

    Returns:
        when they were committed, by the database's clock.
    """
    with connection, connection.cursor() as cursor:
        for old, new in pairs:
            for table in ("up_pro_accept", "up_pro_result"):
                cursor.execute(
                    sql.SQL(_COPY).format(table=sql.Identifier(table)),  # type: ignore[arg-type]
                    {"old": old, "new": new, "guid": str(uuid4()), "before": before},
                )
                assert cursor.rowcount == 1, (old, table)
    with connection, connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


@contextmanager
def exchange_database(departments: Departments, postgres_url: str) -> Iterator[psycopg2.extensions.connection]:
    """The bureau's exchange database, for somebody who may write. Copies called T… are taken away at the end."""
    name = departments.ready["bureau"]["dsn"].rpartition("/")[2]
    with closing(psycopg2.connect(postgres_url, dbname=name)) as connection:
        try:
            yield connection
        finally:
            connection.rollback()
            with connection, connection.cursor() as cursor:
                for table in ("up_pro_accept", "up_pro_result"):
                    cursor.execute(sql.SQL("delete from {} where project_no like 'T%%'").format(sql.Identifier(table)))
