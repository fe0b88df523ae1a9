"""`hub transfer`: archives that move between two hubs with their company, on either side."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json, say_table
from cli.transfer_acts import ACTS
from cli.transfer_log import COMMANDS as LOG
from cli.transfer_peers import peers
from core.clock import SHANGHAI
from core.settings import Settings


@click.group(short_help="Archives that move to or from another hub with their company.")
def transfer() -> None:
    """迁移调档: the archives of a company that moves between two districts go from one hub to the other.

    \b
    Example: hub transfer request 91420112MA4K000005 --from dongxihu --name 某公司 --reason 住所迁入本区
             hub transfer run
             hub transfer show 01936f2e-…
             hub transfer overdue
    Exit status: 0 done · 1 refused, or a person has to look · 2 try again later · 3 wrong usage
    """


@transfer.command("list", short_help="Transfers that have not ended, on either side.")
@click.option("--all", "ended", is_flag=True, help="Those that have ended too.")
@json_option
@exit_on_error
def list_(ended: bool, as_json: bool) -> None:
    """List transfers, the newest first: 迁入 in or 迁出 out, the other hub, the company, where it stands, and by
    when all archives are to be handed over. An estimate is marked 未核实.

    \b
    Example: hub transfer list --all
    Exit status: 0 listed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.transfer_told import listed, to_dict

    with open_hub(Settings.from_environment()) as opened:
        found = listed(opened, ended=ended)
    if as_json:
        say_json([to_dict(one) for one in found])
    elif found:
        say_table(
            ["transfer", "side", "peer", "notice", "company", "state", "due", ""],
            [
                [
                    one.id, one.side.chinese, one.peer, one.notice_no, one.company.name, one.state.chinese, one.due,
                    "" if one.verified else "未核实",
                ]
                for one in found
            ],
            whole=["transfer", "state", "due"],
            spare=["notice", "peer"],
        )  # fmt: skip
    else:
        click.echo("no transfer is open" if not ended else "there is no transfer")


@transfer.command(short_help="One transfer: its days, letters, packages and moves.")
@click.argument("id_", metavar="ID", type=Words())
@json_option
@exit_on_error
def show(id_: str, as_json: bool) -> None:
    """Show a transfer: its days, the letters that went to and fro, what became of each package, and every move.

    \b
    Example: hub transfer show 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 shown · 1 there is none · 2 the database does not answer · 3 wrong usage
    """
    from hub import transfer_told
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        told = transfer_told.told(opened, id_)
    if as_json:
        say_json(told)
        return
    for name in ("id", "side", "peer", "notice_no", "company", "number", "reason", "state", "round", "requested_on"):
        click.echo(f"{name:13} {told[name]}")
    mark = "" if told["verified"] else " 未核实"
    click.echo(f"{'answer by':13} {told['answer_by']}, void on {told['void_on']}{mark}")
    click.echo(f"{'all by':13} {told['due']}{mark}")
    if told["letters"]:
        say_table(
            ["letter", "round", "", "sm3", "at", "left"],
            [
                [one["letter"], one["round"], "ours" if one["ours"] else "theirs", one["sm3"], one["at"],
                 one["delivered_at"] or "not yet"]
                for one in told["letters"]
            ],
            whole=["letter"],
            spare=["sm3"],
        )  # fmt: skip
    if told["packages"]:
        say_table(
            ["package", "round", "bytes", "standing", "reasons"],
            [
                [one["file_no"], one["round"], one["bytes"], one["standing"], "；".join(one["reasons"])]
                for one in told["packages"]
            ],
            whole=["package", "standing"],
            numbers=["bytes"],
        )
    say_table(
        ["at", "move", "who"],
        [[one["at"], one["words"], one["who"]] for one in told["moves"]],
        whole=["at"],
    )


@transfer.command(short_help="The register of moves in and out, the newest first.")
@click.option("--of", "id_", type=Words(), metavar="ID", help="Of one transfer only.")
@json_option
@exit_on_error
def register(id_: str | None, as_json: bool) -> None:
    """Show 迁入迁出登记: every move of every transfer, as it stands in the Merkle log `transfer`.

    \b
    Example: hub transfer register
    Exit status: 0 shown · 2 the database does not answer · 3 wrong usage
    """
    from hub import transfer_register
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        found = transfer_register.entries(opened, id_)
    if as_json:
        say_json([transfer_register.entry_to_dict(one) for one in found])
        return
    say_table(
        ["at", "transfer", "notice", "move", "who"],
        [
            [
                f"{one.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}", one.transfer, one.said.get("notice_no"),
                transfer_register.words(one.said), one.said.get("who"),
            ]
            for one in found
        ],
        whole=["at", "transfer"],
        spare=["notice"],
    )  # fmt: skip
    click.echo(counted(len(found), "entry", "entries"))


@transfer.command(short_help="Transfers that are late; fails where there is one.")
@json_option
@exit_on_error
def overdue(as_json: bool) -> None:
    """List transfers that are late on either side: the letter was not acted on, it is void, or not everything was
    handed over within the three months of 市场主体登记管理条例实施细则 art. 62. Airflow looks every few minutes.

    \b
    Example: hub transfer overdue
    Exit status: 0 none is late · 1 some are · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.transfer_clocks import demand_in_time
    from hub.transfer_clocks import overdue as look

    with open_hub(Settings.from_environment()) as opened:
        late = look(opened)
    if as_json:
        say_json([one.to_dict() for one in late])
    elif late:
        say_table(
            ["transfer", "side", "peer", "state", "what", "due", "days late", ""],
            [
                [
                    one.transfer, one.side.chinese, one.peer, one.state.chinese, one.what, one.day, one.days,
                    "" if one.verified else "未核实",
                ]
                for one in late
            ],
            whole=["transfer", "due"],
            numbers=["days late"],
        )  # fmt: skip
    else:
        click.echo("no transfer is late")
    demand_in_time(late)


transfer.add_command(peers)
for _command in (*ACTS, *LOG):
    transfer.add_command(_command)
