"""`hub archive reports|walk`: the checks that were made of a package, and the walk over all that are held."""

from __future__ import annotations

import click

from cli.output import Words, exit_on_error, json_option, say_json, say_table
from core.clock import SHANGHAI
from core.settings import Settings


@click.command(short_help="The four-property checks that were made of a package.")
@click.argument("file_no", metavar="FILE_NO", type=Words())
@json_option
@exit_on_error
def reports(file_no: str, as_json: bool) -> None:
    """Show the reports that are kept of a package's checks, by its electronic file number, the newest first: when, at
    which stage, the verdict, what failed, and the scores. --json gives the whole reports.

    \b
    Example: hub archive reports 420112-food-2026-00001
    Exit status: 0 shown · 1 there is no such package, or a report was changed · 2 the database does not answer
    · 3 wrong usage
    """
    from hub.check_reports import reports_of
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        found = reports_of(opened, file_no)
    if as_json:
        say_json([one.to_dict() for one in found])
    elif found:
        say_table(
            ["at", "stage", "verdict", "failed", "scores"],
            [
                [
                    one.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                    one.stage,
                    one.verdict if one.intact else f"{one.verdict} (the report was changed)",
                    " ".join(one.failed),
                    " ".join(f"{name} {'—' if percent is None else percent}" for name, percent in one.score.items()),
                ]
                for one in found
            ],
            whole=["at", "stage"],
        )
    else:
        click.echo("no check is kept: the package is of an earlier release. `hub archive walk` checks it.")
    raise SystemExit(0 if all(one.intact for one in found) else 1)


COMMANDS = (reports,)
