"""`hub transfer`, typed on both sides: each verb once, as officers do where nothing runs by itself."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings
from hub.verify import verify_file
from tests.cli.command import Command
from tests.hub.transfer_world import EARLIER_NUMBER, Pair


def command(settings: Settings) -> Command:
    return Command(
        {
            "HUB_HOME": str(settings.home),
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_KEYS": str(settings.keys),
            "HUB_SOURCES": str(settings.sources_file),
            "HUB_CLAMAV": "off",
        }
    )


def test_every_verb_on_both_sides(pair: Pair, tmp_path: Path) -> None:
    world = pair.world
    toml = world.origin.home / "peers.toml"
    toml.write_text(toml.read_text().replace('accept = "automatic"', 'accept = "officer"'))
    into, out = command(world.destination), command(world.origin)
    assert into("transfer", "peers", "check").status == out("transfer", "peers", "check").status == 0

    asked = into(
        "transfer", "request", world.number, "--from", "dongxihu", "--name", world.name, "--reason", "住所迁入本区",
        "--json",
    )  # fmt: skip
    id_ = asked.json["id"]
    assert asked.status == 0 and world.number not in asked.out
    assert into("transfer", "request", world.number, "--from", "nobody", "--name", "x", "--reason", "y").status == 1
    assert into("transfer", "receipt", id_).status == 1
    assert into("transfer", "send", id_, "--json").json["state"] == "notified"
    assert out("transfer", "inbox").lines[0] == "1 letter taken, 0 had before, 0 set aside"
    refused = out("transfer", "return", id_, "--fault", "nothing_held")
    assert refused.status == 1 and "HUB-829" in refused.err
    assert out("transfer", "assemble", id_).status == 1, "it was not accepted yet"
    early = into("transfer", "receive", id_)
    assert early.status == 1 and "HUB-819" in early.err, "no parcel has come yet"
    assert out("transfer", "accept", id_, "--who", "officer").lines == [f"{id_}: 已受理 (accepted)"]
    assert out("transfer", "assemble", id_).lines == [f"{id_}: 已组卷 (assembled)"]
    assert out("transfer", "send", id_, "--json").json["state"] == "sent"
    assert into("transfer", "inbox", "--json").json["set_aside"] == []
    assert into("transfer", "receive", id_).lines == [f"{id_}: 已出回执 (receipted)"]
    assert out("transfer", "settle", id_).status == 1, "the receipt has not left"
    assert into("transfer", "run", id_).lines == [f"{id_}: 已办结 (settled)"]
    assert out("transfer", "settle", id_).status == 0

    for side in (into, out):
        sheet = tmp_path / "receipt.ofd"
        said = side("transfer", "receipt", id_, "--out", str(sheet), "--json")
        assert (said.status, said.json["counts"]["accepted"]) == (0, 3)
        assert verify_file(sheet.read_bytes(), world.destination).verdict.value == "valid"
        shown = side("transfer", "show", id_, "--json").json
        assert (shown["state"], len(shown["letters"]), len(shown["packages"])) == ("settled", 4, 3)
        assert side("transfer", "show", id_).status == 0
        assert side("transfer", "list").lines == ["no transfer is open"]
        assert [one["id"] for one in side("transfer", "list", "--all", "--json").json] == [id_]
        assert "全部接收 → 已办结" in side("transfer", "register", "--of", id_).out
        assert side("transfer", "overdue").status == 0
        assert side("transfer", "run", "--json").json["states"] == {}
        assert side("transfer", "seal").status == 0
        assert side("transfer", "verify").status == 0
        assert side("transfer", "head").status == 0
        entry = shown["moves"][0]["entry"]
        proof = tmp_path / "proof.json"
        proof.unlink(missing_ok=True)
        assert side("transfer", "prove", entry, "--out", str(proof)).status == 0
        assert side("transfer", "check-proof", str(proof)).status == 0
    assert out("transfer", "show", EARLIER_NUMBER).status == 1
