"""The runbook names commands, targets and codes that exist, and has an entry for every symptom a message points to."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cli.main import hub
from onebox.layout import REPOSITORY

RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"(?:`|\" )hub ([a-z][^`\n#]*?)\s*(?:`|#|$)", RUNBOOK, re.MULTILINE)))


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_command_of_the_runbook_can_be_typed(typed: str, tmp_path: Path) -> None:
    file = tmp_path / "FILE"
    file.touch()
    command: click.Command = hub
    words = [{"FILE": str(file), "NO": "7"}.get(word, word) for word in typed.split() if word != "…"]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, typed
        command = found
    if typed == "verify":  # named, not shown
        words = [str(file)]
    command.make_context(typed, words)  # parses and judges the arguments, runs nothing


def test_the_runbook_shows_commands() -> None:
    assert len(COMMANDS) > 10


def test_its_codes_and_targets_exist() -> None:
    errors = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
    codes = set(re.findall(r"HUB-\d{3}", RUNBOOK))
    assert {code for code in codes if f"| `{code}` |" not in errors} == set()
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert {target for target in re.findall(r"`make (\w+)", RUNBOOK) if f"\n{target}:" not in makefile} == set()


def test_a_message_that_points_to_the_runbook_points_to_an_entry() -> None:
    rooms = ("connectors", "hub", "store", "signing", "onebox", "cli", "web", "dags")
    pointed = {
        name
        for room in rooms
        for file in (REPOSITORY / room).rglob("*.py")
        for name in re.findall(r"runbook: ([a-z-]+)", file.read_text(encoding="utf-8"))
    }
    assert {name for name in pointed if f"\n## {name}:" not in RUNBOOK} == set()
