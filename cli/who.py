"""In whose name a command acts."""

from __future__ import annotations

import getpass
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cli.output import Words

if TYPE_CHECKING:
    from hub.caller import Caller

_UNKNOWN_USER = "unknown"

who_option = click.option("--who", type=Words(), default=None, help="Who decided it. Default: the login name.")


def login() -> str:
    """The login name of whoever typed the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return _UNKNOWN_USER


def keeper(who: str | None) -> Caller:
    """Whoever acts on the machine, as the logs name him."""
    from hub.caller import operator

    return replace(operator(), id=who or login())
