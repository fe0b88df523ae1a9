"""`hub archive find`: the archive's catalogue, searched by whatever is in hand."""

from __future__ import annotations

from datetime import date

import click

from cli.output import Words, exit_on_error, json_option, say_json, say_table
from cli.values import Day
from core.settings import Settings

_PARTS = ["设立", "变更", "备案", "迁移", "注销", "监督"]


@click.command(short_help="Find packages by holder, name, number, part or day.")
@click.argument("text", metavar="[TEXT]", type=Words(), default="")
@click.option("--from", "since", type=Day(), help="Decided on this day or later.")
@click.option("--to", "until", type=Day(), help="Decided on this day or earlier.")
@click.option("--part", type=click.Choice(_PARTS), help="Part of the holder's volume.")
@click.option("--item", type=Words(), metavar="CODE", help="The service item's 31-character code.")
@click.option("--party", type=Words(), metavar="ID", help="One of the holders an earlier search gave.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Lines at most.")
@json_option
@exit_on_error
def find(
    text: str,
    since: date | None,
    until: date | None,
    part: str | None,
    item: str | None,
    party: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Search the catalogue by credit code, citizen number, old registration number or organisation code; by electronic
    file number, case number, licence number or 档号; or by a name, also a former one, its beginning or a piece of it.

    Brackets, blanks and full width make no difference. Of a person only the whole name is found. The search goes into
    the audit log; those who are found see it in their own data.

    \b
    Example: hub archive find 91420112MA4L0XA90B
             hub archive find 商贸 --from 2026-01-01
             hub archive find --part 注销
    Exit status: 0 found · 1 nothing fits, or it cannot be searched for · 2 the database does not answer
    · 3 wrong usage
    """
    from hub.caller import operator
    from hub.context import open_hub
    from hub.find_packages import Bounds
    from hub.find_packages import find as run

    bounds = Bounds(since, until, part, item)
    with open_hub(Settings.from_environment()) as opened:
        found = run(opened, text, operator(), bounds=bounds, party=party, limit=limit)
    if as_json:
        say_json(found.to_dict())
    else:
        if len(found.parties) > 1 or not found.packages:
            say_table(
                ["party", "name", "found as", "packages"],
                [[one.id, one.name or "（个人）", one.found_as or "", one.packages] for one in found.parties],
                whole=["party"],
                numbers=["packages"],
            )
        if found.packages:
            say_table(
                ["file number", "档号", "part", "item", "licence", "decided", "outcome"],
                [
                    [
                        one.file_no, one.archive_code or "", one.stage, one.item_name, one.licence_number or "",
                        one.decided_on, one.outcome,
                    ]
                    for one in found.packages
                ],
                whole=["file number"],
            )  # fmt: skip
        if found.more is not None or found.more_parties:
            click.echo("there are more; type more of the name, narrow the days, or raise --limit")
        if not found.parties and not found.packages:
            click.echo("nothing fits")
    raise SystemExit(0 if found.parties or found.packages else 1)


COMMANDS = (find,)
