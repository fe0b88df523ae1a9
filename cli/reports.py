"""`hub reports`: lookups that the person looked at finds improper, and what the bureau answers."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json
from cli.who import login, who_option
from core.settings import Settings

#: A number the database can hold.
_NUMBER = click.IntRange(1, 2**63 - 1)


@click.group(short_help="Lookups that people find improper: read and answer.")
def reports() -> None:
    """What people say under 我的数据 of lookups they find improper. Each waits until it is answered.

    \b
    Example: hub reports list
    Exit status: 0 done · 1 refused · 2 the database does not answer · 3 wrong usage
    """


@reports.command("list", short_help="Reports without an answer, the oldest first.")
@json_option
@exit_on_error
def listed(as_json: bool) -> None:
    """Show every report that waits: its number, the entry of the log it is about, and the person's words.

    `hub audit prove ENTRY` and `hub audit export` tell what the entry says.

    \b
    Example: hub reports list
    Exit status: 0 listed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.improper import unanswered

    with open_hub(Settings.from_environment()) as opened:
        waiting = unanswered(opened)
    if as_json:
        say_json(
            [{"id": r.id, "entry": r.log_entry, "at": r.at.isoformat(), "statement": r.statement} for r in waiting]
        )
        return
    for one in waiting:
        click.echo(f"{one.id}  {one.at:%Y-%m-%d %H:%M}  entry {one.log_entry}\n   {one.statement}")
    click.echo(f"{counted(len(waiting), 'report', 'reports')} without an answer")


@reports.command(short_help="Answer a report; the person reads it.")
@click.argument("number", type=_NUMBER)
@click.option("--words", type=Words(), required=True, help="The answer, as the person will read it.")
@who_option
@json_option
@exit_on_error
def answer(number: int, words: str, who: str | None, as_json: bool) -> None:
    """Answer a report, once. Who answered is kept.

    \b
    Example: hub reports answer 3 --words "经核实，系误操作，已提醒"
    Exit status: 0 answered · 1 no such report, or answered before · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.improper import answer as give

    with open_hub(Settings.from_environment()) as opened:
        give(opened, number, words=words, who=who or login())
    if as_json:
        say_json({"id": number, "answered": True})
    else:
        click.echo(f"report {number} answered")
