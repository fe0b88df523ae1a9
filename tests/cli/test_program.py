"""The command as a process: pipes that close, terminals, full disks, and how much it loads."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.command import Command
from tests.cli.conftest import Program, World

HEAVY = ("psycopg2", "pydantic", "rich", "cryptography", "lxml", "requests", "sqlalchemy", "paramiko")


def at_a_terminal(command: Command, columns: int, *arguments: str) -> tuple[int, str]:
    """Status and what stands on the screen, escape sequences taken out."""
    ours, its = pty.openpty()
    environment = {**os.environ, **command.environment, "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], env=environment, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    return process.wait(timeout=30), re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


def test_a_script_gets_status_output_and_error_apart(program: Program) -> None:
    done = program("id", "check", "420112", "x")
    assert done.returncode == 1
    assert done.stdout.decode().startswith("420112\tok\tdivision\t\nx\trefused\t")
    assert done.stderr == b""
    done = program("quarantine", "show", "99999999", "--json")
    assert (done.returncode, done.stdout, done.stderr[:8]) == (1, b"", b"HUB-605 ")
    assert program("frobnicate").returncode == 3
    assert program("sources", environment={"HUB_DATABASE_URL": "postgresql://127.0.0.1:1/x"}).returncode == 2


def test_a_reader_that_has_enough_is_no_error(world: World, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers"
    numbers.write_text("420112\n" * 200_000)
    for command, said in (
        (f"id check < {numbers}", "420112\tok\tdivision\t"),
        ("id check 420112", ""),
        ("sources", ""),
    ):
        line = f"{sys.executable} -m cli {command} | {'head -n 1' if said else 'true'}; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", line], env={**os.environ, **world.command.environment}, capture_output=True, timeout=60
        )
        assert done.stderr == b""
        out, _, status = done.stdout.decode().rstrip("\n").rpartition("\n")
        assert status in ("0", "141")
        assert out == said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_finds_no_room_is_an_error_in_one_line(program: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        done = program("id", "check", "420112", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_closed_standard_input_is_a_usage_error(program: Program) -> None:
    done = program("id", "check", preexec_fn=lambda: os.close(0))
    assert done.returncode == 3
    assert b"standard input" in done.stderr


def test_id_check_at_a_terminal_without_values_is_a_usage_error(world: World) -> None:
    status, screen = at_a_terminal(world.command, 100, "id", "check")
    assert status == 3
    assert "give values, or one a line on standard input" in screen


def test_bytes_of_another_encoding_as_an_argument_end_nothing(program: Program) -> None:
    done = program("id", "check", os.fsdecode(b"\xb0\xa1420112"))
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_output_that_is_no_utf8_still_gets_its_json(program: Program) -> None:
    done = program("id", "check", "--json", "你好", environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (1, b"")
    assert b'"value": "\\u4f60\\u597d"' in done.stdout
    assert program("sources", environment={"PYTHONIOENCODING": "ascii"}).returncode == 0


def test_collect_shows_progress_at_a_terminal_and_leaves_the_line_clean(own: Command) -> None:
    status, screen = at_a_terminal(own, 100, "collect", "civil.social_org")
    assert status == 0
    assert "\rcivil.social_org: reading …" in screen
    assert "\r\x1b[Kcivil.social_org: batch" in screen


def test_an_error_does_not_stand_behind_the_progress(own: Command) -> None:
    status, screen = at_a_terminal(own, 100, "collect", "market.company", "--file", __file__)
    assert status == 1
    assert "\r\x1b[KHUB-104 market.company" in screen


@pytest.mark.parametrize("columns", [80, 100, 160])
@pytest.mark.parametrize("arguments", [["sources"], ["report"], ["licences", "--waiting"], ["quarantine", "list"]])
def test_a_table_fits_the_terminal_and_breaks_no_name(world: World, columns: int, arguments: list[str]) -> None:
    status, screen = at_a_terminal(world.command, columns, *arguments)
    assert status == 0
    assert "…" not in screen
    table = [line.rstrip() for line in screen.splitlines() if not line.startswith(("never", "late", "not open"))]
    assert max(cell_len(line) for line in table) <= columns
    whole = {"sources": "tax.registration", "report": "tax.registration", "quarantine": "hr.insurance"}
    assert whole.get(arguments[0], world.some("waiting")) in screen


@pytest.mark.parametrize("arguments", ["['--help']", "['id', 'check', '420112']", "['verify', '--help']"])
def test_what_starts_often_loads_little(arguments: str) -> None:
    code = (
        "import sys\nfrom cli.main import main\n"
        f"try:\n    main({arguments})\n"
        f"except SystemExit:\n    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stderr.strip() == "[]"


def test_the_version_is_told(program: Program) -> None:
    done = program("--version")
    assert (done.returncode, done.stdout[:4]) == (0, b"hub ")
