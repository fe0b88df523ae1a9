"""`hub licences copy`: an annotated copy 加注件 of a licence in force, for one receiver and one use."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import Words, exit_on_error, json_option, one_line, say_json
from core.settings import Settings


@click.command(short_help="Write an annotated copy for one receiver and one use.")
@click.argument("licence", metavar="NUMBER_OR_IDENTIFIER", type=Words())
@click.option("--receiver", type=Words(), required=True, help="Whom it is for, at most 100 characters.")
@click.option("--cause", type=Words(), required=True, help="What for, at most 200 characters.")
@click.option(
    "--days",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="It holds to the end of the day so many days after today; [copies] of the access file says how many at most.",
)
@click.option("--pdf", "as_pdf", is_flag=True, help="Write a PDF and not an OFD.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@json_option
@exit_on_error
def copy(licence: str, receiver: str, cause: str, days: int, as_pdf: bool, out: Path, as_json: bool) -> None:
    """Write an annotated copy 加注件 of a licence in force: its facts, marked on every page, under the bureau's seal.

    Receiver, cause and end stand across each page and in the metadata. The use of the licence's facts and of the
    seal is logged; the hub keeps no copy of the file. A copy ends with its licence at the latest.

    \b
    Example: hub licences copy 42011220260001 --receiver 某银行某支行 --cause 开立单位结算账户 --days 30 --out copy.ofd
    Exit status: 0 written · 1 no such licence, not in force, or refused · 2 try again later · 3 wrong usage
    """
    from hub.access import Access
    from hub.annotated import Form, Wanted, last_moment
    from hub.annotated_asking import for_operator
    from hub.context import open_hub
    from hub.files import write_durably

    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        until = last_moment(opened.clock.now(), days)
        wanted = Wanted(licence, receiver, cause, until, Form.PDF if as_pdf else Form.OFD)
        made = for_operator(opened, Access.open(settings, opened.clock), wanted)
        write_durably(out, made.data)
    if as_json:
        say_json({**made.to_dict(), "path": str(out)})
        return
    click.echo(
        f"{out}: annotated copy of licence {one_line(made.number)}, {len(made.data):,} bytes, "
        f"holds until {made.until:%Y-%m-%d %H:%M}, audit entry {made.entry}"
    )
