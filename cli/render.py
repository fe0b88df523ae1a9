"""`hub render FILE`: the pages of a licence as pictures, to look at."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import exit_on_error


@click.command(short_help="Draw the pages of an OFD of ours as PNG.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dpi", type=click.IntRange(20, 600), default=120, show_default=True, help="Dots per inch.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for FILE-1.png …; default the present one.",
)
@exit_on_error
def render(file: Path, dpi: int, out: Path) -> None:
    """Draw FILE page by page, for licences of this hub: it is no general OFD viewer, and a picture is no proof.

    \b
    Example: hub render licence.ofd --dpi 150 --out /tmp
    Exit status: 0 drawn · 1 refused · 3 wrong usage
    """
    from hub.verify import render_file

    out.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(render_file(file.read_bytes(), dpi=dpi), start=1):
        path = out / f"{file.stem}-{number}.png"
        path.write_bytes(picture)
        click.echo(str(path))
