"""What the demo prints at its end, on a terminal and in a log."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from rich.console import Console

from onebox.board import Board
from onebox.summary import show


@dataclass(frozen=True)
class Department:
    name: str = field(metadata={"title": "department 部门"})
    landed: int
    late: bool


@dataclass(frozen=True)
class Summary:
    licences_issued: int
    took: timedelta
    reasons: Mapping[str, int] = field(metadata={"title": "sent back 退回"})
    departments: Sequence[Department] = ()
    empty: Sequence[Department] = ()


SUMMARY = Summary(
    licences_issued=1234,
    took=timedelta(seconds=2.5),
    reasons={"R-011 check character": 17},
    departments=[Department("税务", 800, late=False), Department("人社", 1600, late=True)],
)


def printed(*, terminal: bool) -> str:
    out = io.StringIO()
    show(SUMMARY, Console(file=out, force_terminal=terminal, width=100), title="What the hub did")
    return out.getvalue()


def test_every_figure_is_there_with_its_title() -> None:
    text = printed(terminal=False)
    for part in (
        "What the hub did",
        "licences issued",
        "1,234",
        "2.5 s",
        "sent back 退回",
        "R-011 check character",
        "17",
    ):
        assert part in text
    assert [line.split() for line in text.splitlines() if "税务" in line] == [["税务", "800", "no"]]
    assert [line.split() for line in text.splitlines() if "人社" in line] == [["人社", "1,600", "yes"]]


def test_what_is_empty_is_left_out() -> None:
    assert "empty" not in printed(terminal=False)


def test_a_log_gets_no_escapes_and_no_frames() -> None:
    text = printed(terminal=False)
    assert "\x1b" not in text
    assert not set(text) & set("╭╮╰╯│")
    assert "╭" in printed(terminal=True)


def test_something_else_than_a_dataclass_is_refused() -> None:
    with pytest.raises(TypeError, match="dataclass instance"):
        show({"a": 1}, Console(file=io.StringIO()), title="")


def test_in_a_log_a_row_says_each_step_once() -> None:
    out = io.StringIO()
    with Board(Console(file=out, force_terminal=False, width=80)) as board:
        row = board.begin("collect_tax")
        for done in (0, 1, 1, 2):
            row.update(done, 2, "reading")
        row.done()
        row.done("again")
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["  collect_tax: 1 of 2", "  collect_tax: 2 of 2"]
    assert len(lines) == 3
    assert lines[2].startswith("✓ collect_tax: done")
