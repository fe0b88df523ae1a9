"""`hub report`: where the hub stands, on one screen."""

from __future__ import annotations

import click

from cli.output import exit_on_error, json_option, say_json, say_table
from core.settings import Settings


@click.command(short_help="Where the hub stands: sources, licences, packages, what waits.")
@json_option
@exit_on_error
def report(as_json: bool) -> None:
    """Sum up every source (pulled = accepted + unchanged + quarantined), licences, packages and waiting approvals.

    \b
    Example: hub report --json
    Exit status: 0 reported · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.report import summary

    found = summary(Settings.from_environment())
    if as_json:
        say_json(found.to_dict())
        return
    say_table(
        ["resource", "title", "pulled", "accepted", "unchanged", "quarantined", "reasons"],
        [
            [
                s.resource,
                s.title,
                f"{s.pulled:,}",
                f"{s.accepted:,}",
                f"{s.unchanged:,}",
                f"{s.quarantined:,}",
                ", ".join(s.reason_counts),
            ]
            for s in found.sources
        ],
        title="Sources",
        whole=["resource"],
        numbers=["pulled", "accepted", "unchanged", "quarantined"],
        spare=["title"],
    )
    click.echo()
    say_table(
        ["licence type", "issued", "packages"],
        [[t.title, t.issued, t.packed] for t in found.types],
        title="Licences",
        numbers=["issued", "packages"],
    )
    click.echo(f"\nwaiting for evidence: {len(found.waiting)} · not granted: {found.not_granted}")
    if found.not_open:
        click.echo(f"declared, but not open yet: {len(found.not_open)}; see hub sources")
    if any(source.open_quarantine for source in found.sources):
        click.echo("rows set aside, and why: hub quarantine list")
    if found.waiting:
        click.echo("what approvals wait for: hub licences --waiting")
