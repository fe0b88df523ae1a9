"""A stock of licences under the seal of a bureau that another has followed; grown once, copied for each test."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from benchmarks.licence_stock import grow
from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.context import open_hub
from hub.install import prepare
from store.vault import make_keyring
from tests.hub.conftest import NOON
from tests.hub.old_seals import use_new_seal, write_succession


@contextmanager
def own_database(postgres_url: str, owner_url: str, template: str) -> Iterator[str]:
    """A migrated database that lasts longer than a test; its URL."""
    name = f"stock_{secrets.token_hex(4)}"
    owner = str(urlsplit(owner_url).username)
    _run(
        postgres_url,
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY wal_log").format(
            sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
        ),
    )
    try:
        yield urlsplit(owner_url)._replace(path=f"/{name}").geturl()
    finally:
        _run(postgres_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def grown_stock(home: Path, url: str, count: int) -> Settings:
    """So many licences of the demo's bureau in a hub that is from today on the new bureau's."""
    make_keyring(home / "keys")
    settings = Settings(
        home=home, database_url=url, sources_file=home / "sources.toml", keys=home / "keys", mode=Mode.DEMO,
        public_url="http://127.0.0.1:8700",
    )  # fmt: skip
    prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        grow(hub, count)
        use_new_seal(hub, NOON)
    write_succession(settings, NOON.date())
    return settings


def copied(grown: Settings, url: str, home: Path) -> Settings:
    """The stock in another home, on a copy of its database."""
    shutil.copytree(grown.home, home)
    return replace(grown, home=home, database_url=url, sources_file=home / "sources.toml", keys=home / "keys")


def _run(url: str, statement: sql.Composable) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
