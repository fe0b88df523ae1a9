"""`hub lookup`: one ID number answers what a service item needs."""

from __future__ import annotations

import click

from cli.output import Words, exit_on_error, json_option, say_json, say_table
from core.settings import Settings

_STATUS_ZH = {"satisfied": "具备", "missing": "缺少", "unmet": "不符合"}


@click.command(short_help="What an item needs of one ID number, and nothing else.")
@click.option("--item", type=Words(), required=True, metavar="CODE", help="The service item's 31-character code.")
@click.option("--id", "identifier", type=Words(), required=True, metavar="ID", help="Citizen number or credit code.")
@click.option(
    "--purpose", type=Words(), required=True, metavar="TEXT", help="Why the facts are needed; goes into the audit log."
)
@click.option("--case", "case_no", type=Words(), metavar="NO", help="The case the lookup is for.")
@json_option
@exit_on_error
def lookup(item: str, identifier: str, purpose: str, case_no: str | None, as_json: bool) -> None:
    """Give the fields that the item's materials name, each with its source and age. Every lookup is logged.

    \b
    Example: hub lookup --item 11420112MB0000000M3000199003000 --id 91420112MA4L0XA90B --purpose 食品经营许可受理
    Exit status: 0 all materials satisfied · 1 some are not, or the lookup was refused · 2 try again later ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.lookup import lookup as run

    with open_hub(Settings.from_environment()) as opened:
        answer = run(opened, item=item, identifier=identifier, purpose=purpose, case_no=case_no)
    if as_json:
        say_json(answer.to_dict())
    else:
        click.echo(f"{answer.item_name}：{'全部具备' if answer.complete else '尚不齐备'}")
        for material in answer.materials:
            click.echo(f"\n{material.code} {material.name} — {_STATUS_ZH[material.state]}（{material.source}）")
            for facts in material.facts:
                say_table(["项", "值"], list(facts.items()), whole=["项"])
            click.echo(f"  截至 {material.as_of:%Y-%m-%d %H:%M}" if material.as_of else "  该资源尚未采集")
        if not answer.complete:
            click.echo("\n下一步：缺少或不符合的材料，请申请人向来源部门核实更正；尚未采集的资源，运行 hub collect")
    if not answer.complete:
        raise SystemExit(1)
