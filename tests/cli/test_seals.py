"""`hub seals` and `hub pki`: what a register of seals says, and that a seal out of force seals nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.conftest import World

SEAL = "42011200000001"
KEYS = {
    "es_id", "version", "name", "organ", "credit_code", "kind", "vendor", "form", "state", "reason", "legal_basis",
    "valid_from", "valid_to", "registered_at", "sm3", "picture_type", "picture_bytes", "width_mm", "height_mm", "uses",
}  # fmt: skip
USE_KEYS = {
    "use", "es_id", "version", "case", "licence", "document", "outcome", "intended_at", "settled_at", "timestamped",
    "draft_sm3", "document_sm3",
}  # fmt: skip


def seal_file(command: Command) -> str:
    return str(command.home / "keys" / "demo" / "seal" / "seal.esl")


def test_the_demo_seal_is_in_the_register_and_told_with_its_uses(world: World) -> None:
    (found,) = world.command("seals", "list", "--json").json
    assert found.keys() == KEYS
    assert (found["es_id"], found["version"], found["state"]) == (SEAL, 1, "active")
    assert found["uses"] == {
        "sealed": len(world.drawn()), "intended": 0, "abandoned": 0, "without_timestamp": len(world.drawn()),
    }  # fmt: skip
    said = world.command("seals", "list")
    assert (said.status, SEAL in said.out, "active" in said.out) == (0, True, True)


def test_a_seal_is_shown_with_certificates_and_history(world: World) -> None:
    told = world.command("seals", "show", SEAL, "--json").json
    assert told.keys() == KEYS | {"maker", "signers", "events", "earlier"}
    assert told["signers"][0]["organisation"].startswith("11420112MB0000000M")
    assert [(one["event"], one["who"]) for one in told["events"]] == [("registered", "hub prepare")]
    said = world.command("seals", "show", SEAL)
    assert said.status == 0
    assert "registered by hub prepare" in said.out
    assert told["sm3"] in said.out


def test_every_use_is_told_with_its_case(world: World) -> None:
    found = world.command("seals", "uses", SEAL, "--json").json
    assert {key for one in found for key in one} == USE_KEYS
    assert sorted(one["case"] for one in found) == sorted(world.drawn())
    assert {(one["document"], one["outcome"], one["version"]) for one in found} == {("ofd", "sealed", 1)}
    number = world.some("issued")
    said = world.command("seals", "uses", "--case", number)
    assert [number in line for line in said.lines] == [False, True]
    assert world.command("seals", "uses", "--limit", "1").out.endswith("there may be more: --limit\n")
    assert world.command("seals", "uses", "99999999999999", "--json").json == []


def test_a_suspended_seal_makes_no_pdf_and_issues_nothing(own: Command, world: World, tmp_path: Path) -> None:
    said = own("seals", "suspend", SEAL, "--reason", "token lost", "--who", "张科长")
    assert (said.status, "suspended" in said.out) == (0, True)
    said = own("licences", "pdf", world.some("issued"), "--out", str(tmp_path / "x.pdf"))
    assert (said.status, said.err[:8]) == (1, "HUB-608 ")
    assert "token lost" in said.err
    assert not (tmp_path / "x.pdf").exists()
    assert own("seals", "resume", SEAL, "--reason", "token found", "--json").json["state"] == "active"
    shown = own("seals", "show", SEAL).out
    assert "suspended by 张科长, token lost" in shown


def test_a_revoked_seal_stays_revoked(own: Command) -> None:
    assert own("seals", "revoke", SEAL, "--reason", "organ renamed", "--legal-basis", "第七号").status == 0
    for change in ("suspend", "resume", "revoke"):
        said = own("seals", change, SEAL, "--reason", "x")
        assert (said.status, said.err[:8]) == (1, "HUB-609 ")
    (entry,) = own("seals", "list", "--json").json
    assert (entry["state"], entry["reason"], entry["legal_basis"]) == ("revoked", "organ renamed", "第七号")
    assert own("seals", "add", seal_file(own), "--json").json["state"] == "revoked", "the same seal changes nothing"


@pytest.mark.parametrize("arguments", [["show"], ["suspend", "--reason", "x"], ["picture", "--out", os.devnull]])
def test_a_seal_that_is_not_there_is_a_one(command: Command, arguments: list[str]) -> None:
    said = command("seals", arguments[0], "99999999999999", *arguments[1:])
    assert (said.status, said.err[:8]) == (1, "HUB-607 ")


def test_a_file_that_is_no_sound_seal_is_refused(own: Command, tmp_path: Path) -> None:
    sound = Path(seal_file(own)).read_bytes()
    file = tmp_path / "seal.esl"
    for data in (b"", b"no seal", sound[:-1], sound[:-1] + bytes([sound[-1] ^ 1])):
        file.write_bytes(data)
        said = own("seals", "add", str(file))
        assert (said.status, said.err[:8]) == (1, "HUB-713 "), data[:8]
    assert own("seals", "add", seal_file(own), HUB_MODE="production").err.startswith("HUB-709 ")
    assert len(own("seals", "list", "--json").json) == 1


def test_the_configured_seal_is_entered_without_naming_a_file(own: Command) -> None:
    assert own("seals", "add", "--json").json["state"] == "active"
    assert len(own("seals", "list", "--json").json) == 1
    assert own("seals", "add", "--signer", __file__).status == 3
    assert own("seals", "add", HUB_MODE="production").err.startswith("HUB-711 ")


def test_the_picture_of_a_seal_is_a_png(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "seal.png"
    assert command("seals", "picture", SEAL, "--out", str(out), "--json").json == {"picture": str(out)}
    assert out.read_bytes().startswith(b"\x89PNG")


def test_a_certificate_that_ends_soon_is_a_one_and_named(own: Command, away: Command) -> None:
    said = own("pki", "list")
    assert (said.status, said.err) == (0, "")
    found = own("pki", "list", "--json").json
    assert {"demo/seal/signer-cert.pem", "demo/seal/pdf/signer-cert.pem"} <= {one["file"] for one in found}
    assert {one["algorithm"] for one in found} == {"SM2", "P-256"}
    assert {one["purpose"] for one in found} >= {"root", "intermediate", "signing", "timestamps", "encryption"}
    (own.home / "keys" / "trust").mkdir()
    (own.home / "keys" / "trust" / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    )
    said = own("pki", "list")
    assert said.status == 1
    assert "trust/broken.pem" in said.err
    assert away("pki", "list").status == 0
