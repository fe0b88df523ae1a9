"""`hub lookup`: one ID number answers what a service item needs."""

from __future__ import annotations

import click

from cli.output import Words, exit_on_error, json_option, say_json, say_table
from core.settings import Settings

_STATE_ZH = {
    "satisfied": "具备",
    "promised": "已承诺",
    "stale": "数据过期",
    "conflicting": "来源不一致",
    "unmet": "不符合",
    "missing": "缺少",
    "unreachable": "无法取得",
}


@click.command(short_help="What an item needs of one ID number, and nothing else.")
@click.option("--item", type=Words(), required=True, metavar="CODE", help="The service item's 31-character code.")
@click.option(
    "--id",
    "identifier",
    type=Words(),
    required=True,
    metavar="ID",
    help="Citizen number, credit code, or a company's old registration number or organisation code.",
)
@click.option(
    "--purpose",
    type=Words(),
    required=True,
    metavar="WORD",
    help="What the facts are for, a purpose of the item such as acceptance; goes into the audit log.",
)
@click.option("--case", "case_no", type=Words(), metavar="NO", help="The open case the lookup is for.")
@click.option("--stored", is_flag=True, help="Ask no department; say what is stored, however old.")
@json_option
@exit_on_error
def lookup(item: str, identifier: str, purpose: str, case_no: str | None, stored: bool, as_json: bool) -> None:
    """Give the fields that the item's materials name, each with its source and age. Every lookup is logged.

    You ask as the operator of the hub: the person looked at reads that. `hub items show CODE` lists an item's purposes.

    \b
    Example: hub lookup --item 11420112MB0000000M3000199003000 --id 91420112MA4L0XA90B --purpose acceptance
    Exit status: 0 nothing has to be brought · 1 something has, or the lookup was refused · 2 try again later ·
    3 wrong usage
    """
    from hub.caller import operator
    from hub.context import open_hub
    from hub.lookup import lookup as run
    from hub.means import open_means

    settings = Settings.from_environment()
    with open_hub(settings) as opened, open_means(settings, live=not stored) as means:
        answer = run(
            opened,
            caller=operator(),
            item=item,
            identifier=identifier,
            purpose=purpose,
            case_no=case_no,
            means=means,
        )
    if as_json:
        say_json(answer.to_dict())
    else:
        click.echo(f"{answer.item_name}：{'无需提交任何材料' if answer.complete else '尚不齐备'}")
        for material in answer.materials:
            origin = material.origin
            source = f"（{origin.department}·{origin.title}）" if origin else ""
            click.echo(f"\n{material.code} {material.name} — {_STATE_ZH[material.state.value]}{source}")
            if material.facts:
                say_table(["项", "值"], [(fact.label, fact.text) for fact in material.facts], whole=["项"])
            for one in material.contradictions:
                click.echo(
                    f"  {one.label}不一致：本来源 {one.here}；{one.other.department}·{one.other.title} {one.there}"
                )
            if material.note:
                click.echo(f"  {material.note}")
            if origin and origin.as_of:
                click.echo(f"  {'部门实时答复' if origin.live else '截至'} {origin.as_of:%Y-%m-%d %H:%M}")
        if not answer.complete:
            click.echo("\n下一步：可承诺的由申请人承诺，其余按材料清单提交；来源部门的数据有误的，请其更正")
    if not answer.complete:
        raise SystemExit(1)
