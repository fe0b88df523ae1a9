"""`hub licence-type`: the kinds of licence, whether their files are right, and how a new one comes in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cli.issuing_stops import clear, stops
from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from core.errors import HubError
from core.settings import Settings


@click.group("licence-type", short_help="Kinds of licence: list, show, check, adopt; which are stopped.")
def licence_type() -> None:
    """The licence types 证照类型. A new one needs files and no code: docs/new-licence-type.md.

    \b
    Example: hub licence-type list
             hub licence-type check my-type
    Exit status: 0 done · 1 failed, or something is wrong · 2 try again later · 3 wrong usage
    """


@licence_type.command("list", short_help="Every licence type.")
@json_option
@exit_on_error
def list_(as_json: bool) -> None:
    """List the licence types, those of this release and the bureau's own, by type code. Needs no database.

    \b
    Example: hub licence-type list
    Exit status: 0 listed · 1 a file is wrong · 3 wrong usage
    """
    from hub.licence_types import every

    found = every()
    if as_json:
        say_json([one.to_dict() for one in found])
        return
    say_table(
        ["id", "name", "valid", "sheets", "later steps", "verified", "from"],
        [
            [one.kind.id, one.kind.name, one.validity, one.sheets, one.steps, "是" if one.verified else "未核实",
             "本局" if one.own else "本版"]
            for one in found
        ],
        whole=["id"],
        spare=["sheets", "from", "verified"],
    )  # fmt: skip
    click.echo(counted(len(found), "licence type", "licence types"))


@licence_type.command(short_help="One type: items, number, validity, face.")
@click.argument("name", type=Words(), metavar="ID")
@json_option
@exit_on_error
def show(name: str, as_json: bool) -> None:
    """Show a type as declared: which items lead to it, how it is numbered, how long it is valid, what its face says.

    \b
    Example: hub licence-type show food
    Exit status: 0 shown · 1 no such type · 3 wrong usage
    """
    from hub.licence_types import STEP_ZH, one

    found = one(name)
    if as_json:
        say_json(found.to_dict())
        return
    kind, rule = found.kind, found.kind.validity
    click.echo(f"{kind.name}（{kind.id}，{'本局自建' if found.own else '随本版发布'}）")
    click.echo(f"类型代码 {kind.type_code}{'' if kind.type_code_verified else ' 未核实'}")
    click.echo(f"证号 {kind.number(2026, 1)}")
    remind = f"；到期前 {'、'.join(map(str, rule.remind_days))} 天提醒" if rule.years is not None else ""
    click.echo(f"有效期 {found.validity}{remind}{'' if rule.verified else ' 未核实'}")
    click.echo(f"{found.sheets}；印章 {'、'.join(kind.seals)}")
    for item in kind.items:
        click.echo(f"{STEP_ZH[str(item.licence_step)]} {item.name}（{item.code}）")
    click.echo()
    say_table(["line", "from", ""], found.face(), spare=[""])


@licence_type.command(short_help="Are type and template files right? What to mend?")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, metavar="[PATH…]")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Draw each sheet of a type in which nothing is wrong as PNG.",
)
@json_option
@exit_on_error
def check(paths: tuple[Path, ...], pictures: Path | None, as_json: bool) -> None:
    """Check licence types with their items and templates, and say in Chinese and English file, line, what is wrong and
    what to do. Each sheet is drawn on trial with the longest words it may hold. Changes nothing.

    PATH is a type's file, or a folder with types, `items/` and `templates/`; without any, all types of this hub.
    What is only worth knowing (提示) does not fail the check.

    \b
    Example: hub licence-type check my-type --pictures samples
    Exit status: 0 nothing wrong · 1 something is wrong, or nothing is there · 3 wrong usage
    """
    from hub.licence_types_check import check as look
    from hub.licence_types_trial import pictures as drawn

    settings = Settings.from_environment(database=False)
    seals, written = _seals(), list[Path]()

    def draw(kind: Any) -> None:
        for number, picture in enumerate(drawn(kind), 1):
            written.append((pictures or Path()) / f"{kind.id}-{number}.png")
            written[-1].parent.mkdir(parents=True, exist_ok=True)
            written[-1].write_bytes(picture)

    found = look(paths, settings=settings, seals=seals, on_right=draw if pictures is not None else None)
    if as_json:
        say_json([one.to_dict() for one in found])
    else:
        _show(found, asked=seals is not None)
        for path in written:
            click.echo(str(path))
    if any(one.blocking for one in found):
        raise SystemExit(1)


@licence_type.command(short_help="Take a checked folder into this hub.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER")
@json_option
@exit_on_error
def adopt(folder: Path, as_json: bool) -> None:
    """Check FOLDER and, when nothing is wrong, copy its types, items, templates and retention rows into this hub
    (HUB_HOME/licence-types). Running services read them when they are started again.

    \b
    Example: hub licence-type adopt my-type
    Exit status: 0 taken over · 1 something is wrong, nothing was written · 2 no room on disk · 3 wrong usage
    """
    from hub.licence_types import adopt as take

    written = take(folder, Settings.from_environment(database=False), _seals())
    if as_json:
        say_json({"written": written})
        return
    click.echo("\n".join(written))
    click.echo(f"{counted(len(written), 'file', 'files')} taken over; start the services again 已收入，重启服务后生效")


def _seals() -> frozenset[str] | None:
    """What the seal in use is called; None where the hub's database or seal cannot be asked."""
    from hub.context import open_hub
    from hub.licence_types import seals_in_use

    try:
        with open_hub(Settings.from_environment()) as hub:
            return seals_in_use(hub)
    except HubError:
        return None


def _show(found: Sequence[Any], *, asked: bool) -> None:
    for one in found:
        where = f"{one.file}:{one.line}" if one.line else one.file
        click.echo(one_line(f"{'错误' if one.blocking else '提示'} {where}  {one.place}"))
        click.echo(one_line(f"     {one.wrong}"))
        click.echo(one_line(f"     怎么办：{one.act}"))
        click.echo(one_line(f"     {one.wrong_en} {one.act_en}"))
    wrong = sum(one.blocking for one in found)
    click.echo(f"{wrong} 处错误，{len(found) - wrong} 处提示")
    if not asked:
        click.echo("没有问到印章登记簿（数据库或印章没有就绪） The register of seals could not be asked.")


licence_type.add_command(stops)
licence_type.add_command(clear)
