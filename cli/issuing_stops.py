"""`hub licence-type stops|clear`: types of licences whose issuing is stopped, and letting it go on."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.who import login, who_option
from core.clock import SHANGHAI
from core.settings import Settings


@click.command(short_help="Types whose issuing is stopped, and by which licence.")
@click.option("--all", "everything", is_flag=True, help="Stops that were cleared too, the newest first.")
@json_option
@exit_on_error
def stops(everything: bool, as_json: bool) -> None:
    """List the types of licences that are not issued because one of them was found malformed.

    \b
    Example: hub licence-type stops
    Exit status: 0 none is stopped · 1 some are · 2 the database does not answer · 3 wrong usage
    """
    from hub import issuing_stops
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        found = issuing_stops.listed(opened) if everything else issuing_stops.standing(opened)
    if as_json:
        say_json([issuing_stops.to_dict(one) for one in found])
    elif found:
        say_table(
            ["type", "since", "why", "licence", "version", "cleared"],
            [
                [
                    one.licence_type, f"{one.since.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", one.code, one.number,
                    one.version, f"{one.cleared_by}: {one.reason}" if one.cleared_at else "no",
                ]
                for one in found
            ],
            whole=["type", "licence"],
        )  # fmt: skip
    else:
        click.echo("no type of licence is stopped")
    if any(one.cleared_at is None for one in found):
        raise SystemExit(1)


@click.command(short_help="Let a stopped type be issued again.")
@click.argument("licence_type", metavar="TYPE", type=Words())
@click.option("--reason", type=Words(), required=True, help="What was found out; it is kept with the stop.")
@who_option
@json_option
@exit_on_error
def clear(licence_type: str, reason: str, who: str | None, as_json: bool) -> None:
    """Let licences of a type be issued again, after somebody found out why one of them is malformed.

    The same finding of the same document does not stop the type again. Approvals that waited are issued by the next
    run of issue_and_archive, or at once by `hub issue`.

    \b
    Example: hub licence-type clear food --reason "restored from the backup of 28 November"
    Exit status: 0 cleared · 1 the type is not stopped · 2 the database does not answer · 3 wrong usage
    """
    from hub import issuing_stops
    from hub.context import open_hub

    if not reason.strip():
        raise click.UsageError("--reason may not be blank")
    with open_hub(Settings.from_environment()) as opened:
        cleared = issuing_stops.clear(opened, licence_type, who=who or login(), reason=reason.strip())
    if as_json:
        say_json({"licence_type": licence_type, "cleared": cleared})
    else:
        click.echo(f"{one_line(licence_type)}: {counted(cleared, 'stop', 'stops')} cleared; next: hub issue")
