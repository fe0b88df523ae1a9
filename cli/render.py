"""`hub render FILE`: the pages of a licence as pictures, to look at."""

from __future__ import annotations

from pathlib import Path

import click

from cli.files import LICENCE_BYTES, read_up_to
from cli.output import exit_on_error, json_option, say_json


@click.command(short_help="Draw the pages of an OFD of ours as PNG.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dpi", type=click.IntRange(20, 600), default=120, show_default=True, help="Dots per inch.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for FILE-1.png …; default the present one.",
)
@json_option
@exit_on_error
def render(file: Path, dpi: int, out: Path, as_json: bool) -> None:
    """Draw FILE page by page, for licences of this hub: it is no general OFD viewer, and a picture is no proof.

    \b
    Example: hub render licence.ofd --dpi 150 --out /tmp
    Exit status: 0 drawn · 1 refused · 3 wrong usage
    """
    from hub.verify import render_file

    drawn = render_file(read_up_to(file, LICENCE_BYTES), dpi=dpi)
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{file.stem}-{number}.png" for number in range(1, len(drawn.pictures) + 1)]
    for path, picture in zip(paths, drawn.pictures, strict=True):
        path.write_bytes(picture)
    if as_json:
        say_json({"pictures": [str(path) for path in paths], "left_out": list(drawn.left_out)})
    else:
        click.echo("\n".join(str(path) for path in paths))
        if drawn.left_out:
            click.echo(f"not drawn: {', '.join(drawn.left_out)}", err=True)
