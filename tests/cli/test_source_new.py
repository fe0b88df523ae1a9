"""`hub source` as docs/new-source.md shows it: the worked example is run word for word, in a checkout of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Command

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = (REPOSITORY / "docs" / "new-source.md").read_text(encoding="utf-8")
SAMPLE = re.search(r"<!-- sample: (\S+) -->\n```csv\n(.*?)```", GUIDE, re.DOTALL)
SAID = re.findall(r"<!-- said -->\n```\n(.*?)```", GUIDE, re.DOTALL)
EDITS = re.findall(r"<!-- edit: (\S+) -->\n```diff\n(.*?)```", GUIDE, re.DOTALL)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The rooms a new source touches, copied, and the guide's sample beside them."""
    root = tmp_path / "checkout"
    for room in ("core", "schemas", "connectors", "hub", "cli", "store"):
        shutil.copytree(REPOSITORY / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    assert SAMPLE is not None
    (root / SAMPLE[1]).write_text(SAMPLE[2], encoding="utf-8")
    return root


@pytest.fixture
def run(checkout: Path) -> Run:
    def module(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=checkout, env={**environment, "PYTHONPATH": str(checkout)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return module


def test_the_guides_example_goes_through_as_it_is_written(checkout: Path, run: Run) -> None:
    commands = re.findall(r"^\$ (?:hub|python) (.+)$", GUIDE, flags=re.MULTILINE)
    new, check, contract, collect = (re.sub("^-m ", "", command).split() for command in commands)
    assert (new[:2], check[:2], contract[0], collect[0]) == (
        ["source", "new"],
        ["source", "check"],
        "pytest",
        "collect",
    )
    done = run("cli", *new)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(SAID[0].rstrip("\n"))
    before = run("cli", *check)
    assert before.returncode == 1
    assert "owner is still a TODO" in before.stdout
    for name, diff in EDITS:
        edit(checkout / name, diff)
    after = run("cli", *check)
    assert (after.returncode, after.stdout.splitlines()[0]) == (0, SAID[1].strip())
    tested = run(*contract, "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"\b1\d passed", tested.stdout)
    again = run("cli", *new)
    assert (again.returncode, again.stderr[:8]) == (1, "HUB-722 ")


def edit(path: Path, diff: str) -> None:
    """Apply the guide's minus and plus lines, each of which must be there as the guide says."""
    lines = diff.splitlines()
    assert len(lines) % 2 == 0
    text = path.read_text(encoding="utf-8")
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0]) == ("-", "+")
        assert text.count(old[1:] + "\n") == 1, f"{path.name} has no line as the guide shows: {old[1:]}"
        text = text.replace(old[1:] + "\n", new[1:] + "\n")
    path.write_text(text, encoding="utf-8")


def test_what_is_scaffolded_passes_the_houses_own_checks(checkout: Path, run: Run) -> None:
    assert run("cli", "source", "new", "hr.title", "--file", "titles.csv").returncode == 0
    made = ["schemas/records/hr_title.py", "tests/sources/test_hr_title.py"]
    settings = str(REPOSITORY / "pyproject.toml")
    assert run("ruff", "check", "--no-cache", "--config", settings, *made).stdout.startswith("All checks passed")
    assert run("ruff", "format", "--no-cache", "--check", "--config", settings, *made).returncode == 0


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    assert SAMPLE is not None
    path = tmp_path / "titles.csv"
    path.write_text(SAMPLE[2], encoding="utf-8")
    return path


def test_a_dry_run_writes_nothing_and_speaks_json(away: Command, sample: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    said = away("source", "new", "hr.title", "--file", str(sample), "--into", str(into), "--dry-run", "--json")
    assert said.status == 0
    assert (said.json["written"], said.json["key"], said.json["rows"]) == (False, ["证书编号"], 6)
    assert not into.exists()
    said = away("source", "new", "hr.title", "--file", str(sample), "--into", str(into), "--json")
    assert {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()} == set(said.json["files"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["new"], ["new", "hr.title"], ["new", "hr.title", "--table", "x"], ["new", "hr.title", "--database", "x"],
        ["new", "hr.title", "--file", "/nonexistent.csv"], ["check", "a", "b"], ["frobnicate"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_a_three(away: Command, arguments: list[str]) -> None:
    said = away("source", *arguments)
    assert (said.status, said.out) == (3, "")


def test_errors_are_one_line_with_their_code(away: Command, sample: Path, tmp_path: Path) -> None:
    for arguments, status, code in (
        (["new", "Titel", "--file", str(sample)], 1, "HUB-722 "),
        (["new", "hr.title", "--file", str(sample), "--key", "无", "--into", str(tmp_path)], 1, "HUB-724 "),
        (["new", "hr.title", "--database", "postgresql://h:geheim@127.0.0.1:1/x", "--table", "t"], 2, "HUB-721 "),
        (["check", "hr.nothing"], 1, "HUB-109 "),
    ):
        said = away("source", *arguments)
        assert (said.status, said.err[:8], len(said.err.splitlines())) == (status, code, 1)
        assert "geheim" not in said.err


def test_the_register_is_checked_without_a_database(away: Command) -> None:
    said = away("source", "check", "--json")
    assert said.status == 0
    assert {one["state"] for one in said.json} <= {"未开通", "待授权", "已通"}
    assert all(one["complete"] for one in said.json)
    shown = away("source", "check", "education.enrolment")
    assert shown.lines[0] == "education.enrolment (未开通): complete"
    assert any("nobody was asked yet" in line for line in shown.lines)


def test_a_person_is_asked_and_enter_leaves_the_todo(sample: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    ours, its = pty.openpty()
    # law, title, owner: what a department that is known already still leaves open
    os.write(ours, "\n职称证书信息\n\n".encode())
    arguments = ["source", "new", "hr.title", "--file", str(sample), "--into", str(into)]
    process = subprocess.Popen([sys.executable, "-m", "cli", *arguments], stdin=its, stdout=its, stderr=its)
    os.close(its)
    screen = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            screen += part
    os.close(ours)
    assert process.wait(timeout=30) == 0
    assert b"What is the resource called" in screen
    text = (into / "connectors/resources/hr.title.toml").read_text(encoding="utf-8")
    assert 'title = "职称证书信息"' in text
    assert 'owner = "TODO' in text
    assert 'legal_basis = ["TODO' in text


def test_the_guides_json_is_json(away: Command, sample: Path, tmp_path: Path) -> None:
    said = away("source", "new", "hr.title", "--file", str(sample), "--into", str(tmp_path / "x"), "--json")
    assert json.loads(said.out)["columns"][2]["refused"] == 1
