"""`hub transfer peers`: the other hubs that are configured."""

from __future__ import annotations

import click

from cli.output import exit_on_error, json_option, say_json
from core.settings import Settings


@click.group(short_help="The other hubs archives are handed to and taken from.")
def peers() -> None:
    """Other hubs, as HUB_HOME/peers.toml names them.

    \b
    Example: hub transfer peers check
    Exit status: 0 done · 1 refused · 3 wrong usage
    """


@peers.command(short_help="Look whether everything each peer needs is there and fits.")
@json_option
@exit_on_error
def check(as_json: bool) -> None:
    """Read peers.toml and every file it names: our key, each peer's certificate for encryption and whose it is, the
    roots it is trusted by, and the way to it. Nothing is sent.

    \b
    Example: hub transfer peers check
    Exit status: 0 all is sound · 1 something is not, or there is no peers.toml · 3 wrong usage
    """
    from core.clock import SystemClock
    from hub.transfer_check import check as look

    told = look(Settings.from_environment(database=False), SystemClock().now())
    if as_json:
        say_json(told)
    else:
        for one in told:
            click.echo(f"{one['name']}: {'sound' if one['sound'] else 'not sound'}")
            for fault in one["faults"]:
                click.echo(f"  {fault}")
    raise SystemExit(0 if all(one["sound"] for one in told) else 1)
