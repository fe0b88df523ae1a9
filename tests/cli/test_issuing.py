"""`hub issue` and `hub licences`: what was sealed, what waits, and what each exit status says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.conftest import World

ISSUE_KEYS = {
    "issued", "ended", "archived", "archived_ended", "not_archived", "already", "waiting", "not_granted", "unknown",
}  # fmt: skip


def test_what_the_sandbox_meant_to_be_issued_is_issued_and_archived(world: World) -> None:
    found = world.command("licences", "--json").json
    documents = [no for what in ("issued", "changed", "renewed", "replaced") for no in world.approvals[what]]
    assert sorted(row["approval"] for row in found) == sorted(documents)
    for row in found:
        assert row.keys() == {
            "approval", "licence_type", "type_title", "number", "identifier", "state", "path", "package_path",
            "timestamped",
        }  # fmt: skip
        assert row["state"] == "archived"
        assert (world.command.home / row["path"]).is_file()
        assert (world.command.home / row["package_path"]).is_file()


def test_issuing_again_issues_nothing(world: World) -> None:
    said = world.command("issue", "--json")
    assert (said.status, said.json.keys()) == (0, ISSUE_KEYS)
    assert (said.json["issued"], said.json["archived"], said.json["archived_ended"]) == ([], [], [])
    done = ("issued", "changed", "renewed", "replaced", "cancelled")
    assert sorted(said.json["already"]) == sorted(no for what in done for no in world.approvals[what])
    assert {key for row in said.json["waiting"] for key in row} == {"approval", "item", "missing"}
    assert {key for row in said.json["waiting"] for lack in row["missing"] for key in lack} == {
        "material", "name", "state",
    }  # fmt: skip


def test_an_approval_that_has_its_licence_is_a_zero_and_shows_it(world: World) -> None:
    number = world.some("issued")
    said = world.command("issue", "--approval", number, "--approval", number)
    assert said.status == 0
    assert "had their licence 1" in said.out
    shown = next(line for line in said.lines if line.startswith(number))
    assert Path(shown.split()[-1]).is_file()


def test_an_approval_that_waits_is_a_one_and_says_for_what(world: World) -> None:
    number = world.some("waiting")
    said = world.command("issue", "--approval", number)
    assert said.status == 1
    assert f"{number} waits: M" in said.out
    assert "next: collect what is missing" in said.out
    assert [row["approval"] for row in world.command("issue", "--approval", number, "--json").json["waiting"]] == [
        number
    ]


def test_an_approval_that_was_not_granted_is_a_one_and_says_so(world: World) -> None:
    number = world.some("not_granted")
    said = world.command("issue", "--approval", number)
    assert said.status == 1
    assert f"{number}: the bureau did not grant it" in said.out


def test_an_unknown_approval_is_a_one_and_says_what_to_collect(world: World) -> None:
    said = world.command("issue", "--approval", "no such number")
    assert said.status == 1
    assert "no such number: no result of this approval was collected; next: hub collect bureau.result" in said.out
    assert world.command("issue", "--approval", "no such number", "--json").json["unknown"] == ["no such number"]


def test_the_register_shows_files_as_they_can_be_typed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = world.command("licences")
    assert said.status == 0
    path = said.lines[1].split()[-2]
    assert world.command("verify", "--quiet", path).status == 0
    monkeypatch.chdir(world.command.home)
    assert world.command("licences").lines[1].split()[-2].startswith("licences/")


def test_waiting_approvals_say_what_they_lack(world: World) -> None:
    said = world.command("licences", "--waiting")
    assert said.status == 0
    assert all(number in said.out for number in world.approvals["waiting"])
    assert "食品经营许可" in said.out
    assert "没有记录" in said.out
    found = world.command("licences", "--waiting", "--json").json
    later = {one for verdict in ("changed", "renewed", "replaced", "cancelled") for one in world.approvals[verdict]}
    assert {row["approval"] for row in found} - later == set(world.approvals["waiting"])
    # what is a later step of a licence is not issued as a licence of its own
    assert {row["missing"][0]["state"] for row in found if row["approval"] in later} <= {"later_step"}


def test_a_licence_without_a_timestamp_can_be_told(world: World) -> None:
    said = world.command("licences")
    assert "timestamp" in said.lines[0]
    assert all(" no " in line for line in said.lines[1:]), "these tests' world asks no authority"
    assert {row["timestamped"] for row in world.command("licences", "--json").json} == {False}


def test_a_pdf_copy_is_written_logged_and_valid(own: Command, world: World, tmp_path: Path) -> None:
    out, number = tmp_path / "copy.pdf", world.some("issued")
    said = own("licences", "pdf", number, "--out", str(out), "--json")
    assert (said.status, said.err) == (0, "")
    assert said.json.keys() == {"approval", "number", "path", "bytes", "sm3", "timestamped"}
    assert (said.json["approval"], said.json["timestamped"]) == (number, True)
    assert out.read_bytes().startswith(b"%PDF-")
    assert own("verify", "--quiet", str(out)).lines == ["有效"]
    use, *others = own("seals", "uses", "--case", number, "--json").json
    assert (use["document"], use["outcome"], use["document_sm3"]) == ("pdf", "sealed", said.json["sm3"])
    assert [one["document"] for one in others] == ["ofd"]
    again = own("licences", "pdf", said.json["number"], "--out", str(out))
    assert again.status == 0
    assert str(out) in again.out
    assert "with timestamp" in again.out


def test_what_was_not_published_has_no_pdf(own: Command, world: World, tmp_path: Path) -> None:
    for number in (world.some("waiting"), "no such number"):
        said = own("licences", "pdf", number, "--out", str(tmp_path / "copy.pdf"))
        assert (said.status, said.err[:8]) == (1, "HUB-714 ")
    assert not (tmp_path / "copy.pdf").exists()


def test_production_mode_refuses_the_demo_seal(own: Command, world: World) -> None:
    own("collect", "bureau.result", "--from-start")
    said = own("pki", "demo", HUB_MODE="production")
    assert (said.status, said.err[:8]) == (1, "HUB-709 ")
    said = own("issue", HUB_MODE="production")
    assert said.status == 0, "everything has its licence; no seal was needed"


def test_preparing_again_changes_nothing_and_says_what_is_there(own: Command) -> None:
    before = {path: path.read_bytes() for path in (own.home / "keys").rglob("*") if path.is_file()}
    said = own("prepare", "--json")
    assert (said.status, said.json.keys()) == (0, {"done"})
    assert {path: path.read_bytes() for path in (own.home / "keys").rglob("*") if path.is_file()} == before
    assert own("migrate").out.startswith("database at version ")
    assert own("migrate", "--json").json.keys() == {"version"}
    assert own("pki", "demo", "--json").json.keys() == {"done"}


def test_demo_keys_need_no_database(away: Command) -> None:
    assert away("pki", "demo").status == 0
    assert (away.home / "keys" / "demo" / "root-cert.pem").is_file()
