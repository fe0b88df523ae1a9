"""`hub collect RESOURCE`: read one department resource into the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json
from core.settings import Settings


@click.command(short_help="Read one resource from its department, or from a file.")
@click.argument("resource", type=Words())
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

    Every row is accounted for: landed = accepted + unchanged + quarantined. Interrupted at any point, the next
    call goes on where this one stood.

    \b
    Example: hub collect tax.registration
             hub collect market.company --file companies.csv
    Exit status: 0 collected (quarantined rows are no failure) · 1 refused · 2 the source does not answer,
    try again · 3 wrong usage
    """
    from hub.collect import collect as run
    from hub.context import open_hub
    from hub.parts import collect_left

    with open_hub(Settings.from_environment()) as opened:
        if left := collect_left(opened, resource):
            click.echo(f"{resource}: batch {left.batch}, which Airflow read in parts, is read to its end", err=True)
        progress = _Progress(resource)
        try:
            done = run(opened, resource, file=file, from_start=from_start, on_step=progress)
        finally:
            progress.end()
    if as_json:
        say_json(done.to_dict())
        return
    c = done.counts
    taken_up = " (taken up where an earlier run stopped)" if done.resumed else ""
    click.echo(f"{resource}: batch {done.batch}{taken_up}, {counted(c.pages, 'page', 'pages')}")
    if not c.accepted and (done.set_back or not c.landed):
        click.echo("  nothing new at the source; to read everything again: --from-start")
        if c.landed:
            rows = counted(c.landed, "row", "rows")
            click.echo(
                f"  {rows} of the last {done.set_back} minutes came again, lest one that was committed late be missed"
            )
        return
    said = "" if done.source_count is None else f"source {done.source_count:,} · "
    click.echo(
        f"  {said}landed {c.landed:,} = accepted {c.accepted:,} + unchanged {c.unchanged:,} "
        f"+ quarantined {c.quarantined:,}"
    )
    click.echo(f"  accepted: new {c.inserted:,}, changed {c.changed:,}, deleted {c.deleted:,}")
    if done.absent:
        click.echo(f"  ended, because the snapshot lacks them: {done.absent:,}")
    for remark in done.remarks:
        click.echo(f"  {one_line(remark)}")
    if done.unknown_columns:
        click.echo(f"  columns the schema does not know, kept raw: {one_line(', '.join(done.unknown_columns))}")
    if done.outside_band:
        click.echo(f"  outside the band its declaration guesses: {one_line('; '.join(done.outside_band))}")
    for change in done.drift:
        click.echo(f"  its columns are not as they were: {one_line(change)}")
    if done.drift:
        click.echo(f"  next: hub drift list --resource {resource}")
    if c.quarantined:
        click.echo(f"  see why: hub quarantine list --resource {resource}")


class _Progress:
    """Pages landed so far, on standard error, where a person is looking at it."""

    def __init__(self, resource: str) -> None:
        self._resource, self._pages = resource, 0
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._said = False

    def __call__(self, step: str) -> None:
        if step == "page.landed":
            self._pages += 1
        if self._shown and step in ("batch.begun", "page.landed"):
            self._said = True
            landed = counted(self._pages, "page", "pages") + " landed" if self._pages else "reading …"
            click.echo(f"\r{self._resource}: {landed}", nl=False, err=True, color=True)

    def end(self) -> None:
        """Leave the line to what follows, be it the figures or an error."""
        if self._said:
            click.echo("\r\033[K", nl=False, err=True, color=True)
