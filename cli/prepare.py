"""`hub prepare`, `hub migrate`, `hub pki demo`: what a new installation needs once."""

from __future__ import annotations

import click

from cli.output import exit_on_error
from core.settings import Settings


@click.command(short_help="Migrate the database and make what is missing: keyring, demo keys and seal.")
@exit_on_error
def prepare() -> None:
    """Bring a new installation to where it can work; nothing that is there already is touched.

    \b
    Example: hub prepare
    Exit status: 0 ready · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.install import prepare as run

    for line in run(Settings.from_environment()):
        click.echo(line)


@click.command(short_help="Run the database migrations.")
@exit_on_error
def migrate() -> None:
    """Bring the hub's database to the present layout; safe to run again.

    \b
    Example: hub migrate
    Exit status: 0 migrated · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.install import migrate as run

    click.echo(f"database at version {run(Settings.from_environment())}")


@click.group(short_help="Keys and certificates.")
def pki() -> None:
    """Keys and certificates."""


@pki.command(short_help="Make the demo root, certificates, keys and seal; all say 测试.")
@exit_on_error
def demo() -> None:
    """Make a demo certificate authority, signer and seal in the keys folder, where there are none.

    Refused in production mode.

    \b
    Example: hub pki demo
    Exit status: 0 made, or there already · 1 refused or failed · 3 wrong usage
    """
    from hub.install import demo_keys

    for line in demo_keys(Settings.from_environment()):
        click.echo(line)
