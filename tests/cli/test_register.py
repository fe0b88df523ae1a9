"""`hub register` and `hub licences check-offline` on licences really issued, checked where there is no hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings
from hub import status_list
from hub.context import open_hub
from schemas.licence_life import Step
from store import licence_life, licences
from store.connection import fetch_all
from store.register_entries import Grounds
from tests.cli.command import Command
from tests.cli.conftest import in_force
from tests.hub.logs import superuser_of


@pytest.fixture
def sealed(own: Command) -> Command:
    said = own("register", "seal")
    assert (said.status, said.out[:8]) == (0, "head 0: "), said.err
    return own


def root(command: Command) -> str:
    return str(command.home / "keys" / "demo" / "root-cert.pem")


def test_a_register_nobody_touched_is_sound_and_a_superusers_change_is_named(
    sealed: Command, postgres_url: str
) -> None:
    said = sealed("register", "verify", "--json").json
    with open_hub(Settings.from_environment(sealed.environment)) as hub:
        entries = len(fetch_all(hub.connection, "select id from register_entry"))
        number = in_force(hub)[0].number
        attacker = superuser_of(hub, postgres_url)
    assert (said["log"], said["sound"], said["entries"]) == ("register", True, entries)
    attacker.run("update licence set status = 'revoked' where number = %s", (number,))
    told = sealed("register", "verify")
    assert (told.status, told.lines[0]) == (1, "licence register: NOT SOUND: 1 finding")
    assert number in told.out and "its last entry says valid" in told.out
    assert "runbook: log-changed" in told.err


def test_a_licence_is_proved_to_be_in_the_register_where_there_is_no_hub(
    sealed: Command, away: Command, tmp_path: Path
) -> None:
    with open_hub(Settings.from_environment(sealed.environment)) as hub:
        version = licences.every(hub.connection)[0]
    proof = tmp_path / "proof.json"
    assert sealed("register", "prove", "--licence", version.identifier, "--out", str(proof)).status == 0
    said = away("register", "check-proof", str(proof), "--trust", root(sealed))
    assert said.status == 0 and said.lines[0].startswith("proven: entry "), said.err
    assert away("audit", "check-proof", str(proof), "--trust", root(sealed)).status == 3
    assert sealed("register", "prove", "--licence", "none").err.startswith("HUB-783")
    export = tmp_path / "entries.jsonl"
    assert sealed("register", "export", "--out", str(export)).status == 0
    assert version.identifier in export.read_text(encoding="utf-8")


def test_a_published_month_is_a_head_that_can_be_proved_to_hold(sealed: Command, away: Command, tmp_path: Path) -> None:
    said = sealed("register", "publish", "--json")
    assert said.status == 0, said.err
    done = said.json
    assert done["fresh"] and Path(done["document"]).exists()
    again = sealed("register", "publish")
    assert (again.status, "was published before" in again.out) == (0, True)
    assert away("verify", done["document"], "--trust", root(sealed), "--quiet").status == 0
    proof = tmp_path / "proof.json"
    assert sealed("register", "seal").status == 0
    assert sealed("register", "prove", "--from", str(done["head"]), "--out", str(proof)).status == 0
    checked = ("register", "check-proof", str(proof), "--trust", root(sealed), "--head", done["head_file"])
    assert away(*checked).status == 0
    assert sealed("register", "publish", "--month", "2999-01").err.startswith("HUB-926")


def test_a_bank_checks_offline_a_licence_in_force_and_one_that_was_revoked(
    sealed: Command, away: Command, tmp_path: Path
) -> None:
    settings = Settings.from_environment(sealed.environment)
    with open_hub(settings) as hub:
        first, second, *_ = in_force(hub)
        licence_life.take_step(
            hub.connection, hub.vault, second.licence, Step.REVOKE,
            Grounds("某法", hub.clock.now().date(), "officer", "行政审批局"), now=hub.clock.now(),
        )  # fmt: skip
        status_list.make(hub)
    the_list = ("--list", str(status_list.path_of(settings)), "--trust", root(sealed))
    good, revoked = (str(sealed.home / (one.document_path or "")) for one in (first, second))
    said = away("licences", "check-offline", good, *the_list)
    assert (said.status, said.lines[0][:2], said.lines[1][:5]) == (0, "有效", "valid"), said.out
    assert first.number in said.out
    said = away("licences", "check-offline", revoked, *the_list, "--json")
    assert (said.status, said.json["verdict"], said.json["status"]) == (1, "invalid", "revoked")
    said = away("licences", "check-offline", good, "--list", good, "--trust", root(sealed))
    assert (said.status, "状态清单不可信" in said.out) == (2, True)
    other = tmp_path / "x.ofd"
    other.write_bytes(b"no licence")
    assert away("licences", "check-offline", str(other), *the_list).status == 1
    assert away("licences", "check-offline", good, *the_list[:2]).status == 2
