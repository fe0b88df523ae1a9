"""How the command speaks: tables for people, JSON for scripts, one line for an error."""

from __future__ import annotations

import json
import os
import sys
import traceback
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from core.errors import HubError, Retryable

#: What every command's exit status means; `hub verify` and `hub id check` say in their help what 1 and 2 are there.
OK, FAILED, TRY_LATER, USAGE = 0, 1, 2, 3
CANNOT_TELL = TRY_LATER

P = ParamSpec("P")
R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


class Words(click.ParamType[str]):
    """An argument that is text. Bytes that are no UTF-8 arrive as surrogates, which no database stores."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("the value is not UTF-8 text", param, ctx)
        return text


def say_json(value: Any) -> None:
    """The value as one JSON document; Chinese stays readable where the output can carry it."""
    plain = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(value, ensure_ascii=plain, indent=2, default=str))


def one_line(value: object) -> str:
    """Text from elsewhere made fit for one line of a terminal: what would move the cursor becomes a blank."""
    text = "—" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)


def say_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    whole: Collection[str] = (),
    numbers: Collection[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """A table whose Chinese columns line up. Where nobody looks at a screen, each row is one line, however wide.

    Args:
        whole: columns that are never broken over lines, because people copy from them.
        numbers: columns that stand to the right, and are never broken either.
        spare: columns left out, the first one first, as long as a terminal is too narrow.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    screen = sys.stdout.isatty()
    console = Console(width=None if screen else 100_000, highlight=False, markup=False, emoji=False, soft_wrap=False)
    cells = [[one_line(cell) for cell in row] for row in rows]
    wide = {
        name: max([cell_len(name), *(cell_len(row[index]) for row in cells)]) for index, name in enumerate(headings)
    }
    gone: set[str] = set()
    if screen:
        for name in spare:
            if sum(width + 2 for column, width in wide.items() if column not in gone) > console.width:
                gone.add(name)
    shown = [(index, name) for index, name in enumerate(headings) if name not in gone]
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None)
    table.padding, table.pad_edge = (0, 2, 0, 0), False
    for _, name in shown:
        firm = name in whole or name in numbers
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=firm,
            overflow="fold",
            min_width=wide[name] if firm else min(wide[name], 8),
        )
    for row in cells:
        table.add_row(*(row[index] for index, _ in shown))
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")), color=True)


def shown_path(home: Path, path: str | None) -> str | None:
    """A path of the register (below the hub's home) as the caller can type it from where he stands."""
    if path is None:
        return None
    full = home / path
    try:
        return str(full.relative_to(Path.cwd()))
    except ValueError:
        return str(full)


def counted(number: int, one: str, many: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number:,} {one if number == 1 else many}"


def exit_on_error(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a typed error into one line on standard error and the documented exit status."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HubError as error:
            click.echo(one_line(error), err=True)
            sys.exit(TRY_LATER if isinstance(error, Retryable) else FAILED)

    return run


def cannot_tell_on_error(command: Callable[P, R]) -> Callable[P, R]:
    """The same for a command that judges: its status 1 says "invalid", so whatever keeps it from judging is a 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except HubError as error:
            click.echo(one_line(error), err=True)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never read as "the file is invalid"
            say_fault(error)
        sys.exit(CANNOT_TELL)

    return run


def say_fault(error: Exception) -> None:
    """Tell of an error nobody foresaw without its message, which may quote a record or a password."""
    if os.environ.get("HUB_TRACEBACK") == "1":
        traceback.print_exception(error)
        return
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"{where}{error.strerror or type(error).__name__}; nothing more was done", err=True)
        return
    root = Path(__file__).resolve().parent.parent
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            place = f" at {path.relative_to(root)}:{frame.lineno}"
    click.echo(
        f"unexpected fault ({type(error).__name__}{place}). What it says is not shown, it may quote a record; "
        "HUB_TRACEBACK=1 shows it. Please report it.",
        err=True,
    )
