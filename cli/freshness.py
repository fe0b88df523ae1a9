"""`hub freshness`: deadlines of sources that passed without data."""

from __future__ import annotations

import click

from cli.output import counted, exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings


@click.command(short_help="Sources that are late or have not delivered.")
@click.option("--all", "closed", is_flag=True, help="Closed alerts as well.")
@click.option("--watch", is_flag=True, help="Look at every source first, as Airflow does every ten minutes.")
@json_option
@exit_on_error
def freshness(closed: bool, watch: bool, as_json: bool) -> None:
    """List alerts: late 迟到 = not read to its end by the deadline, missing 缺报 = read, but nothing was delivered.

    A deadline that its owner has not agreed to is marked 未核实. What is due next stands in `hub sources`.

    \b
    Example: hub freshness --watch
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from core.clock import SHANGHAI
    from hub.context import open_hub
    from hub.freshness import alerts
    from hub.freshness import watch as look

    with open_hub(Settings.from_environment()) as opened:
        if watch:
            look(opened)
        found = alerts(opened, closed=closed)
    if as_json:
        say_json([alert.to_dict() for alert in found])
        return
    say_table(
        ["no.", "resource", "owner", "what", "due", "noticed", "by", "closed"],
        [
            [
                one.id, one.resource, one.department, f"{one.zh} {one.kind}",
                f"{one.due.astimezone(SHANGHAI):%Y-%m-%d %H:%M}{'' if one.due_verified else ' 未核实'}",
                f"{one.noticed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", one.noticed_by, one.closed_as,
            ]
            for one in found
        ],
        whole=["resource", "what", "due", "noticed"],
        numbers=["no."],
        spare=["by", "closed", "owner", "noticed"],
    )  # fmt: skip
    waiting = [one for one in found if one.closed_at is None]
    passed = counted(len(waiting), "deadline has passed without data", "deadlines have passed without data")
    click.echo(passed if waiting else "nothing is late or missing")
    for kind, next_step in (
        ("late", "hub collect {0}, and what it says"),
        ("missing", "ask {1} where the file is"),
    ):
        first = next((one for one in waiting if one.kind == kind), None)
        if first is not None:
            click.echo(f"{kind}: next: {one_line(next_step.format(first.resource, first.department))}")
