"""`hub access`: the file is checked, alarms are seen and cleared; `hub prepare` makes a demonstration that works."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.settings import Mode, Settings
from hub.access_demo import make
from hub.access_file import DemoAccessRefused
from hub.passwords import matches
from store.connection import connect, transaction
from tests.cli.command import Command
from tests.cli.conftest import hub_environment
from web.app import create_app


@pytest.fixture
def prepared(new_database: Callable[[], str], tmp_path: Path) -> Command:
    command = Command(hub_environment(tmp_path, new_database()))
    (tmp_path / "sources.toml").write_text("")
    (tmp_path / "sources.toml").chmod(0o600)
    assert command("prepare").status == 0
    return command


def accounts(command: Command) -> str:
    return (command.home / "secrets" / "demo-accounts.txt").read_text(encoding="utf-8")


def test_the_demonstration_is_right_and_says_what_it_is(prepared: Command) -> None:
    said = prepared("access", "check")
    assert said.status == 0
    assert "7 staff, 2 terminals, 1 partners" in said.out and "production refuses them" in said.out
    assert prepared("access", "check", "--json").json["missing_files"] == []
    (prepared.home / "secrets" / "demo-terminal-1.key").unlink()
    assert prepared("access", "check").status == 1
    refused = prepared("access", "check", HUB_MODE="production")
    assert (refused.status, "HUB-868" in refused.err) == (1, True)


def test_secrets_lie_in_files_of_their_owner_only_and_the_access_file_has_hashes(prepared: Command) -> None:
    folder = prepared.home / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    for path in [*folder.iterdir(), prepared.home / "access.toml"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    text = (prepared.home / "access.toml").read_text(encoding="utf-8")
    passwords = re.findall(r"^demo-\w+ +([a-z2-9-]{14})  ", accounts(prepared), re.M)
    assert len(set(passwords)) == 7
    hashes = re.findall(r'password = "([^"]+)"', text)
    for password, stored in zip(passwords, hashes, strict=True):
        assert password not in text
        assert matches(password, stored)


def test_preparing_again_leaves_accounts_as_they_are(prepared: Command) -> None:
    before = accounts(prepared), (prepared.home / "access.toml").read_bytes()
    assert prepared("prepare").status == 0
    assert (accounts(prepared), (prepared.home / "access.toml").read_bytes()) == before


def test_production_makes_no_accounts(prepared: Command) -> None:
    settings = replace(Settings.from_environment(prepared.environment), mode=Mode.PRODUCTION)
    with pytest.raises(DemoAccessRefused):
        make(settings)


def test_a_demo_account_signs_in_and_a_demo_partner_gets_a_token(prepared: Command) -> None:
    app = create_app(Settings.from_environment(prepared.environment))
    browser = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    password = re.search(r"^demo-counter +(\S+)", accounts(prepared), re.M)
    secret = re.search(r"client_id (\S+), client_secret (\S+)", accounts(prepared))
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/sign-in").text)
    assert password and secret and csrf
    form = {"account": "demo-counter", "password": password.group(1), "csrf": csrf.group(1)}
    assert browser.post("/sign-in", data=form).headers["location"] == "/overview"
    assert browser.get("/overview").status_code == 200
    token = browser.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=secret.groups())  # type: ignore[arg-type]
    assert token.status_code == 200


def test_a_terminals_address_works_in_its_browser(prepared: Command) -> None:
    said = prepared("access", "terminal", "demo-terminal-1")
    assert said.status == 0
    browser = TestClient(
        create_app(Settings.from_environment(prepared.environment)), base_url="http://127.0.0.1", follow_redirects=False
    )
    assert browser.get(said.out.strip()).headers["location"] == "/terminal"
    unknown = prepared("access", "terminal", "nobody")
    assert (unknown.status, "HUB-883" in unknown.err) == (1, True)


def test_an_alarm_is_listed_and_cleared_in_somebodys_name(prepared: Command) -> None:
    assert "no alarm is open" in prepared("access", "alarms", "--watch").out
    connection = connect(prepared.environment["HUB_DATABASE_URL"])
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into usage_alarm (caller, kind, severe, count, threshold, since, raised_at, seen_at) "
            "values ('demo-street', 'neighbouring numbers', true, 7, 5, now(), now(), now()) returning id"
        )
        number = str(cursor.fetchone()[0])
    connection.close()
    listed = prepared("access", "alarms")
    assert "连号查询" in listed.out and "stopped" in listed.out and "hub access clear" in listed.out
    assert prepared("access", "clear", number, "--why", "420112 19900101 1234 是同村的").status == 1
    assert prepared("access", "clear", number, "--why", "同村集中办理", "--who", "chief").status == 0
    assert prepared("access", "clear", number, "--why", "again").status == 1
    assert prepared("access", "alarms", "--json").json == []
    (kept,) = prepared("access", "alarms", "--all", "--json").json
    assert (kept["cleared_by"], kept["cleared_why"]) == ("chief", "同村集中办理")


def test_a_broken_file_is_named_with_its_place(prepared: Command) -> None:
    path = prepared.home / "access.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("quota = 500", 'quota = "many"'), encoding="utf-8")
    said = prepared("access", "check")
    assert said.status == 1
    assert "grants.1.quota" in said.err
