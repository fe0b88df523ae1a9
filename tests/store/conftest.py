"""A vault and a resource to land rows of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SHANGHAI
from store.connection import Connection, connect
from store.vault import Vault, make_keyring


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    opened = connect(database_url)
    yield opened
    opened.close()


@pytest.fixture
def vault(connection: Connection, tmp_path: Path) -> Vault:
    make_keyring(tmp_path / "keys")
    return Vault.open(connection, tmp_path / "keys")


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)
