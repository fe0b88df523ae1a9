"""`hub licences copy`: writes one file for one use, and says why it does not."""

from __future__ import annotations

from pathlib import Path

from hub.context import open_hub
from tests.cli.command import Command
from tests.cli.conftest import World, in_force


def number(world: World) -> str:
    with open_hub(world.settings()) as hub:
        return in_force(hub)[0].number


def test_a_copy_is_written_and_verifies(world: World, own: Command, tmp_path: Path) -> None:
    asked = ("licences", "copy", number(world), "--receiver", "某银行", "--cause", "开户", "--days", "7")
    for out, option in ((tmp_path / "copy.ofd", ()), (tmp_path / "copy.pdf", ("--pdf",))):
        said = own(*asked, "--out", str(out), *option, "--json")
        assert said.status == 0, said.err
        assert said.json.keys() == {
            "copy", "number", "identifier", "form", "bytes", "sm3", "until", "entry", "timestamped", "path",
        }  # fmt: skip
        assert said.json["bytes"] == out.stat().st_size
        assert own("verify", "--quiet", str(out)).status == 0
    said = own(*asked, "--out", str(tmp_path / "third.ofd"))
    assert said.status == 0 and "holds until" in said.out and "某银行" not in said.out
    uses = own("seals", "uses", "--json").json
    assert [use["document"] for use in uses[:3]] == ["annotated"] * 3


def test_what_is_refused_is_a_one_and_writes_nothing(own: Command, world: World, tmp_path: Path) -> None:
    out = tmp_path / "copy.ofd"
    words = ("--receiver", "某银行", "--cause", "开户", "--out", str(out))
    assert own("licences", "copy", "no such licence", *words).status == 1
    said = own("licences", "copy", number(world), *words, "--days", "4000")
    assert said.status == 1 and "HUB-962" in said.err
    assert own("licences", "copy", number(world), *words, "--days", "-1").status == 3
    assert not out.exists()
