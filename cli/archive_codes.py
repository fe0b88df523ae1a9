"""`hub archive codes`: the rule of the 档号, and the account of every number."""

from __future__ import annotations

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.values import Filled
from cli.who import keeper, who_option
from core.settings import Settings


@click.group(short_help="Numbers of the archive's files 档号.")
def codes() -> None:
    """Numbers of the archive's files 档号: the rule they are given by, and an account of every number.

    \b
    Example: hub archive codes check
    Exit status: 0 done · 1 a number is not accounted for, or refused · 2 the database does not answer
    · 3 wrong usage
    """


@codes.command(short_help="Account for every number that was taken.")
@json_option
@exit_on_error
def check(as_json: bool) -> None:
    """Show the rule by which a 档号 is given, and account for every running number of every series: those with their
    package, those that wait for it, those given up with a reason, and those that are missing.

    \b
    Example: hub archive codes check
    Exit status: 0 every number is accounted for · 1 one is not, or the rule cannot be used
    · 2 the database does not answer · 3 wrong usage
    """
    from hub.archive_codes import account
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        found = account(opened)
    if as_json:
        say_json(found.to_dict())
        raise SystemExit(0 if found.sound else 1)
    if found.fonds is None:
        click.echo("no fonds number 全宗号 is set (HUB_HOME/archive-codes.toml): no 档号 is assigned")
    else:
        mark = "" if found.verified else ", 未核实"
        click.echo(f"rule: {found.pattern}, fonds {found.fonds}{mark}")
    if found.series:
        say_table(
            ["series", "taken", "with package", "open", "given up", "missing", "wrong"],
            [
                [
                    one.series, one.last, one.assigned, len(one.open), len(one.void),
                    " ".join(map(str, one.missing)), " ".join(one.wrong),
                ]
                for one in found.series
            ],
            whole=["series"],
            numbers=["taken", "with package", "open", "given up"],
        )  # fmt: skip
    for one in found.series:
        for code, file_no in one.open:
            click.echo(f"open: {one_line(code)} waits for the package of {file_no}")
        for code, file_no, why in one.void:
            click.echo(f"given up: {one_line(code)} of {file_no}: {one_line(why)}")
    for file_no, code in found.strangers:
        click.echo(f"not taken here: {one_line(code)} of {file_no}")
    click.echo(f"{counted(found.without, 'package has', 'packages have')} no 档号")
    raise SystemExit(0 if found.sound else 1)


@codes.command("give-up", short_help="Say why a number has no package and never will.")
@click.argument("code", metavar="CODE", type=Words())
@click.option("--reason", type=Filled(), required=True, help="Why, in words; no person is named.")
@who_option
@json_option
@exit_on_error
def give_up_code(code: str, reason: str, who: str | None, as_json: bool) -> None:
    """Write down why the 档号 CODE, which waits for a package, will not get one; it is not used for another file.

    \b
    Example: hub archive codes give-up 测试001-演示·2026-D10-0007 --reason 办件并入另一电子文件
    Exit status: 0 written · 1 no such number is open · 2 the database does not answer · 3 wrong usage
    """
    from hub.archive_codes import give_up
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        give_up(opened, code, reason, keeper(who))
    if as_json:
        say_json({"code": code, "reason": reason})
    else:
        click.echo(f"{one_line(code)}: given up")


COMMANDS = (codes,)
