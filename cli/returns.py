"""`hub quarantine send-back`, `sent` and `sendings`: rows on their way back to their owner."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json, say_table
from cli.who import login, who_option
from core.settings import Settings


@click.command("send-back", short_help="Send rows that wait back to their owner.")
@click.argument("resource", type=Words())
@click.option("--again", is_flag=True, help="Also what is overdue, and what was sent back twice and came wrong again.")
@json_option
@exit_on_error
def send_back(resource: str, again: bool, as_json: bool) -> None:
    """Send every row of RESOURCE that waits back to its owner, with all reasons and the day a correction is due.

    It goes by the channel its declaration names under `rejected`; without one as an XLSX workbook below HUB_HOME,
    which a person has to send on. Stopped at any point, the next call sends the same rows under the same reference,
    and nothing twice.

    \b
    Example: hub quarantine send-back tax.registration
    Exit status: 0 sent, or nothing waits · 1 no such resource, or the channel refuses · 2 the channel or the
    database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.returns import send_back as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, resource, again=again)
    if as_json:
        say_json(done.to_dict())
        return
    for one in done.sendings:
        where = f"{one.channel} {one.place}"
        click.echo(f"{one.reference}: {counted(one.rows, 'row', 'rows')} by {where}, due {one.due_words()}")
        if one.handed_over_at is None:
            click.echo(f"  a person has to send it on; then: hub quarantine sent {one.reference}")
    if not done.sendings:
        click.echo(f"{resource}: nothing waits to be sent back")
    if done.left:
        click.echo(f"{counted(done.left, 'row was', 'rows were')} sent back twice and came wrong again: --again")
    if done.overdue:
        click.echo(f"{counted(done.overdue, 'row is', 'rows are')} overdue: --again sends them in a new sending")


@click.command(short_help="Say that a workbook was sent on to its owner.")
@click.argument("reference", type=Words())
@who_option
@json_option
@exit_on_error
def sent(reference: str, who: str | None, as_json: bool) -> None:
    """Record that the workbook of the sending REFERENCE was sent on: from today its owner's time runs.

    \b
    Example: hub quarantine sent 20260302-9f3a2b1c
    Exit status: 0 recorded, or was before · 1 no such sending, or no file of it is ready · 2 no database ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.returns import confirm

    with open_hub(Settings.from_environment()) as opened:
        one = confirm(opened, reference, who=who or login())
    if as_json:
        say_json(one.to_dict())
    else:
        click.echo(f"{one.reference}: handed over {(one.handed_over_at or '')[:10]}, due {one.due_words()}")


@click.command(short_help="What was sent back, how, and whether it was answered.")
@click.option("--resource", type=Words(), help="Only this resource.")
@click.option("--open", "only_open", is_flag=True, help="Only those that some row still awaits the answer of.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most this many.")
@json_option
@exit_on_error
def sendings(resource: str | None, only_open: bool, limit: int, as_json: bool) -> None:
    """List sendings, newest first. `to hand over`: a person has to send the file on.

    \b
    Example: hub quarantine sendings --open
    Exit status: 0 listed · 1 no such resource · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.returns import listed

    with open_hub(Settings.from_environment()) as opened:
        found = listed(opened, resource=resource, only_open=only_open, limit=limit)
    if as_json:
        say_json([one.to_dict() for one in found])
        return
    say_table(
        ["reference", "resource", "made", "rows", "open", "how it stands", "due", "channel", "where"],
        [
            [
                one.reference, one.resource, one.made_at[:10], one.rows, one.still_open, one.told, one.due_words(),
                one.channel, one.place,
            ]
            for one in found
        ],
        whole=["reference", "resource", "made", "how it stands", "due"],
        numbers=["rows", "open"],
        spare=["channel", "made", "where", "rows"],
    )  # fmt: skip
    for one in found:
        if one.trouble:
            click.echo(f"{one.reference}: {one.trouble}")
    more = " (there may be more: --limit)" if len(found) == limit else ""
    click.echo(f"{counted(len(found), 'sending', 'sendings')}{more}")
