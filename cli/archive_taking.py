"""`hub archive take-in`: packages of other archives come into ours."""

from __future__ import annotations

from pathlib import Path

import click

from cli.files import PACKAGE_BYTES, read_up_to
from cli.output import exit_on_error, json_option, say_json
from core.settings import Settings


@click.command("take-in", short_help="Check another archive's package as at transfer, and take it in.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@exit_on_error
def take_in(file: Path, as_json: bool) -> None:
    """Read FILE (a package, bag, envelope or E-ARK package), check all four properties of the package in it as at
    transfer (YJ), and take it into the archive: its report, its line in the catalogue and its entry in the log too.

    What fails, cannot be judged, or is there already is not taken in. The report of what failed is kept.

    \b
    Example: hub archive take-in bag.zip
    Exit status: 0 taken in · 1 refused, not judged, or there already · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.taking_in import take_in as run

    with open_hub(Settings.from_environment()) as opened:
        taken = run(opened, read_up_to(file, PACKAGE_BYTES))
    if as_json:
        say_json(taken.to_dict())
    else:
        click.echo("\n".join(taken.report.lines()))
        click.echo(f"{taken.path}: taken in as {taken.file_no}, {taken.size:,} bytes")


COMMANDS = (take_in,)
