"""What the server says in the middle of a transaction becomes an error of ours, and the transaction is undone."""

from __future__ import annotations

import psycopg2
import pytest

from core.errors import Retryable
from store.connection import Connection, connect, fetch_one, transaction
from store.errors import StoreFull, StoreNotReady, StoreUnavailable

#: The server can be made to raise any of its own codes.
_RAISE = "do $$ begin raise exception 'as the server would' using errcode = '{}'; end $$"


@pytest.mark.parametrize(
    "state",
    [
        "53100",  # disk full
        "53200",  # out of memory
        "53300",  # too many connections
        "53400",  # a configured limit
        "54000",  # a limit of the program
        "55P03",  # a lock not had in time
        "57014",  # a statement cancelled, e.g. by its time limit
        "58030",  # an input or output error
        "58P01",  # a file that is gone
        "40001",  # serialisation
        "40P01",  # deadlock
        "25006",  # read-only: a standby
        "XX000",  # an inner error, such as a file grown beyond a limit
        "XX001",  # damaged data
    ],
)
def test_a_failure_of_the_server_is_tried_again_and_leaves_nothing(connection: Connection, state: str) -> None:
    with transaction(connection) as cursor:
        cursor.execute("create table tried (row integer)")
    with pytest.raises(StoreUnavailable, match="as the server would") as caught, transaction(connection) as cursor:
        cursor.execute("insert into tried values (1)")
        cursor.execute(_RAISE.format(state))
    assert isinstance(caught.value, Retryable)
    assert isinstance(caught.value, StoreFull) == (state == "53100")
    assert "connection" not in str(caught.value), "the connection is well"
    assert fetch_one(connection, "select count(*) from tried") == (0,)


def test_a_full_disk_is_called_one_and_the_runbook_is_named(connection: Connection) -> None:
    with pytest.raises(StoreFull, match=r"disk .* is full; .* undone.*runbook: disk-full"):
        fetch_one(connection, _RAISE.format("53100"))


@pytest.mark.parametrize("state", ["22012", "23505", "42601", "25P02", "P0001"])
def test_a_fault_of_the_program_stays_one(connection: Connection, state: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        fetch_one(connection, _RAISE.format(state))
    assert caught.value.pgcode == state


def test_a_session_ended_by_the_server_says_why_and_not_that_it_is_closed(
    connection: Connection, postgres_url: str
) -> None:
    admin = psycopg2.connect(postgres_url)
    admin.autocommit = True
    with pytest.raises(StoreUnavailable, match="connection to the hub's database broke") as caught, \
            transaction(connection) as cursor:  # fmt: skip
        cursor.execute("select pg_backend_pid()")
        with admin.cursor() as other:
            other.execute("select pg_terminate_backend(%s, 5000)", (cursor.fetchone()[0],))
        cursor.execute("select 1")
    assert "already closed" not in str(caught.value)
    admin.close()
    with pytest.raises(StoreUnavailable, match="connection"):
        fetch_one(connection, "select 1")


def test_missing_tables_ask_for_the_migrations(postgres_url: str) -> None:
    bare = connect(postgres_url)
    with pytest.raises(StoreNotReady, match="hub migrate"):
        fetch_one(bare, "select 1 from batch")
    bare.close()
