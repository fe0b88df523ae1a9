"""Progress as a log shows it."""

from __future__ import annotations

import io

from rich.console import Console

from onebox.board import Board


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
