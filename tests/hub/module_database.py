"""A database for all tests of a module, for those who copy it or leave it as it is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql


@contextmanager
def module_database(postgres_url: str, owner_url: str, template: str) -> Iterator[str]:
    """URL of a fresh migrated database that belongs to the tests' role."""
    name = f"module_{secrets.token_hex(6)}"
    owner = urlsplit(owner_url)
    _run(postgres_url, "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY wal_log", name, owner.username or "", template)
    try:
        yield owner._replace(path=f"/{name}").geturl()
    finally:
        _run(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


def _run(url: str, statement: str, *names: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    finally:
        connection.close()
