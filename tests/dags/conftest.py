"""Airflow in a process of its own, with an environment in which nothing of the tester's is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.settings import Mode, Settings
from tests.dags.inside import Order
from tests.databases import NewDatabase, databases
from tests.departments import Departments
from tests.preparing import prepare

_AIRFLOW_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_REPOSITORY = Path(__file__).resolve().parents[2]

#: Runs a command of `tests.dags.inside` and gives back what it wrote.
Inside = Callable[..., Any]


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    def run(command: str, environment: Mapping[str, str], orders: object = None) -> Any:
        home = tmp_path_factory.mktemp("airflow")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "HUB_", "PG", "PYTHON"))}
        settings = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(_REPOSITORY / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.dags.inside", command, str(home / "told.json")],
            env=kept | settings | environment,
            cwd=_REPOSITORY,
            input=json.dumps(orders),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return json.loads((home / "told.json").read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="session")
def airflow_database(postgres_url: str, _owner_url: str, database_template: str, inside: Inside) -> Iterator[str]:
    """The URL of a database with Airflow's tables: to be copied, because Airflow takes many seconds to make them."""
    with databases(postgres_url, _owner_url, database_template) as make:
        url = make("postgresql:///template0")
        inside("prepare", {_AIRFLOW_DATABASE: _for_airflow(url)})
        yield url


@dataclass(frozen=True)
class Stage:
    """A hub with its departments, and DAGs that run on it."""

    settings: Settings
    airflow_url: str
    departments: Departments
    inside: Inside

    def environment(self) -> dict[str, str]:
        return {
            "HUB_HOME": str(self.settings.home),
            "HUB_DATABASE_URL": self.settings.database_url,
            "HUB_SOURCES": str(self.settings.sources_file),
            "HUB_KEYS": str(self.settings.keys),
            "HUB_MODE": self.settings.mode.value,
            _AIRFLOW_DATABASE: _for_airflow(self.airflow_url),
        }

    def play(self, *orders: Order) -> list[dict[str, Any]]:
        """Run DAGs one after the other, each by `dag.test()`."""
        told: list[dict[str, Any]] = self.inside("play", self.environment(), orders)
        return told


@pytest.fixture
def stage(
    new_database: NewDatabase,
    airflow_database: str,
    tmp_path: Path,
    departments: Departments,
    inside: Inside,
) -> Stage:
    sources = tmp_path / "sources.toml"
    departments.write_sources(sources)
    departments.hand_out_again()
    settings = Settings(
        home=tmp_path / "home",
        database_url=new_database(),
        sources_file=sources,
        keys=tmp_path / "keys",
        mode=Mode.DEMO,
    )
    prepare(settings)
    return Stage(settings, new_database(copy_of=airflow_database), departments, inside)


def _for_airflow(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg2:", 1)
