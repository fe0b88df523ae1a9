"""What every command owes its caller: help with an example and statuses, a page in the book, and honest statuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import hub.report
from cli.main import hub as top
from cli.output import one_line, say_table
from tests.cli.command import Command
from tests.cli.conftest import FOOD

BOOK = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def commands(group: click.Group = top, name: str = "hub") -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand under its full name."""
    context = click.Context(group, info_name=name)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        yield f"{name} {part}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")


ALL = dict(commands())
#: What does something when it is called so; a group that does counts too.
LEAVES = {
    name: command
    for name, command in ALL.items()
    if not isinstance(command, click.Group) or command.invoke_without_command
}
#: Each command that needs the database, with what else it wants.
WITH_DATABASE = [
    ["sources"], ["freshness"], ["freshness", "--watch"], ["drift", "list"], ["drift", "accept", "1"],
    ["collect", "tax.registration"], ["quarantine", "list"], ["quarantine", "show", "1"],
    ["quarantine", "retry", "1"], ["lookup", "--item", FOOD, "--id", "91420112MAKTE5T008", "--purpose", "许可受理"],
    ["issue"], ["issue", "--approval", "1"], ["licences"], ["licences", "--waiting"], ["report"], ["prepare"],
    ["migrate"], ["licences", "pdf", "1", "--out", "x.pdf"], ["seals", "list"], ["seals", "show", "1"],
    ["seals", "add", __file__], ["seals", "suspend", "1", "--reason", "x"], ["seals", "resume", "1", "--reason", "x"],
    ["seals", "revoke", "1", "--reason", "x"], ["seals", "uses"], ["seals", "picture", "1", "--out", "x.png"],
    ["seals", "audit", "--register"],
    ["keys", "list"], ["keys", "rotate"], ["keys", "rotate", "--kek"], ["keys", "retire"],
    ["quarantine", "send-back", "tax.registration"], ["quarantine", "sent", "x"], ["quarantine", "sendings"],
    ["quarantine", "dismiss", "1", "--why", "repeated"], ["quarantine", "export", "1", "--out", "x.bin"],
    ["items", "coverage"],
    ["reports", "list"], ["reports", "answer", "1", "--words", "x"],
    ["audit", "verify"], ["audit", "head"], ["audit", "seal"], ["audit", "export", "--out", "x.jsonl"],
    ["audit", "prove", "--from", "0"],
    ["register", "verify"], ["register", "head"], ["register", "seal"], ["register", "export", "--out", "x.jsonl"],
    ["register", "prove", "--from", "0"], ["register", "prove", "--licence", "x"],
    ["register", "publish"],
    ["archive", "evidence", "x", "--out", "x.json"], ["evidence", "status"], ["evidence", "renew"],
    ["items", "coverage"], ["access", "alarms"], ["access", "alarms", "--watch"],
    ["access", "clear", "1", "--why", "x"],
    ["licences", "show", "1"], ["licences", "numbers"], ["licences", "expire"], ["licences", "expiring"],
    *(
        ["licences", step, "1", "--basis", "x", "--document", "x", "--reason", "x"]
        for step in ("suspend", "resume", "withdraw", "revoke", "cancel", "void")
    ),
]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_help_has_a_line_an_example_and_the_statuses(away: Command, name: str) -> None:
    said = away(*name.split()[1:], "--help")
    assert said.status == 0
    assert ALL[name].short_help
    assert len(ALL[name].short_help or "") < 80
    assert re.search(rf"Example: {name}\b", said.out)
    statuses = said.out.partition("Exit status:")[2]
    assert re.search(r"\b0 \w", statuses)
    assert "3 wrong usage" in statuses
    assert all(len(line) <= 110 for line in said.lines), "help is read in a terminal"


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_speaks_json(away: Command, name: str) -> None:
    assert "--json" in away(*name.split()[1:], "--help").out


@pytest.mark.parametrize("name", LEAVES)
def test_the_book_has_every_command_with_its_options_and_statuses(name: str) -> None:
    _, _, rest = BOOK.read_text(encoding="utf-8").partition(f"\n## `{name}")
    section = rest.partition("\n## ")[0]
    assert section, f"{name} has no section in docs/commands.md"
    assert f"$ {name}" in section, "an example"
    assert "Exit status" in section
    assert "JSON" in section
    options = {option for parameter in LEAVES[name].params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options - {"--json"} if option not in section} == set()


def test_the_book_has_no_command_that_is_gone() -> None:
    found = re.findall(r"^## `(hub [a-z-]+(?: [a-z-]+){0,2})", BOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(found) == sorted(LEAVES)


def test_the_list_of_commands_gives_each_its_line(away: Command) -> None:
    said = away("--help")
    assert said.status == 0
    for name, command in ALL.items():
        if name.count(" ") == 1:
            assert command.short_help
            assert command.short_help in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["frobnicate"], ["--frobnicate"], ["quarantine"], ["archive"], ["id"], ["pki"], ["id", "frobnicate"],
        ["sources", "more"], ["sources", "--frobnicate"], ["collect"], ["collect", "a", "b"],
        ["collect", "market.company", "--file", "/nonexistent.csv"], ["collect", "market.company", "--file", "/"],
        ["collect", "\udcff"], ["quarantine", "show"], ["quarantine", "show", "seven"], ["quarantine", "show", "0"],
        ["quarantine", "show", "9" * 30], ["quarantine", "retry"], ["quarantine", "retry", "x"],
        ["quarantine", "list", "--limit", "0"], ["quarantine", "list", "--state", "lost"],
        ["quarantine", "list", "--stage", "lost"], ["quarantine", "send-back"], ["quarantine", "dismiss", "1"],
        ["quarantine", "dismiss", "1", "--why", "because"], ["quarantine", "export", "1"], ["issue", "--approval"],
        ["issue", "420112"], ["issue", "--approval", "\udcff"], ["render"], ["render", __file__, "--dpi", "1"],
        ["verify", "--trust"], ["id", "check", "--frobnicate"], ["lookup"], ["licences", "pdf"],
        ["licences", "pdf", "1"], ["licences", "420112"], ["licences", "--waiting", "pdf", "1", "--out", "x"],
        ["seals"], ["seals", "show"], ["seals", "add", "/nonexistent.esl"], ["seals", "revoke", "1"],
        ["seals", "suspend", "1", "--reason", " "], ["seals", "uses", "--limit", "0"], ["seals", "picture", "1"],
        ["verify", __file__, "--crl", __file__], ["verify", __file__, "--ocsp", __file__],
        ["verify", __file__, "--organ", "420112"], ["verify", __file__, "--seals", "0"],
        ["items"], ["items", "show"], ["items", "find"], ["items", "find", "a", "--limit", "0"],
        ["items", "coverage", "--since", "yesterday"], ["items", "list", "--on", "2026-13-01"], ["items", "list", "x"],
        ["keys"], ["keys", "rotate", "--kek", "--resource", "hr.insurance"], ["keys", "rotate", "--prepare"],
        ["reports"], ["reports", "answer"], ["reports", "answer", "0", "--words", "x"], ["reports", "answer", "1"],
        ["audit"], ["audit", "prove"], ["audit", "prove", "seven"], ["audit", "prove", "--to", "1"],
        ["evidence"], ["evidence", "renew", "other"], ["archive", "evidence", "x"],
        ["archive", "check-evidence", __file__], ["archive", "check-evidence", __file__, __file__, "--at", "1"],
        ["audit", "check-proof"], ["audit", "check-proof", "/nonexistent.json"], ["audit", "export"],
        ["licences", "show"], ["licences", "suspend", "1"], ["licences", "void", "1", "--basis", "x", "--reason", " "],
        ["licences", "cancel", "1", "--basis", "x", "--reason", "x", "--on", "yesterday"],
        ["licences", "expiring", "--days", "-1"], ["licences", "expiring", "--out", "x.csv", "--told", "1"],
        ["audit", "verify", "--patience", "-1"], ["audit", "head", "--number", "-1"],
        ["register"], ["register", "prove"], ["register", "prove", "--from", "0", "--licence", "x"],
        ["register", "check-proof"], ["register", "export"], ["licences", "check-offline", __file__],
        ["licences", "check-offline", "--list", __file__],
    ],
    ids=lambda arguments: ascii(" ".join(arguments)) if isinstance(arguments, list) else None,
)  # fmt: skip
def test_wrong_usage_is_a_three_and_says_how_it_goes(away: Command, arguments: list[str]) -> None:
    said = away(*arguments)
    assert (said.status, said.out) == (3, "")
    assert said.err.startswith(("Usage: hub", "Error: Option '--", "Error: Invalid value for '--"))


@pytest.mark.parametrize("arguments", WITH_DATABASE, ids=" ".join)
def test_a_database_that_is_down_is_a_two_in_one_line(away: Command, arguments: list[str]) -> None:
    for more in ([], ["--json"]):
        said = away(*arguments, *more)
        assert (said.status, said.out) == (2, "")
        assert said.err.startswith("HUB-601 ")
        assert len(said.err.splitlines()) == 1


def test_an_address_that_is_none_is_a_one_and_keeps_the_password(away: Command) -> None:
    said = away("sources", HUB_DATABASE_URL="host=x password=geheim geheim2")
    assert said.status == 1
    assert "geheim" not in said.err
    assert len(said.err.splitlines()) == 1


def test_without_any_setting_it_says_what_to_start(tmp_path: Path) -> None:
    said = Command({"HUB_HOME": str(tmp_path)})("sources")
    assert (said.status, said.err[:8]) == (1, "HUB-010 ")
    assert "make serve" in said.err


def test_a_wrong_keys_folder_says_what_to_run(command: Command, tmp_path: Path) -> None:
    said = command("sources", HUB_KEYS=str(tmp_path / "none"))
    assert (said.status, said.err[:8]) == (1, "HUB-603 ")


def test_a_fault_nobody_foresaw_is_one_line_without_its_message(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise KeyError("张三丰 11010519491231002X")

    monkeypatch.setattr(hub.report, "summary", broken)
    said = command("report")
    assert said.status == 1
    assert "unexpected fault (KeyError at " in said.err
    assert "张三丰" not in said.err
    assert len(said.err.splitlines()) == 1


def test_a_stopped_command_says_that_it_can_go_on(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hub.report, "summary", stopped)
    said = command("report")
    assert said.status == 130
    assert "goes on from there" in said.err


def test_a_table_shows_brackets_and_colons_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(["a", "b"], [["[red]x[/red] [/]", ":smile:"], [None, "\x1b[31m"]])
    assert capsys.readouterr().out.splitlines() == [
        "a                 b",
        "[red]x[/red] [/]  :smile:",
        "—                  [31m",
    ]


def test_a_row_stays_one_line_where_nobody_looks_at_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(["a", "b"], [["字" * 5000, "x " * 5000]])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_text_from_elsewhere_cannot_move_the_cursor() -> None:
    assert one_line("a\r\n\x1b[2Jb\u202ec\x85") == "a   [2Jb c "
    assert one_line("一　二") == "一　二"
