"""A hub on a fresh database, with a keyring and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.clock import SHANGHAI, FixedClock
from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import Hub, open_hub
from store.vault import make_keyring
from tests.databases import copied, lasting_database
from tests.departments import EVIDENCE, Departments
from tests.preparing import prepare

if TYPE_CHECKING:
    from tests.hub.transfer_world import Pair, World

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


@pytest.fixture(scope="session")
def collected(
    postgres_url: str,
    _owner_url: str,
    database_template: str,
    departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Where a hub lies that has read what licences rest on and issued nothing: to be copied, not to be changed."""
    home = tmp_path_factory.mktemp("collected")
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        make_keyring(home / "keys")
        settings = Settings(home, url, home / "sources.toml", home / "keys", Mode.DEMO)
        departments.write_sources(settings.sources_file)
        departments.hand_out_again()
        prepare(settings, FixedClock(NOON))
        with open_hub(settings, FixedClock(NOON)) as opened:
            for resource in EVIDENCE:
                collect(opened, resource)
        yield settings


@pytest.fixture
def ready(collected: Settings, new_database: Callable[..., str], tmp_path: Path) -> Iterator[Hub]:
    """A copy of it for one test: making it anew takes ten times as long."""
    settings = copied(collected, new_database(collected.database_url), tmp_path / "home")
    with open_hub(settings, FixedClock(NOON)) as opened:
        yield opened


@pytest.fixture(scope="session")
def two_hubs(
    postgres_url: str,
    _owner_url: str,
    database_template: str,
    collected: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A hub that holds a company's archives and one that holds nothing: to be copied, not to be changed."""
    # takes its clock from here, so it cannot be imported above
    from tests.hub.transfer_world import transfer_world

    folder = tmp_path_factory.mktemp("transfer")
    with transfer_world(postgres_url, _owner_url, database_template, collected, folder) as made:
        yield made


@pytest.fixture
def pair(two_hubs: World, new_database: Callable[..., str], tmp_path: Path) -> Iterator[Pair]:
    """Copies of both for one test, with a medium between them."""
    from tests.hub.transfer_world import opened_pair

    with opened_pair(two_hubs, new_database, tmp_path) as made:
        yield made


@pytest.fixture
def other_hub(hub: Hub, new_database: Callable[[], str]) -> Iterator[Callable[[], Hub]]:
    """Makes further hubs on databases of their own with the same keyring, so that what two hold can be compared."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            open_hub(replace(hub.settings, database_url=new_database()), FixedClock(NOON))
        )
