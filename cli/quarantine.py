"""`hub quarantine`: rows that were not accepted, why, and another try."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings

#: A number the database can hold.
_NUMBER = click.IntRange(1, 2**63 - 1)


@click.group(short_help="Rows that were not accepted: list, show, retry.")
def quarantine() -> None:
    """Rows that were not accepted, with every reason; each is kept as it came until it is closed.

    \b
    Example: hub quarantine list
    Exit status: 0 done · 1 failed (retry: some are still refused) · 2 the database does not answer ·
    3 wrong usage
    """


@quarantine.command("list", short_help="Open entries with their reasons.")
@click.option("--resource", type=Words(), help="Only this resource.")
@click.option(
    "--state",
    type=click.Choice(["open", "released", "corrected", "all"]),
    default="open",
    show_default=True,
    help="released: a retry accepted it; corrected: its source sent a good row since.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most this many.")
@json_option
@exit_on_error
def list_(resource: str | None, state: str, limit: int, as_json: bool) -> None:
    """List quarantined rows, oldest first.

    \b
    Example: hub quarantine list --resource tax.registration
    Exit status: 0 listed · 1 no such resource · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine import entries

    with open_hub(Settings.from_environment()) as opened:
        found = entries(opened, resource=resource, state=None if state == "all" else state, limit=limit)
    if as_json:
        say_json([entry.to_dict() for entry in found])
        return
    say_table(
        ["no.", "resource", "state", "seen", "row", "reasons"],
        [[e.id, e.resource, e.state, e.seen_at[:10], e.position, "; ".join(e.reason_lines())] for e in found],
        whole=["resource", "state", "seen"],
        numbers=["no.", "row"],
        spare=["state", "seen"],
    )
    more = " (there may be more: --limit)" if len(found) == limit else ""
    look = f"; look at one: hub quarantine show {found[0].id}" if found else ""
    click.echo(f"{counted(len(found), 'entry', 'entries')}{more}{look}")


@quarantine.command(short_help="One entry: its reasons and its columns, values masked.")
@click.argument("number", type=_NUMBER)
@json_option
@exit_on_error
def show(number: int, as_json: bool) -> None:
    """Show one entry. Values are masked: the row itself goes back to its owner, not to a screen.

    \b
    Example: hub quarantine show 7
    Exit status: 0 shown · 1 no such entry · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine import show as run

    with open_hub(Settings.from_environment()) as opened:
        shown = run(opened, number)
    if as_json:
        say_json(shown.to_dict())
        return
    click.echo(f"no. {shown.entry.id} · {shown.entry.resource} · {shown.entry.state} · seen {shown.entry.seen_at}")
    click.echo(f"page SM3 {shown.entry.page_sm3}, row {shown.entry.position}, operation {shown.operation}")
    if shown.problem:
        click.echo(f"  {one_line(shown.problem)}")
    for line in shown.entry.reason_lines():
        click.echo(f"  {line}")
    say_table(["column", "value (masked)"], list(shown.masked_fields.items()), whole=["column"])
    if shown.entry.state == "open":
        click.echo(
            f"Once its source sent a good row, collecting closes it; after a fix of the schema: "
            f"hub quarantine retry {shown.entry.id}"
        )


@quarantine.command(short_help="Judge open entries again, after a schema or data fix.")
@click.argument("numbers", type=_NUMBER, nargs=-1)
@click.option("--resource", type=Words(), help="All open entries of this resource.")
@json_option
@exit_on_error
def retry(numbers: tuple[int, ...], resource: str | None, as_json: bool) -> None:
    """Judge entries again by the schemas of today; what is good now is accepted and its entry released.

    \b
    Example: hub quarantine retry 7 8
             hub quarantine retry --resource tax.registration
    Exit status: 0 all released · 1 some are still refused, or no such entry or resource ·
    2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine import retry as run

    if not numbers and resource is None:
        raise click.UsageError("name entries by their numbers, or a resource with --resource")
    with open_hub(Settings.from_environment()) as opened:
        result = run(opened, numbers=tuple(dict.fromkeys(numbers)), resource=resource)
    if as_json:
        say_json(result.to_dict())
    else:
        click.echo(
            f"tried {result.tried}: released {result.released}, still refused {result.refused}"
            + (f", closed before {result.closed}" if result.closed else "")
        )
        if result.refused:
            click.echo("what is still refused needs a good row from its source: hub quarantine list says why")
    if result.refused:
        raise SystemExit(1)
