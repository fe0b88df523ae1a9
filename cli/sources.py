"""`hub sources`: every declared resource and how its last reading went."""

from __future__ import annotations

from datetime import datetime

import click

from cli.output import counted, exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings


@click.command(short_help="List the declared resources and how their last reading went.")
@json_option
@exit_on_error
def sources(as_json: bool) -> None:
    """List every declared resource: owner, class, cycle, when it was last read, by when it or its data are due
    (未核实: the owner has not agreed to that), what became of its rows, and how many of its columns have changed.

    \b
    Example: hub sources
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.sources import source_states

    with open_hub(Settings.from_environment()) as opened:
        states = source_states(opened)
    if as_json:
        say_json([state.to_dict() for state in states])
        return
    say_table(
        [
            "resource", "title", "owner", "class", "cycle", "last read", "due", "pulled", "accepted", "unchanged",
            "quarantined", "drift", "state",
        ],
        [
            [
                state.resource, state.title, state.department, state.share_class, state.update_cycle,
                state.last_read and f"{state.last_read:%Y-%m-%d %H:%M}", _due(state.due, state.due_verified),
                f"{state.pulled:,}", f"{state.accepted:,}", f"{state.unchanged:,}", f"{state.quarantined:,}",
                counted(state.drift_signals, "signal", "signals") if state.drift_signals else None, state.state,
            ]
            for state in states
        ],
        whole=["resource", "last read", "due", "state", "drift"],
        numbers=["pulled", "accepted", "unchanged", "quarantined"],
        spare=["class", "cycle", "due", "owner", "unchanged", "accepted", "title"],
    )  # fmt: skip
    for state in states:
        if state.trouble:
            click.echo(f"\n{state.resource}: {one_line(state.trouble)}")
    for wrong, next_step in (
        ("never read", "hub collect {}"),
        ("late", "hub collect {}"),
        ("missing", "hub freshness"),
        ("not open", "hub source check {}"),
        ("awaiting permission", "hub source check {}"),
    ):
        names = [state.resource for state in states if state.state == wrong]
        if names:
            click.echo(f"\n{wrong}: {', '.join(names)}; next: {next_step.format(names[0])}")
    drifting = [state.resource for state in states if state.drift_signals]
    if drifting:
        click.echo(f"\ncolumns have changed: {', '.join(drifting)}; next: hub drift list --resource {drifting[0]}")


def _due(due: datetime | None, verified: bool) -> str | None:
    return None if due is None else f"{due:%Y-%m-%d %H:%M}{'' if verified else ' 未核实'}"
