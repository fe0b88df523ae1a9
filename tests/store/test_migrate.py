"""Migrations run once, from anywhere, and say so when the database is not there."""

from __future__ import annotations

import pytest

from store.connection import connect, fetch_all
from store.errors import StoreNotReady, StoreUnavailable
from store.migrate import migrate


@pytest.fixture(scope="session")
def database_template() -> str:
    """Here the databases start empty."""
    return "template1"


def test_running_the_migrations_again_changes_nothing(database_url: str) -> None:
    version = migrate(database_url)
    connection = connect(database_url)
    before = fetch_all(connection, "select oid, relname from pg_class where relnamespace = 'public'::regnamespace")
    assert migrate(database_url) == version
    assert fetch_all(connection, "select oid, relname from pg_class where relnamespace = 'public'::regnamespace") == (
        before
    )
    connection.close()


def test_an_unmigrated_database_says_what_to_run(database_url: str) -> None:
    connection = connect(database_url)
    with pytest.raises(StoreNotReady, match="hub migrate"):
        fetch_all(connection, "select 1 from batch")
    connection.close()


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        connect("postgresql://nobody:nothing@127.0.0.1:1/hub")


def test_an_address_that_is_none_is_told_without_quoting_it() -> None:
    with pytest.raises(StoreNotReady, match="HUB_DATABASE_URL") as refusal:
        connect("postgresql://hub:very-secret@[nowhere/hub")
    assert "very-secret" not in str(refusal.value)
