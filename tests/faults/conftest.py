"""Fresh hubs that share one keyring, so that keyed hashes of two of them can be compared."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from connectors import registry
from connectors.declaration import load_all
from core.clock import SHANGHAI, FixedClock
from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import OnStep, open_hub
from onebox.postgres import Cluster
from store.batches import BatchBusy
from store.vault import make_keyring
from tests.departments import Departments
from tests.faults.state import collected_state, without_batches

#: `HUB_FAULTS_LIVES` is how many lives are ended at random moments; given, everything else is tried everywhere too.
LONG = "HUB_FAULTS_LIVES" in os.environ
LIVES = int(os.environ.get("HUB_FAULTS_LIVES", "60"))
#: Draws the moments.
SEED = int(os.environ.get("HUB_FAULTS_SEED", "20261120"))
#: One resource of each protocol that the sandbox speaks.
RESOURCES = ["tax.registration", "civil.social_org", "hr.vocational", "market.company"]
#: Small, so that there is a middle to break in.
ROWS_A_PAGE = 12
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


class FreshHub(Protocol):
    """Makes a hub with a database and a home of its own; with `like`, both are copies of another hub's."""

    def __call__(self, like: Settings | None = None) -> Settings: ...


def collecting(settings: Settings, resource: str) -> Callable[[OnStep], None]:
    """A whole life of a collect: connect, read to the end, and wait for the session of one that has just died."""

    def life(on_step: OnStep) -> None:
        while True:
            try:
                with open_hub(settings, FixedClock(NOON)) as hub:
                    collect(hub, resource, on_step=on_step)
            except BatchBusy:
                time.sleep(0.01)
            else:
                return

    return life


def ended(settings: Settings) -> dict[str, Any]:
    """The end state of a hub, however many batches led there."""
    with open_hub(settings, FixedClock(NOON)) as hub:
        return without_batches(collected_state(hub))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every resource comes in pages of `ROWS_A_PAGE`, and a run after a finished one reads nothing again."""
    changed = {
        name: known.model_copy(
            update={"access": known.access.model_copy(update={"page_size": ROWS_A_PAGE}), "overlap_minutes": 0}
        )
        for name, known in load_all().items()
    }
    monkeypatch.setattr(registry, "load_all", lambda: changed)


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


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that a module may stop, started or not; it is durable, as the real one is."""
    # /var/tmp, not pytest's folder: run by root, PostgreSQL's own user must reach it
    folder = Path(tempfile.mkdtemp(prefix="hub-faults-", dir="/var/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets")
    try:
        yield cluster
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)
