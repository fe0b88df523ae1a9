"""`hub archive check`: is a package whole."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import json_option, say_json
from cli.verify import anchors_option
from core.errors import HubError
from core.settings import Settings

_STATUS = {"valid": 0, "invalid": 1, "cannot_tell": 2}


@click.group(short_help="Archive packages: check them.")
def archive() -> None:
    """Archive packages 归档信息包."""


@archive.command(short_help="Check a package: structure, digests, signature, the licence inside.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A root certificate (PEM) to trust. Default: those of this hub, where there are any.",
)
@json_option
def check(package: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of PACKAGE against the digest list, the list against its signature, and the sealed licence.

    \b
    Example: hub archive check var/archive/2026/420112-2026-00001.zip
    Exit status: 0 passed · 1 failed · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.inspect import inspect_package

    anchors = anchors_option(trust)
    try:
        report = inspect_package(package.read_bytes(), Settings.from_environment(database=False), anchors=anchors)
    except HubError as error:
        click.echo(str(error), err=True)
        raise SystemExit(_STATUS["cannot_tell"]) from None
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines()))
    raise SystemExit(_STATUS[report.verdict.value])
