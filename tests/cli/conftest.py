"""A world made by the commands themselves: prepared, every resource collected, licences issued and archived."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import sql

from core.settings import Settings
from hub.context import Hub, open_hub
from schemas.licence_life import Status
from store import licence_life, licences, records
from store.licences import LicenceVersion
from tests.cli.command import Command, citizens_in
from tests.departments import Departments

RESOURCES = (
    "bureau.accept", "bureau.result", "civil.marriage", "civil.social_org", "health.birth_certificate", "housing.fund",
    "housing.title", "hr.insurance", "hr.vocational", "market.entity", "platform.legal_person", "platform.permit",
    "police.birth", "police.household", "tax.clearance", "tax.registration",
)  # fmt: skip
FOOD, NGO, HR = (f"11420112MB0000000M300019900{number}000" for number in (3, 2, 1))


#: Verdicts of the sandbox after which there is a new document.
_DRAWN = ("issued", "changed", "renewed", "replaced")


def in_force(hub: Hub) -> list[LicenceVersion]:
    """Licences in force that have one document only, the oldest first."""
    return [
        version
        for version in licences.every(hub.connection)
        if (found := licence_life.by_id(hub.connection, version.licence)) is not None
        and (found.status, found.current_version, version.version) == (Status.VALID, 1, 1)
    ]


class Program(Protocol):
    """Runs `hub` as a program of its own."""

    def __call__(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]: ...


@dataclass(frozen=True)
class World:
    """The command on its world, and what the sandbox says must have come of each approval."""

    command: Command
    approvals: dict[str, list[str]]

    def some(self, verdict: str) -> str:
        """An approval of which this came: issued, waiting or not_granted."""
        return self.approvals[verdict][0]

    def drawn(self) -> list[str]:
        """The approvals that ended in a document: licences issued, and later documents of them."""
        return [case for verdict in _DRAWN for case in self.approvals.get(verdict, ())]

    def settings(self) -> Settings:
        return Settings.from_environment(self.command.environment)

    def licence(self) -> Path:
        return sorted((self.command.home / "licences").rglob("*.ofd"))[0]

    def package(self) -> Path:
        return next(path for path in sorted((self.command.home / "archive").rglob("*.zip")) if "-food-" in path.name)


def hub_environment(home: Path, url: str) -> dict[str, str]:
    return {
        "HUB_HOME": str(home),
        "HUB_DATABASE_URL": url,
        "HUB_SOURCES": str(home / "sources.toml"),
        "HUB_KEYS": str(home / "keys"),
    }


@pytest.fixture(scope="session")
def world(
    postgres_url: str, _owner_url: str, departments: Departments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    home = tmp_path_factory.mktemp("cli-world")
    departments.write_sources(home / "sources.toml")
    departments.hand_out_again()
    name = f"cli_{secrets.token_hex(4)}"
    _administer(postgres_url, "CREATE DATABASE {} OWNER {}", name, str(urlsplit(_owner_url).username))
    url = urlsplit(_owner_url)._replace(path=f"/{name}").geturl()
    command = Command(hub_environment(home, url))
    for arguments in [("prepare",), *(("collect", resource) for resource in RESOURCES), ("issue",)]:
        said = command(*arguments)
        assert said.status == 0, said.err
    with open_hub(Settings.from_environment(command.environment)) as hub:
        known = frozenset(citizens_in(departments.state) | _names(hub))
    assert len(known) > 100
    yield World(Command(command.environment, known), _approvals(departments))
    _administer(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def command(world: World) -> Command:
    """The command on the shared world; a test that changes something takes `own`."""
    return world.command


@pytest.fixture
def own(world: World, new_database: Callable[..., str], tmp_path: Path) -> Command:
    """The command on a copy of the world, for tests that change it."""
    home = tmp_path / "home"
    shutil.copytree(world.command.home, home)
    url = new_database(world.command.environment["HUB_DATABASE_URL"])
    return Command(hub_environment(home, url), world.command.secrets)


@pytest.fixture
def away(tmp_path: Path) -> Command:
    """The command where there is no database, no keys and nothing else."""
    return Command(hub_environment(tmp_path / "nothing", "postgresql://127.0.0.1:1/none"))


@pytest.fixture
def program(world: World) -> Program:
    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
        environment |= world.command.environment | options.pop("environment", {})
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=environment,
            check=False,
            timeout=60,
            **({"capture_output": True} | options),
        )

    return run


def _names(hub: Hub) -> set[str]:
    """Names of people as the store holds them; two characters may be a word, so only longer ones."""
    found: set[str] = set()
    for resource in RESOURCES:
        for row in records.of_resource(hub.connection, hub.vault, resource):
            payload = json.loads(row.payload)
            fields = ["legal_representative", "man_name", "woman_name", "contact_name"]
            fields += ["name"] if resource.startswith("hr.") else []
            found.update(payload[name] for name in fields if payload.get(name))
    return {name for name in found if len(name) > 2}


def _approvals(departments: Departments) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in Path(departments.ready["expected"]).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "approval" in entry:
            found.setdefault(entry["verdict"], []).append(entry["approval"])
    return found


def _administer(url: str, statement: str, *names: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    finally:
        connection.close()
