"""`hub licences show`, the steps an officer takes, expiry and reminders, and the numbers: a licence's whole life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table, shown_path
from cli.values import Day, Filled
from cli.who import keeper, login, who_option
from core.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

_number = click.argument("number", metavar="NUMBER", type=Words())


def _order(command: Callable[P, R]) -> Callable[P, R]:
    """Arguments and options of every step."""
    for decorate in reversed(
        (
            _number,
            click.option("--basis", type=Filled(), required=True, help="Law or rule; public. See `licences grounds`."),
            click.option("--document", type=Words(), default=None, help="Number of the decision; public."),
            click.option("--reason", type=Filled(), required=True, help="Why, in words; sealed, never shown here."),
            click.option("--on", "day", type=Day(), default=None, help="Day from which it holds. Default: today."),
            who_option,
            json_option,
        )
    ):
        command = decorate(command)
    return command


def _take(
    step: str,
    number: str,
    basis: str,
    document: str | None,
    reason: str,
    day: date | None,
    who: str | None,
    as_json: bool,
) -> None:
    from hub.context import open_hub
    from hub.licence_views import step_dict
    from hub.life import Order, find, take
    from schemas.licence_life import Step

    with open_hub(Settings.from_environment()) as opened:
        licence = find(opened, number)
        done = take(opened, licence.id, Order(Step(step), basis, reason, document, day), keeper(who))
    if as_json:
        say_json({"number": licence.number} | step_dict(done))
        return
    click.echo(
        f"{one_line(licence.number)}: {done.before.value} → {done.after.value} ({done.step.chinese}) from "
        f"{done.grounds.effective_on.isoformat()}, register entry {done.entry}"
    )


@click.command(short_help="One licence: state, documents, the steps of its life.")
@_number
@json_option
@exit_on_error
def show(number: str, as_json: bool) -> None:
    """Show where the licence NUMBER stands, what happened to it with basis and day, its documents, what is possible.

    Nothing of its holder is shown, and no reason in words.

    \b
    Example: hub licences show （测试）JY1420112202600001
    Exit status: 0 shown · 1 no such licence · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.licence_views import plain
    from hub.life import find

    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        found = plain(opened, find(opened, number))
    if as_json:
        paths = {one.version: one.document_path for one in found.versions}
        told = found.to_dict()
        say_json(told | {"versions": [one | {"path": paths[one["version"]]} for one in told["versions"]]})
        return
    row = found.row
    until = row.valid_until.isoformat() if row.valid_until else "长期" if found.current else "—"
    click.echo(f"{one_line(row.number)} {row.title}: {row.status.value} ({row.status.chinese}), valid until {until}")
    say_table(
        ["day", "step", "state after", "version", "basis", "decision", "by"],
        [
            [
                one.grounds.effective_on, f"{one.step.value} {one.step.chinese}", one.after.value, one.version,
                one.grounds.basis, one.grounds.document_no, one.grounds.user,
            ]
            for one in found.steps
        ],
        whole=["day", "step"],
        spare=["by", "decision"],
    )  # fmt: skip
    say_table(
        ["version", "of", "making", "trust", "published", "superseded", "file"],
        [
            [
                one.version, one.cause, one.state, one.trust, _moment(one.published_at), _moment(one.superseded_at),
                shown_path(settings.home, one.document_path),
            ]
            for one in found.versions
        ],
        whole=["file"],
        numbers=["version"],
        spare=["superseded", "published"],
    )  # fmt: skip
    possible = ", ".join(f"{step.value} {step.chinese}" for step in found.possible)
    click.echo(f"an officer can: {possible or 'nothing'}")


@click.command(short_help="Suspend a licence 暂停.")
@_order
@exit_on_error
def suspend(number: str, as_json: bool, **order: Any) -> None:
    """Suspend the licence NUMBER, which is valid now, until it is resumed. Its documents stay as they are.

    \b
    Example: hub licences suspend NUMBER --basis "行政处罚法 第九条" --document "东审停〔2026〕3号" --reason "整改"
    Exit status: 0 taken · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    _take("suspend", number, as_json=as_json, **order)


@click.command(short_help="Resume a suspended licence 恢复.")
@_order
@exit_on_error
def resume(number: str, as_json: bool, **order: Any) -> None:
    """Let the suspended licence NUMBER be valid again.

    \b
    Example: hub licences resume NUMBER --basis "原暂停决定解除" --document "东审恢〔2026〕3号" --reason "整改合格"
    Exit status: 0 taken · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    _take("resume", number, as_json=as_json, **order)


@click.command(short_help="Withdraw a licence that should not have been granted 撤销.")
@_order
@exit_on_error
def withdraw(number: str, as_json: bool, **order: Any) -> None:
    """Withdraw the licence NUMBER because it should not have been granted. What is in the making is dropped.

    \b
    Example: hub licences withdraw NUMBER --basis "行政许可法 第六十九条" --document "〔2026〕1号" --reason "材料虚假"
    Exit status: 0 taken · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    _take("withdraw", number, as_json=as_json, **order)


@click.command(short_help="Revoke a licence as a penalty 吊销.")
@_order
@exit_on_error
def revoke(number: str, as_json: bool, **order: Any) -> None:
    """Revoke the licence NUMBER by a decision on a penalty. What is in the making is dropped.

    \b
    Example: hub licences revoke NUMBER --basis "行政处罚法 第九条" --document "东审罚〔2026〕1号" --reason "情节严重"
    Exit status: 0 taken · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    _take("revoke", number, as_json=as_json, **order)


@click.command(short_help="Cancel a licence 注销.")
@_order
@exit_on_error
def cancel(number: str, as_json: bool, **order: Any) -> None:
    """Cancel the licence NUMBER, in force or ended, for good. An approved cancellation is carried out by `hub issue`.

    \b
    Example: hub licences cancel NUMBER --basis "行政许可法 第七十条第三项" --document "〔2026〕1号" --reason "已终止"
    Exit status: 0 taken · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    _take("cancel", number, as_json=as_json, **order)


@click.command(short_help="Give up a number whose document can never be made 作废.")
@_order
@exit_on_error
def void(number: str, as_json: bool, **order: Any) -> None:
    """Give up NUMBER, which was reserved and bears no licence yet. It is never used again; why is on record.

    \b
    Example: hub licences void NUMBER --basis "证照编号管理" --reason "办件被撤回，证照不再制发"
    Exit status: 0 taken · 1 refused, or no such number · 2 try again later · 3 wrong usage
    """
    _take("void", number, as_json=as_json, **order)


@click.command(short_help="What each step may rest on.")
@json_option
@exit_on_error
def grounds(as_json: bool) -> None:
    """List the suggested bases of each step; those nobody has read in the law are marked 未核实. Needs no database.

    The bureau's own list is HUB_HOME/life_grounds.toml.

    \b
    Example: hub licences grounds
    Exit status: 0 listed · 1 the bureau's own list is broken · 3 wrong usage
    """
    from hub.life_grounds import step_grounds

    found = step_grounds(Settings.from_environment(database=False))
    if as_json:
        say_json(
            [
                {
                    "step": step.value,
                    "document": one.document,
                    "bases": [{"title": basis.title, "verified": basis.verified} for basis in one.bases],
                }
                for step, one in found.items()
            ]
        )
        return
    say_table(
        ["step", "decision's number", "basis"],
        [
            [f"{step.value} {step.chinese}", one.document, f"{basis.title}{'' if basis.verified else ' 未核实'}"]
            for step, one in found.items()
            for basis in one.bases
        ],
    )


@click.command(short_help="Write down what has expired, and which holders are to be reminded.")
@json_option
@exit_on_error
def expire(as_json: bool) -> None:
    """Give every licence past its last day its step (过期), and write the reminders that are due.

    Airflow does it each night (`licence_days`). Days without a run are made up; run again it changes nothing.

    \b
    Example: hub licences expire
    Exit status: 0 done · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.expiry import expire as run
    from hub.reminders import remind

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened)
        written = remind(opened)
    if as_json:
        say_json(done.to_dict() | {"reminders": written})
        return
    click.echo(f"expired {len(done.expired):,}, new reminders {written:,}")
    for number in done.waiting:
        click.echo(f"  {one_line(number)} ended, and a new document of it is being made; next: hub issue")


@click.command(short_help="Licences that end soon, and which holders were told.")
@click.option("--days", type=click.IntRange(0, 3660), default=None, help="So many days ahead. Default: reminders'.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write who is to be told: .xlsx or .csv.")
@click.option("--told", type=Words(), multiple=True, metavar="NUMBER", help="Note that this holder was told.")
@who_option
@json_option
@exit_on_error
def expiring(days: int | None, out: Path | None, told: tuple[str, ...], who: str | None, as_json: bool) -> None:
    """List licences in force that end soon, with their latest reminder and whether the holder was told of it.

    With --out those not told yet go into a new file with names and telephone numbers that only you can read; that it
    was made is logged. No message gateway is connected: a person calls or writes, and notes it with --told.

    \b
    Example: hub licences expiring --days 30
             hub licences expiring --out reminders.xlsx
             hub licences expiring --told （测试）JY1420112202600001
    Exit status: 0 listed, written or noted · 1 refused, or no such licence · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.reminders import ending, export, tell

    if out is not None and told:
        raise click.UsageError("--out and --told do not go together: tell first, then note it")
    with open_hub(Settings.from_environment()) as opened:
        if told:
            closed = tell(opened, told, who=who or login())
        if out is not None:
            written = export(opened, out, keeper(who), days)
        found = ending(opened, days)
    if as_json:
        say_json([one.to_dict() for one in found])
        return
    if told:
        click.echo(f"noted: {counted(closed, 'holder', 'holders')} told")
        return
    if out is not None:
        click.echo(f"{out}: {counted(written, 'holder', 'holders')} to be told, for your eyes only; the log says who")
        return
    say_table(
        ["number", "type", "last day", "days left", "reminder", "told"],
        [
            [
                one.number, one.title, one.valid_until, one.left,
                None if one.reminder is None else f"{one.reminder} days before", _moment(one.told_at),
            ]
            for one in found
        ],
        whole=["number", "last day"],
        numbers=["days left"],
        spare=["type"],
    )  # fmt: skip


@click.command(short_help="The numbers of each type and year, and what bears no licence.")
@json_option
@exit_on_error
def numbers(as_json: bool) -> None:
    """Account for every number: with a licence, being made, or void and why. One the register does not know is a 1.

    The reason of a void number is shown on the officers' page only, because it may name a person.

    \b
    Example: hub licences numbers
    Exit status: 0 all are accounted for · 1 one is missing · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.licence_numbers import numbers as run

    with open_hub(Settings.from_environment()) as opened:
        found = run(opened)
    if as_json:
        say_json([one.to_dict() for one in found])
    else:
        say_table(
            ["type", "year", "taken", "with a licence", "being made", "void", "missing"],
            [
                [one.title, one.year, one.taken, one.licences, len(one.making), len(one.void), len(one.missing)]
                for one in found
            ],
            numbers=["taken", "with a licence", "being made", "void", "missing"],
        )
        for one in found:
            for row in one.void:
                click.echo(f"  {one_line(row.row.number)}: void since {row.row.since}, {one_line(row.row.basis)}")
            for row in one.making:
                since = _moment(row.row.reserved_at)
                click.echo(f"  {one_line(row.row.number)}: being made since {since}, approval {row.row.approval}")
            for sequence in one.missing:
                click.echo(f"  {one.title} {one.year}, sequence {sequence}: MISSING from the register")
    if any(one.missing for one in found):
        raise SystemExit(1)


def _moment(at: datetime | None) -> str:
    from core.clock import SHANGHAI

    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else "—"


COMMANDS = (show, suspend, resume, withdraw, revoke, cancel, void, grounds, expire, expiring, numbers)
