"""`hub archive volume` and what belongs to it: from a number to everything of one holder, and into one file."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from archive.volume_file import read_volume
from hub.context import open_hub
from schemas.judge import restore
from store import records
from store.connection import fetch_all
from tests.cli.conftest import World


@pytest.fixture(scope="module")
def holder(world: World) -> str:
    """The credit code of a company that has licences with later documents of them."""
    with open_hub(world.settings()) as hub:
        for approval in (*world.approvals["changed"], *world.drawn()):
            subject = hub.subject("case", approval)
            found = records.of_subject(hub.connection, hub.vault, subject, ["bureau.accept"])["bureau.accept"]
            applicant = restore("bureau.accept", found[0].payload).subjects()[0]
            if applicant.kind == "company":
                return applicant.value
    raise AssertionError("no company in the sandbox has a licence")


def test_a_number_leads_to_everything_of_its_holder(world: World, holder: str) -> None:
    said = world.command("archive", "volume", holder)
    assert said.status == 0
    volume = world.command("archive", "volume", holder, "--json").json
    assert volume["totals"]["packages"] == len(volume["entries"]) > 0
    for entry in volume["entries"]:
        assert entry["file_no"] in said.out
        assert entry["verdict"] == "valid"
    assert volume["names"][-1]["name"] in said.out
    assert holder not in json.dumps(volume)


def test_an_old_number_leads_to_the_same(world: World, holder: str) -> None:
    world.command("archive", "parties", "link")
    again = world.command("archive", "parties", "link", "--json").json
    assert (again["numbers"], again["names"], again["joined"]) == (0, 0, 0)
    volume = world.command("archive", "volume", holder, "--json").json
    by_old = world.command("archive", "volume", holder[8:17], "--json")
    kinds = {one["kind"] for one in volume["numbers"]}
    assert (by_old.status == 0 and by_old.json["party"] == volume["party"]) == ("organisation_code" in kinds)


def test_the_volume_in_one_file_is_whole_and_the_same_each_time(world: World, holder: str, tmp_path: Path) -> None:
    volume = world.command("archive", "volume", holder, "--json").json
    files = [tmp_path / "one.zip", tmp_path / "two.zip"]
    for file in files:
        said = world.command("archive", "export-volume", holder, "--out", str(file), "--json")
        assert said.json["packages"] == volume["totals"]["packages"]
    assert files[0].read_bytes() == files[1].read_bytes()
    with files[0].open("rb") as opened:
        read = read_volume(opened)
    with ZipFile(files[0]) as zipped:
        for packed, entry in zip(read.packages, volume["entries"], strict=True):
            assert (packed.file_no, packed.sm3) == (entry["file_no"], entry["sm3"])
            (path,) = world.command.home.rglob(f"archive/*/{packed.file_no}.zip")
            assert zipped.read(packed.path) == path.read_bytes()
    assert [one.value for one in read.numbers if one.value] == [holder]
    assert world.command("archive", "check-volume", str(files[0])).status == 0
    files[1].write_bytes(files[1].read_bytes()[:-1])
    refused = world.command("archive", "check-volume", str(files[1]))
    assert (refused.status, "HUB-737" in refused.err) == (1, True)


def test_each_look_is_logged_and_a_number_stands_in_no_message(world: World, holder: str) -> None:
    with open_hub(world.settings()) as hub:
        before = fetch_all(hub.connection, "select count(*) from audit_about")
        world.command("archive", "volume", holder)
        after = fetch_all(hub.connection, "select count(*) from audit_about")
    assert after[0][0] == before[0][0] + 1
    unknown = "91110000600037341L"
    said = world.command("archive", "volume", unknown)
    assert (said.status, "HUB-732" in said.err) == (1, True)
    assert unknown not in said.err
    refused = world.command(
        "archive", "succession", "add", holder, holder, "--kind", "合并", "--on", "2026-01-01", "--basis", "测试"
    )
    assert (refused.status, "HUB-733" in refused.err) == (1, True)
    assert holder not in refused.err
