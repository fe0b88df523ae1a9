"""Databases for tests: copies of a migrated one, owned by a role without special rights, gone afterwards."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from core.settings import Settings


class NewDatabase(Protocol):
    """Makes a database and gives its URL."""

    def __call__(self, copy_of: str | None = None) -> str: ...


@contextmanager
def databases(postgres_url: str, owner_url: str, template: str) -> Iterator[NewDatabase]:
    """Makes them while it lasts: fresh and migrated ones, or copies of the database of a URL to which nobody is
    connected."""
    owner = urlsplit(owner_url).username
    assert owner is not None
    made: list[str] = []

    def make(copy_of: str | None = None) -> str:
        source = urlsplit(copy_of).path.lstrip("/") if copy_of else template
        name = f"test_{secrets.token_hex(6)}"
        run(
            postgres_url,
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(owner), sql.Identifier(source)
            ),
        )
        made.append(name)
        return located(owner_url, database=name)

    try:
        yield make
    finally:
        for name in made:
            run(postgres_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def lasting_database(postgres_url: str, owner_url: str, template: str) -> Iterator[str]:
    """One that lasts longer than a test; its URL."""
    with databases(postgres_url, owner_url, template) as make:
        yield make()


def copied(settings: Settings, url: str, home: Path) -> Settings:
    """A hub in another home, which is copied, on another database."""
    shutil.copytree(settings.home, home, dirs_exist_ok=True)
    return replace(settings, home=home, database_url=url, sources_file=home / "sources.toml", keys=home / "keys")


def located(url: str, *, credentials: str | None = None, database: str | None = None) -> str:
    """The URL with other credentials or another database."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    netloc = parts.netloc if credentials is None else f"{credentials}@{address}"
    path = parts.path if database is None else f"/{database}"
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


def run(url: str, statement: sql.Composable) -> None:
    """Run one statement outside a transaction."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
