"""`hub archive check`: is a package whole."""

from __future__ import annotations

from pathlib import Path

import click

from cli.files import PACKAGE_BYTES, anchors_of_option, read_up_to, say_whom_to_trust, trust_option
from cli.output import cannot_tell_on_error, json_option, say_json
from cli.verify import STATUS
from core.settings import Settings


@click.group(short_help="Archive packages: check them.")
def archive() -> None:
    """Archive packages 归档信息包.

    \b
    Example: hub archive check var/archive/2026/420112-food-2026-00001.zip
    Exit status: 0 passed · 1 failed · 2 cannot tell · 3 wrong usage
    """


@archive.command(short_help="Check a package: structure, digests, signature, the licence inside.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_option
@json_option
@cannot_tell_on_error
def check(package: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of PACKAGE against the digest list, the list against its signature, and the sealed licence.

    \b
    Example: hub archive check var/archive/2026/420112-food-2026-00001.zip
    Exit status: 0 passed · 1 failed · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.inspect import inspect_package
    from hub.verify import anchors_of

    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=False)
    report = inspect_package(read_up_to(package, PACKAGE_BYTES), settings, anchors=anchors)
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines()))
        if report.verdict.value == "cannot_tell" and not (anchors or anchors_of(settings)):
            say_whom_to_trust(settings.keys)
    raise SystemExit(STATUS[report.verdict.value])
