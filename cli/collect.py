"""`hub collect RESOURCE`: read one department resource into the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.output import exit_on_error, json_option, say_json
from core.settings import Settings


@click.command(short_help="Read one resource from its department, or from a file.")
@click.argument("resource")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read this file in place of the declared source, from its first row.",
)
@click.option("--from-start", is_flag=True, help="Forget the cursor and read everything again; repeats change nothing.")
@json_option
@exit_on_error
def collect(resource: str, file: Path | None, from_start: bool, as_json: bool) -> None:
    """Read RESOURCE from where the last collect ended to where the source has no more for now.

    Every row is accounted for: landed = accepted + quarantined. Interrupted at any point, the next
    call goes on where this one stood.

    \b
    Example: hub collect tax.registration
             hub collect market.company --file companies.csv
    Exit status: 0 collected (quarantined rows are no failure) · 1 refused · 2 the source does not answer,
    try again · 3 wrong usage
    """
    from hub.collect import collect as run
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        progress = _Progress(resource)
        done = run(opened, resource, file=file, from_start=from_start, on_step=progress)
        progress.end()
    if as_json:
        say_json(done.to_dict())
        return
    c = done.counts
    click.echo(f"{resource}: batch {done.batch}{' (taken up again)' if done.resumed else ''}, {c.pages} pages")
    click.echo(f"  landed {c.landed:,} = accepted {c.accepted:,} + quarantined {c.quarantined:,}")
    click.echo(
        f"  accepted: new {c.inserted:,}, changed {c.changed:,}, unchanged {c.unchanged:,}, "
        f"deleted {c.deleted:,}, overtaken in the same page {c.overtaken:,}"
    )
    if done.source_count is not None:
        click.echo(f"  the source itself said {done.source_count:,}")
    if done.unknown_columns:
        click.echo(f"  columns the schema does not know: {', '.join(done.unknown_columns)}")
    if c.quarantined:
        click.echo(f"  see why: hub quarantine list --resource {resource}")


class _Progress:
    """Pages landed so far, on standard error, where a person is looking at it."""

    def __init__(self, resource: str) -> None:
        self._resource, self._pages, self._shown = resource, 0, sys.stderr.isatty()

    def __call__(self, step: str) -> None:
        if step == "page.landed" and self._shown:
            self._pages += 1
            click.echo(f"\r{self._resource}: {self._pages} pages landed", nl=False, err=True)

    def end(self) -> None:
        """Leave the line to what follows."""
        if self._pages:
            click.echo("\r\033[K", nl=False, err=True)
