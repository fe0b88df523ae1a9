"""`hub audit`: verify, seal, prove, and check a proof where there is nothing but the proof and a root."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from core.settings import Settings
from hub.context import open_hub
from store.connection import fetch_all
from tests.cli.command import Command
from tests.hub.logs import superuser_of


def entries_of(command: Command) -> list[str]:
    with open_hub(Settings.from_environment(command.environment)) as hub:
        rows = fetch_all(hub.connection, "select entry::text from log_leaf order by seq")
    return [row[0] for row in rows]


@pytest.fixture
def sealed(own: Command) -> Command:
    said = own("audit", "seal")
    assert said.status == 0, said.err
    assert said.out.startswith("head 0: ")
    return own


def test_a_log_nobody_touched_is_sound(sealed: Command) -> None:
    said = sealed("audit", "verify")
    assert said.status == 0
    assert said.lines[0] == "audit log: sound"
    found = sealed("audit", "verify", "--json").json
    assert (found["sound"], found["heads"], found["files"]) == (True, 1, 1)
    assert found["entries"] == found["covered"] == len(entries_of(sealed)) > 0


def test_a_changed_entry_is_named_and_is_a_one(sealed: Command, postgres_url: str) -> None:
    entry = entries_of(sealed)[0]
    with open_hub(Settings.from_environment(sealed.environment)) as hub:
        attacker = superuser_of(hub, postgres_url)
    attacker.run("update audit_entry set body = body || ' '::bytea where id = %s", (entry,))
    said = sealed("audit", "verify")
    assert said.status == 1
    assert said.lines[0] == "audit log: NOT SOUND: 1 finding"
    assert any(line.startswith(f"changed: number 0 (entry {entry} of 20") for line in said.lines)
    assert "runbook: log-changed" in said.err
    (finding,) = sealed("audit", "verify", "--json").json["findings"]
    assert (finding["kind"], finding["number"], finding["entry"]) == ("changed", 0, entry)


def test_what_cannot_be_judged_is_a_two(sealed: Command) -> None:
    said = sealed("audit", "verify", HUB_MODE="production")
    assert said.status == 2
    assert "cannot tell" in said.err


def test_a_proof_is_checked_where_there_is_no_hub(sealed: Command, away: Command, tmp_path: Path) -> None:
    entry = entries_of(sealed)[0]
    root = str(sealed.home / "keys" / "demo" / "root-cert.pem")
    proof, head, export = (tmp_path / name for name in ("proof.json", "head.json", "entries.jsonl"))
    assert sealed("audit", "prove", entry, "--out", str(proof)).status == 0
    assert stat.S_IMODE(proof.stat().st_mode) == 0o600
    assert sealed("audit", "head", "--out", str(head)).status == 0
    said = away("audit", "check-proof", str(proof), "--trust", root, "--head", str(head))
    assert said.status == 0, said.err
    assert said.lines[0].startswith(f"proven: entry {entry} is number 0 of the ")
    assert "测试日志签名" in said.out
    assert sealed("audit", "export", "--out", str(export), "--until", "1").status == 0
    line = json.loads(export.read_text(encoding="utf-8"))
    body = tmp_path / "body"
    body.write_text(line["body"], encoding="utf-8")
    with_body = away("audit", "check-proof", str(proof), "--trust", root, "--entry", str(body), "--json").json
    assert (with_body["verdict"], with_body["number"]) == ("proven", 0)
    body.write_text(line["body"].replace("hub-issue", "hub-other"), encoding="utf-8")
    assert away("audit", "check-proof", str(proof), "--trust", root, "--entry", str(body)).status == 1
    said = away("audit", "check-proof", str(proof))
    assert said.status == 2
    assert said.err.startswith("HUB-311")


def test_an_old_head_is_proved_to_hold(sealed: Command, away: Command, tmp_path: Path) -> None:
    root = str(sealed.home / "keys" / "demo" / "root-cert.pem")
    old, proof = tmp_path / "old.json", tmp_path / "proof.json"
    assert sealed("audit", "head", "--out", str(old)).status == 0
    assert sealed("audit", "seal").status == 0
    assert sealed("audit", "prove", "--from", "0", "--out", str(proof)).status == 0
    said = away("audit", "check-proof", str(proof), "--trust", root, "--head", str(old), "--json")
    assert (said.status, said.json["first"], said.json["head"]) == (0, 0, 1)
    assert sealed("audit", "prove", "--from", "1", "--to", "0").status == 1
    assert sealed("audit", "prove", "--from", "7").status == 1
    again = sealed("audit", "prove", "--from", "0", "--out", str(proof))
    assert (again.status, again.err.count("nothing was written")) == (1, 1)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1, 2]", "nonsense", '{"type": "inclusion", "v": 1, "log": "audit"}', "[" * 9999]
)
def test_what_is_no_proof_is_refused(away: Command, tmp_path: Path, text: str) -> None:
    file = tmp_path / "proof.json"
    file.write_text(text)
    said = away("audit", "check-proof", str(file), "--json")
    assert (said.status, said.json["code"]) == (1, "HUB-787")
    assert away("audit", "check-proof", str(file)).lines[0].startswith("refused: HUB-787")


def test_an_entry_nobody_knows_has_no_proof_and_one_that_waits_has_none_yet(own: Command) -> None:
    said = own("audit", "prove", "0199c3d2-5b7a-7c11-8e4f-3f1d2a6b9c04")
    assert (said.status, said.err[:7]) == (1, "HUB-783")
    with open_hub(Settings.from_environment(own.environment)) as hub:
        ((entry,),) = fetch_all(hub.connection, "select entry::text from log_waiting order by id limit 1")
    said = own("audit", "prove", entry)
    assert (said.status, said.err[:7]) == (2, "HUB-784")
    said = own("audit", "head")
    assert (said.status, said.err[:7]) == (1, "HUB-783")


def test_an_entry_no_head_covers_yet_is_a_two(sealed: Command, tmp_path: Path) -> None:
    sealed("lookup", "--item", "0" * 31, "--id", "x", "--purpose", "许可受理")
    with open_hub(Settings.from_environment(sealed.environment)) as hub:
        from hub.audit import sequence

        assert sequence(hub) == 1
    proof = tmp_path / "proof.json"
    assert sealed("audit", "prove", entries_of(sealed)[-1], "--out", str(proof)).status == 0
    said = sealed("audit", "check-proof", str(proof))
    assert (said.status, said.lines[0][:11]) == (2, "cannot tell")
    assert sealed("audit", "seal").status == 0
    assert sealed("audit", "prove", entries_of(sealed)[-1], "--out", str(tmp_path / "again.json")).status == 0
    assert sealed("audit", "check-proof", str(tmp_path / "again.json")).status == 0


def test_production_without_a_key_seals_nothing(own: Command) -> None:
    said = own("audit", "seal", HUB_MODE="production")
    assert (said.status, said.err[:7]) == (1, "HUB-782")
