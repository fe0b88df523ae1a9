"""`hub sources`: every declared resource and how its last reading went."""

from __future__ import annotations

import click

from cli.output import exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings


@click.command(short_help="List the declared resources and how their last reading went.")
@json_option
@exit_on_error
def sources(as_json: bool) -> None:
    """List every declared resource: owner, class, cycle, when it was last read, and what became of its rows.

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
        ["resource", "title", "owner", "class", "cycle", "last read", "pulled", "accepted", "unchanged",
         "quarantined", "state"],
        [
            [
                state.resource, state.title, state.department, state.share_class, state.update_cycle,
                state.last_read and f"{state.last_read:%Y-%m-%d %H:%M}", f"{state.pulled:,}", f"{state.accepted:,}",
                f"{state.unchanged:,}", f"{state.quarantined:,}", state.state,
            ]
            for state in states
        ],
        whole=["resource", "last read", "state"],
        numbers=["pulled", "accepted", "unchanged", "quarantined"],
        spare=["class", "cycle", "owner", "unchanged", "accepted", "title"],
    )  # fmt: skip
    for state in states:
        if state.trouble:
            click.echo(f"\n{state.resource}: {one_line(state.trouble)}")
    for wrong, next_step in (
        ("never read", "hub collect"),
        ("late", "hub collect"),
        ("not open", "hub source check"),
        ("awaiting permission", "hub source check"),
    ):
        names = [state.resource for state in states if state.state == wrong]
        if names:
            click.echo(f"\n{wrong}: {', '.join(names)}; next: {next_step} {names[0]}")
