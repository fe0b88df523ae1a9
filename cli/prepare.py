"""`hub prepare`, `hub migrate`, `hub pki`: what a new installation needs once, and which certificates end soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.output import counted, exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings

if TYPE_CHECKING:
    from hub.certificates import CertificateFile


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
             hub pki list
    Exit status: 0 done · 1 refused, failed, or a certificate ends soon · 3 wrong usage
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


@pki.command("list", short_help="The certificates of the keys folder, and which end soon.")
@json_option
@exit_on_error
def list_certificates(as_json: bool) -> None:
    """List every certificate in the keys folder: whose, for what, until when. What ends within 30 days is told last.

    \b
    Example: hub pki list
    Exit status: 0 listed · 1 a certificate has ended, ends within 30 days, or cannot be read · 3 wrong usage
    """
    from hub.certificates import certificates_of

    settings = Settings.from_environment(database=False)
    found = certificates_of(settings)
    worry = [one for one in found if one.ends_soon or one.trouble]
    if as_json:
        say_json([one.to_dict() for one in found])
    else:
        say_table(
            ["file", "subject", "organisation", "key", "purpose", "valid until", "days left"],
            [
                [
                    one.path + (f" (+{one.copies})" if one.copies else ""), one.facts.subject,
                    one.facts.organisation, one.facts.algorithm, one.facts.purpose,
                    f"{one.facts.valid_to:%Y-%m-%d}", one.facts.days_left,
                ]
                for one in found
                if one.facts is not None
            ],
            whole=["file", "valid until"],
            numbers=["days left"],
            spare=["organisation", "key", "purpose", "subject"],
        )  # fmt: skip
        for one in worry:
            click.echo(f"{one_line(one.path)}: {one_line(_worry(one))}", err=True)
        if not found:
            click.echo(f"no certificate in {settings.keys}; in demo mode: hub pki demo")
    if worry:
        raise SystemExit(1)


def _worry(one: CertificateFile) -> str:
    if one.facts is None:
        return one.trouble
    left = one.facts.days_left
    return "has ended, renew it" if left < 0 else f"ends in {counted(left, 'day', 'days')}, renew it"


def _say(done: list[str], as_json: bool) -> None:
    if as_json:
        say_json({"done": done})
    else:
        click.echo("\n".join(done))
