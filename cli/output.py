"""How the command speaks: tables for people, JSON for scripts, one line for an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from core.errors import HubError, Retryable

#: What every command's exit status means; `hub verify` and `hub id check` say in their help what 1 and 2 are there.
OK, FAILED, TRY_LATER, USAGE = 0, 1, 2, 3

P = ParamSpec("P")
R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def say_json(value: Any) -> None:
    """The value as one JSON document, Chinese left readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say_table(headings: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """A table whose Chinese columns line up; as wide as it needs where nobody looks at a screen."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*headings, title=title, title_justify="left", header_style="bold", show_edge=False)
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "—" for cell in row))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)


def exit_on_error(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a typed error into one line on standard error and the documented exit status."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HubError as error:
            click.echo(str(error), err=True)
            sys.exit(TRY_LATER if isinstance(error, Retryable) else FAILED)

    return run
