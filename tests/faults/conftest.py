"""Fresh hubs that share one keyring, so that keyed hashes of two of them can be compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from core.clock import SHANGHAI
from core.settings import Mode, Settings
from store.vault import make_keyring
from tests.departments import Departments

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


class FreshHub(Protocol):
    """Makes a hub with a database and a home of its own; with `like`, both are copies of another hub's."""

    def __call__(self, like: Settings | None = None) -> Settings: ...


@pytest.fixture
def fresh_hub(new_database: Callable[..., str], tmp_path: Path, departments: Departments) -> Iterator[FreshHub]:
    keys = tmp_path / "keys"
    make_keyring(keys)
    sources = tmp_path / "sources.toml"
    departments.write_sources(sources)
    number = count()

    def fresh(like: Settings | None = None) -> Settings:
        home = tmp_path / f"home-{next(number)}"
        home.mkdir()
        url = new_database(like.database_url if like else None)
        if like is not None:
            shutil.copytree(like.home, home, dirs_exist_ok=True)
        return Settings(home=home, database_url=url, sources_file=sources, keys=keys, mode=Mode.DEMO)

    yield fresh
    shutil.rmtree(tmp_path, ignore_errors=True)
