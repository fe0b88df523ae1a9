"""`hub quarantine`: rows that were not accepted, why, how far they are on their way back, and another try."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.quarantine_acts import dismiss, export
from cli.returns import send_back, sendings, sent
from core.settings import Settings

#: The stages of `store.returns`, written out so that help needs no database driver; a test compares them.
STAGES = ("waiting", "handover", "sent", "overdue", "answered", "corrected", "released", "dismissed")

#: A number the database can hold.
_NUMBER = click.IntRange(1, 2**63 - 1)


@click.group(short_help="Rows that were not accepted, and their way back.")
def quarantine() -> None:
    """Rows that were not accepted, with every reason; each is kept as it came, also once it is closed.

    A row waits (待退回), goes back to its owner (send-back; 已退回 with a day it is due, 超期 after it), and is closed
    as corrected (已更正: its source sent a good row), released (已放行: a retry accepted it) or dismissed (已撤销).

    \b
    Example: hub quarantine list
    Exit status: 0 done · 1 failed (retry: some are still refused) · 2 the database does not answer ·
    3 wrong usage
    """


@quarantine.command("list", short_help="Open entries with their reasons.")
@click.option("--resource", type=Words(), help="Only this resource.")
@click.option(
    "--stage",
    "--state",
    "stage",
    type=click.Choice([*STAGES, "open", "all"]),
    default="open",
    show_default=True,
    help="open: all that are not closed; see below.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most this many.")
@json_option
@exit_on_error
def list_(resource: str | None, stage: str, limit: int, as_json: bool) -> None:
    """List quarantined rows, oldest first, and how far each has come.

    \b
    waiting   待退回  not sent back yet, or being sent
    handover  待转交  in a workbook that a person has to send on
    sent      已退回  with its owner, the due day is to come
    overdue   超期    with its owner, the due day has passed
    answered  已另报  its owner sent another row since, which is wrong too and stands here for itself
    corrected 已更正  closed: its source sent a good row
    released  已放行  closed: a retry accepted it
    dismissed 已撤销  closed: a person gave it up

    \b
    Example: hub quarantine list --resource tax.registration --stage overdue
    Exit status: 0 listed · 1 no such resource · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine import entries

    stages = {"all": STAGES, "open": STAGES[:5]}.get(stage, (stage,))
    with open_hub(Settings.from_environment()) as opened:
        found = entries(opened, resource=resource, stages=stages, limit=limit)
    if as_json:
        say_json([entry.to_dict() for entry in found])
        return
    say_table(
        ["no.", "resource", "stage", "seen", "row", "sent", "reasons"],
        [
            [e.id, e.resource, e.stage_words(), e.seen_at[:10], e.position, e.sent_back, "; ".join(e.reason_lines())]
            for e in found
        ],
        whole=["resource", "stage", "seen"],
        numbers=["no.", "row", "sent"],
        spare=["seen", "sent", "row"],
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
    entry = shown.entry
    click.echo(f"no. {entry.id} · {entry.resource} · {entry.stage_words()} · seen {entry.seen_at}")
    click.echo(f"page SM3 {entry.page_sm3}, row {entry.position}, operation {shown.operation}")
    if entry.sent_back or entry.retries:
        last = f", last in {entry.reference}" if entry.reference else ""
        tried = f", the last time {entry.retried_at}" if entry.retried_at else ""
        click.echo(f"sent back {counted(entry.sent_back, 'time', 'times')}{last}; retried {entry.retries}{tried}")
    for act in shown.acts:
        told = [act.act, act.reference, act.why, one_line(act.note) if act.note else None]
        click.echo(f"  {act.at:%Y-%m-%d} {act.who}: {' · '.join(part for part in told if part)}")
    if shown.problem:
        click.echo(f"  {one_line(shown.problem)}")
    for line in shown.entry.reason_lines():
        click.echo(f"  {line}")
    say_table(["column", "value (masked)"], list(shown.masked_fields.items()), whole=["column"])
    if entry.state == "open":
        click.echo(
            f"Once its source sent a good row, collecting closes it; after a fix of the schema: "
            f"hub quarantine retry {entry.id}"
        )
        if entry.stage == "waiting":
            click.echo(f"To send it back to its owner: hub quarantine send-back {entry.resource}")


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


for _command in (send_back, sent, sendings, dismiss, export):
    quarantine.add_command(_command)
