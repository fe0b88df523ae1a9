"""`hub prepare`, `hub migrate`, `hub pki demo`: what a new installation needs once."""

from __future__ import annotations

import click

from cli.output import exit_on_error, json_option, say_json
from core.settings import Settings


@click.command(short_help="Make what is missing: tables, keyring, demo keys and seal.")
@json_option
@exit_on_error
def prepare(as_json: bool) -> None:
    """Bring a new installation to where it can work; nothing that is there already is touched.

    \b
    Example: hub prepare
    Exit status: 0 ready · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.install import prepare as run

    _say(run(Settings.from_environment()), as_json)


@click.command(short_help="Run the database migrations.")
@json_option
@exit_on_error
def migrate(as_json: bool) -> None:
    """Bring the hub's database to the present layout; safe to run again.

    \b
    Example: hub migrate
    Exit status: 0 migrated · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.install import migrate as run

    version = run(Settings.from_environment())
    if as_json:
        say_json({"version": version})
    else:
        click.echo(f"database at version {version}")


@click.group(short_help="Keys and certificates.")
def pki() -> None:
    """Keys and certificates.

    \b
    Example: hub pki demo
    Exit status: 0 done · 1 refused or failed · 3 wrong usage
    """


@pki.command(short_help="Make the demo root, certificates, keys and seal; all say 测试.")
@json_option
@exit_on_error
def demo(as_json: bool) -> None:
    """Make a demo certificate authority, signer and seal in the keys folder, where there are none.

    Refused in production mode.

    \b
    Example: hub pki demo
    Exit status: 0 made, or there already · 1 refused or failed · 3 wrong usage
    """
    from hub.install import demo_keys

    _say(demo_keys(Settings.from_environment(database=False)), as_json)


def _say(done: list[str], as_json: bool) -> None:
    if as_json:
        say_json({"done": done})
    else:
        click.echo("\n".join(done))
