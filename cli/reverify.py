"""`hub licences reverify`: verify again what was issued."""

from __future__ import annotations

from datetime import datetime

import click

from cli.output import counted, exit_on_error, json_option, one_line, say_json
from cli.progress import ProgressLine
from core.clock import SHANGHAI
from core.settings import Settings


@click.command(short_help="Verify issued licences again, from disk.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    default=None,
    help="Everything published from this day on (Asia/Shanghai). Default: from where the last good run ended.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=None,
    metavar="N",
    help="So many of the older ones, drawn by chance. Default: one in a hundred, at least 20.",
)
@json_option
@exit_on_error
def reverify(since: datetime | None, sample: int | None, as_json: bool) -> None:
    """Read issued licences from disk and verify them again, with the seal and organ they were sealed with.

    A malformed one (gone, changed, or not valid any more) stops issuing of its type until somebody looked at it and
    ran `hub licence-type clear`. The same runs each night in Airflow (reverify_licences).

    \b
    Example: hub licences reverify
             hub licences reverify --since 2026-01-01 --sample 0
    Exit status: 0 all good · 1 at least one is malformed · 2 nothing can be said of some now, or another
    process is at it · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.reverify import reverify as run

    line = ProgressLine()

    def on_progress(done: int, total: int) -> None:
        line.say(f"{done:,} of {total:,} verified")

    with open_hub(Settings.from_environment()) as opened:
        try:
            moment = since.replace(tzinfo=SHANGHAI) if since is not None else None
            done = run(
                opened,
                since=moment,
                sample=sample,
                on_progress=lambda done, of: line.say(f"{done:,} of {of:,} verified"),
            )
        finally:
            line.end()
    if as_json:
        say_json(done.to_dict())
        return
    began = done.since.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if done.since else "the first"
    click.echo(
        f"run {done.run}: {counted(done.published, 'licence', 'licences')} since {began}, "
        f"{counted(done.sampled, 'older one', 'older ones')} drawn by chance: all good"
    )
    for one in done.malformed:
        click.echo(f"  known and cleared: {one_line(one.number)} version {one.version} ({one.code})")
