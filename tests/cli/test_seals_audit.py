"""`hub seals audit|organs|samples`: what is told, what each exit status says, and what is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import SHANGHAI
from core.settings import Settings
from tests.cli.command import Command
from tests.cli.conftest import World
from tests.hub.old_seals import write_succession

ROW = {
    "file", "standing", "licence", "number", "identifier", "issuer", "issuer_code", "owner", "owner_code", "ours",
    "signed_on", "seals", "signers", "verdict", "status", "findings",
}  # fmt: skip
TOLD = {
    "licences",
    "files",
    "standings",
    "findings",
    "owners",
    "ours",
    "at",
    "other_files",
    "closed_folders",
    "reports",
}


def test_old_licences_are_found_and_each_is_told_with_what_to_do(away: Command, tmp_path: Path) -> None:
    old, root = tmp_path / "old", str(tmp_path / "old" / "pki" / "root-cert.pem")
    made = away("seals", "samples", str(old))
    assert made.status == 0
    assert f"next: hub seals audit {old}" in made.out
    said = away(
        "seals", "audit", str(old), "--trust", root, "--csv", str(tmp_path / "a.csv"), "--page",
        str(tmp_path / "a.html"), "--reports", str(tmp_path / "reports"),
    )  # fmt: skip
    assert said.status == 1, "some break the rule"
    assert "8 files read: keeps the rule 2, breaks the rule 4, sealed by the organ of before 2" in said.out
    assert "2 licences of 武汉市东西湖区市场监督管理局（测试） 11420112MB0000002U" in said.out
    assert "next, for 2 licences of ours: hub licences reseal --organ 11420112MB0000001Q" in said.out
    written = [line.removeprefix("written: ") for line in said.lines if line.startswith("written: ")]
    assert len(written) == 4
    assert all(Path(path).is_file() for path in written)
    told = away("seals", "audit", str(old), "--trust", root, "--json").json
    assert told.keys() == TOLD
    assert all(row.keys() == ROW for row in told["licences"])
    assert (told["files"], len(told["licences"]), told["ours"]) == (8, 6, 4)
    assert told["findings"]["seal.differs"] == 2


def test_a_folder_without_a_fault_is_a_zero_and_one_that_cannot_be_judged_a_two(away: Command, tmp_path: Path) -> None:
    old, fine = tmp_path / "old", tmp_path / "fine"
    away("seals", "samples", str(old))
    fine.mkdir()
    (old / "food-as-it-should-be.ofd").rename(fine / "a.ofd")
    said = away("seals", "audit", str(fine), "--json")
    assert (said.status, said.json["licences"], said.json["standings"]["keeps"]) == (0, [], 1)
    (fine / "b.ofd").write_text("rubbish")
    assert away("seals", "audit", str(fine)).status == 2
    assert away("seals", "audit", str(tmp_path / "nothing there")).status == 3
    assert away("seals", "audit").status == 3
    assert away("seals", "audit", str(fine), "--register").status == 3


def test_the_installed_command_reads_many_files_in_several_processes(away: Command, tmp_path: Path) -> None:
    # Its main file has no guard: a process that read it again would run the command again.
    program, many = tmp_path / "hub", tmp_path / "many"
    program.write_text("import sys\nfrom cli.main import main\nsys.exit(main())\n")
    away("seals", "samples", str(tmp_path / "old"))
    many.mkdir()
    for number in range(210):
        os.link(tmp_path / "old" / "business-as-it-should-be.ofd", many / f"{number}.ofd")
    said = subprocess.run(
        [sys.executable, str(program), "seals", "audit", str(many)],
        env={**os.environ, **away.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "210 files read: keeps the rule 210\n"


def test_no_result_goes_over_a_licence(away: Command, tmp_path: Path) -> None:
    (tmp_path / "a.ofd").write_text("rubbish")
    said = away("seals", "audit", str(tmp_path), "--csv", str(tmp_path / "a.ofd"))
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("HUB-934")
    assert (tmp_path / "a.ofd").read_text() == "rubbish"


def test_the_register_keeps_the_rule_until_its_bureau_is_followed(world: World, own: Command) -> None:
    issued, today = len(world.approvals["issued"]), datetime.now(SHANGHAI).date()
    said = own("seals", "audit", "--register", "--json")
    assert said.status == 0, said.out
    assert said.json["standings"]["keeps"] == issued
    assert (own.home / "audits" / "seals-of-the-register.json").is_file(), "kept for the staff's page"
    write_succession(Settings.from_environment(own.environment), today + timedelta(days=2))
    assert own("seals", "audit", "--register").status == 0, "until its last day"
    write_succession(Settings.from_environment(own.environment), today - timedelta(days=1))
    said = own("seals", "audit", "--register", "--json")
    assert said.status == 1
    # The licences were sealed today, when their organ was gone.
    assert said.json["findings"] == {"issuer_code.not_then": issued}
    assert {row["status"] for row in said.json["licences"]} == {"valid", "cancelled"}
    assert (
        f"next, for {issued} licences of ours: hub licences reseal --organ 11420112MB0000000M"
        in own("seals", "audit", "--register").out
    )


def test_a_file_of_the_register_that_is_gone_or_another_is_told(world: World, own: Command) -> None:
    first, second = sorted((own.home / "licences").rglob("*.ofd"))[:2]
    second.write_bytes(first.read_bytes())
    first.unlink()
    said = own("seals", "audit", "--register", "--json")
    assert said.status == 2
    assert said.json["findings"] == {"file.altered": 1, "file.unreadable": 1}
    assert all(row["number"] for row in said.json["licences"])


def test_the_table_of_organs_is_shown_with_what_nobody_checked(away: Command) -> None:
    said = away("seals", "organs")
    assert said.status == 0
    assert "made up, for the demo" in said.out
    assert "未核实" in next(line for line in said.lines if "11420112MB0000001Q" in line)
    told = away("seals", "organs", "--json").json
    assert [one["credit_code"] for one in told["organs"] if one["ours"]] == ["11420112MB0000000M"]
    away.home.mkdir(parents=True)
    (away.home / "organs.toml").write_text("bureau = 1", encoding="utf-8")
    assert away("seals", "organs").err.startswith("HUB-930")
    (away.home / "organs.toml").unlink()
    assert away("seals", "organs", HUB_MODE="production").err.startswith("HUB-931")
    assert away("seals", "samples", str(away.home / "old"), HUB_MODE="production").status == 1
