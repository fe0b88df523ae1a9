"""`hub drift`: columns of sources that are not as they were, and taking one for the new normal."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json, say_table
from cli.who import login
from core.settings import Settings


@click.group(short_help="Columns of sources that have changed: list, accept.")
def drift() -> None:
    """Signals that a source's columns have changed: new, missing, emptied, of another type, other values, garbled.

    \b
    Example: hub drift list
    Exit status: 0 done · 1 failed · 2 the database does not answer · 3 wrong usage
    """


@drift.command("list", short_help="Open signals with their counts.")
@click.option("--resource", type=Words(), help="Only this resource.")
@click.option("--all", "closed", is_flag=True, help="Closed ones as well: gone by themselves, or accepted.")
@json_option
@exit_on_error
def list_(resource: str | None, closed: bool, as_json: bool) -> None:
    """List signals, oldest first. Counts are of the last batch's sample: at most 1,000 rows, never a value.

    A column called ~… has a name that may be somebody's value and is not shown.

    \b
    Example: hub drift list --resource tax.registration
    Exit status: 0 listed · 1 no such resource · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.drift import signals

    with open_hub(Settings.from_environment()) as opened:
        found = signals(opened, resource=resource, closed=closed)
    if as_json:
        say_json([signal.to_dict() for signal in found])
        return
    say_table(
        ["no.", "resource", "column", "what", "shown by", "since", "detail", "state"],
        [
            [
                one.id, one.resource, one.column, f"{one.zh} {one.kind}", f"{one.count:,} of {one.of:,}",
                one.raised_at[:10], one.detail or None, one.state,
            ]
            for one in found
        ],
        whole=["resource", "column", "since", "state"],
        numbers=["no.", "shown by"],
        spare=["state", "since"],
    )  # fmt: skip
    still = [one for one in found if one.state == "open"]
    click.echo(
        f"{counted(len(still), 'open signal', 'open signals')}"
        + (f"; ask the owner, then, where it is to stay so: hub drift accept {still[0].id}" if still else "")
    )


@drift.command(short_help="Take a signal's column as it is now for normal.")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@click.option("--who", type=Words(), default=None, help="Who decided it. Default: the login name.")
@json_option
@exit_on_error
def accept(number: int, who: str | None, as_json: bool) -> None:
    """Accept a signal: the column as last seen is what later batches are compared with.

    What stays so for good belongs into the declaration too: a new column under columns or ignored, a missing one under
    optional, another type or value set into the schema.

    \b
    Example: hub drift accept 3
    Exit status: 0 accepted · 1 no such signal, or closed already · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.drift import accept as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, number, who=who or login())
    if as_json:
        say_json(done.to_dict())
        return
    click.echo(f"accepted by {done.closed_by}: {done.resource}, {done.kind} {done.column}")
