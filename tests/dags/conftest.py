"""Airflow in a process of its own, with an environment in which nothing of the tester's is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.settings import Mode, Settings
from tests.dags.inside import Order
from tests.databases import NewDatabase, databases
from tests.departments import Departments
from tests.preparing import prepare

_REPOSITORY = Path(__file__).resolve().parents[2]

#: Runs a command of `tests.dags.inside` and gives back what it wrote.
Inside = Callable[[str, Mapping[str, str]], Any]


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    def run(command: str, environment: Mapping[str, str]) -> Any:
        home = tmp_path_factory.mktemp("airflow")
        done = subprocess.run(
            _command(command, home), env=_only_airflows(home) | environment, cwd=_REPOSITORY,
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return json.loads((home / "told.json").read_text(encoding="utf-8"))

    return run


class Player:
    """Airflow in a process that runs DAGs by `dag.test()` for as long as there are tests that want it."""

    def __init__(self, airflow_url: str, home: Path) -> None:
        self.airflow_url = airflow_url
        self._told, self._log = home / "told.json", home / "log"
        url = airflow_url.replace("postgresql:", "postgresql+psycopg2:", 1)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                _command("play", home), env=_only_airflows(home) | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
                cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True,
            )  # fmt: skip
        self._taken = 0

    def play(self, environment: Mapping[str, str], orders: Sequence[Order]) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        print(json.dumps({"environment": environment, "orders": orders}), file=self._process.stdin, flush=True)
        self._taken += 1
        deadline = time.monotonic() + 400
        while len(lines := self._lines()) < self._taken:
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()[-8000:]
            time.sleep(0.05)
        told: list[dict[str, Any]] = json.loads(lines[-1])
        return told

    def _lines(self) -> list[str]:
        if not self._told.exists():
            return []
        return [
            line for line in self._told.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")
        ]

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="session")
def player(
    postgres_url: str, _owner_url: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Player]:
    with databases(postgres_url, _owner_url, database_template) as make:
        playing = Player(make("postgresql:///template0"), tmp_path_factory.mktemp("airflow"))
        yield playing
        playing.end()


@dataclass(frozen=True)
class Stage:
    """A hub with its departments, and DAGs that run on it."""

    settings: Settings
    departments: Departments
    player: Player

    def play(self, *orders: Order) -> list[dict[str, Any]]:
        """Run DAGs one after the other, each by `dag.test()`."""
        environment = {
            "HUB_HOME": str(self.settings.home),
            "HUB_DATABASE_URL": self.settings.database_url,
            "HUB_SOURCES": str(self.settings.sources_file),
            "HUB_KEYS": str(self.settings.keys),
            "HUB_MODE": self.settings.mode.value,
        }
        return self.player.play(environment, orders)


@pytest.fixture
def stage(new_database: NewDatabase, tmp_path: Path, departments: Departments, player: Player) -> Stage:
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
    return Stage(settings, departments, player)


def _command(command: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "tests.dags.inside", command, str(home / "told.json")]


def _only_airflows(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "HUB_", "PG", "PYTHON"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
