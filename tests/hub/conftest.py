"""A hub on a fresh database, with a keyring and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SHANGHAI, FixedClock
from core.settings import Mode, Settings
from hub.context import Hub, open_hub
from store.vault import make_keyring

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    make_keyring(tmp_path / "keys")
    return Settings(
        home=tmp_path,
        database_url=database_url,
        sources_file=tmp_path / "sources.toml",
        keys=tmp_path / "keys",
        mode=Mode.DEMO,
    )


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    with open_hub(settings, FixedClock(NOON)) as opened:
        yield opened


@pytest.fixture
def other_hub(hub: Hub, new_database: Callable[[], str]) -> Iterator[Callable[[], Hub]]:
    """Makes further hubs on databases of their own with the same keyring, so that what two hold can be compared."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            open_hub(replace(hub.settings, database_url=new_database()), FixedClock(NOON))
        )
