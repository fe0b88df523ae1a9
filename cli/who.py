"""In whose name a command acts."""

from __future__ import annotations

import getpass

import click

from cli.output import Words

_UNKNOWN_USER = "unknown"

who_option = click.option("--who", type=Words(), default=None, help="Who decided it. Default: the login name.")


def login() -> str:
    """The login name of whoever typed the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return _UNKNOWN_USER
