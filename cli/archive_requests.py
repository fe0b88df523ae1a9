"""`hub requests`: requests to see an archive 档案查询利用, the table they are decided by, and how long they take."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from cli.archive_requests_acts import COMMANDS
from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.values import Day
from cli.who import keeper, who_option
from core.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from hub.retrieval_parts import Request


@click.group(short_help="Requests to see an archive: ask, decide, answer.")
def requests() -> None:
    """Requests to see an archive 档案查询利用: who asked for what, decided, answered under a certificate.

    \b
    Example: hub requests list
    Exit status: 0 done · 1 refused · 2 the database does not answer · 3 wrong usage
    """


for _command in COMMANDS:
    requests.add_command(_command)


@requests.command("list", short_help="Requests with something left to do.")
@click.option("--holder", type=Words(), metavar="NUMBER", help="Every request about the archive of this number.")
@who_option
@json_option
@exit_on_error
def list_(holder: str | None, who: str | None, as_json: bool) -> None:
    """List open requests, the oldest first; of one holder every request, the newest first.

    \b
    Example: hub requests list
    Exit status: 0 listed · 1 no such holder · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.retrieval import of_party, open_requests

    with open_hub(Settings.from_environment()) as opened:
        by = keeper(who)
        found = open_requests(opened, by) if holder is None else of_party(opened, holder, by)
    if as_json:
        say_json([one.to_dict() for one in found])
        return
    say_table(
        ["number", "asked", "requester", "organisation", "form", "stage", "rule"],
        [
            [
                one.number, _here(one.asked_at)[:10], one.requester.value, one.organisation, one.form.value,
                f"{one.stage.value} {one.stage.chinese}", f"{one.row}{'' if one.row_verified else ' (未核实)'}",
            ]
            for one in found
        ],
        whole=["number", "asked"],
        spare=["rule", "organisation"],
    )  # fmt: skip
    click.echo(counted(len(found), "request", "requests"))


@requests.command(short_help="One request: its proofs, steps and files.")
@click.argument("number", type=Words())
@who_option
@json_option
@exit_on_error
def show(number: str, who: str | None, as_json: bool) -> None:
    """Show a request by its number or id: what was asked, each step with who took it, and what was given out.

    \b
    Example: hub requests show CX-2026-000012
    Exit status: 0 shown · 1 no such request · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.retrieval import get

    with open_hub(Settings.from_environment()) as opened:
        found = get(opened, number, keeper(who))
    if as_json:
        say_json(found.to_dict())
    else:
        _say(found)


@requests.command(short_help="Close what is over its time.")
@json_option
@exit_on_error
def expire(as_json: bool) -> None:
    """Close answers whose time is over, and granted requests nobody answered for as long. Files are refused from the
    moment on, whether this ran or not; it runs each night as part of the DAG `licence_days`.

    \b
    Example: hub requests expire
    Exit status: 0 done · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.retrieval import expire as run

    with open_hub(Settings.from_environment()) as opened:
        closed = run(opened)
    if as_json:
        say_json({"closed": closed})
    else:
        click.echo(f"{counted(closed, 'request', 'requests')} closed")


@requests.command(short_help="How long from request to answer: the median, and of how many.")
@click.option("--since", type=Day(), help="First day of asking. Default: 1 January of this year.")
@click.option("--until", type=Day(), help="Last day of asking. Default: today.")
@json_option
@exit_on_error
def report(since: date | None, until: date | None, as_json: bool) -> None:
    """The median time from request to answer, of all requests asked in these days and of each kind.

    \b
    Example: hub requests report --since 2026-01-01 --until 2026-06-30
    Exit status: 0 shown · 2 the database does not answer · 3 wrong usage
    """
    from core.clock import today
    from hub.context import open_hub
    from hub.retrieval_report import report as run

    with open_hub(Settings.from_environment()) as opened:
        last = until or today(opened.clock)
        first = since or last.replace(month=1, day=1)
        figures = run(opened, first, last)
    if as_json:
        say_json({"since": first, "until": last, "figures": [one.to_dict() for one in figures]})
        return
    say_table(
        ["requester", "form", "asked", "answered", "median to answer", "decided by a person", "median to decision"],
        [
            [
                one.requester.value if one.requester else "all", one.form.value if one.form else "all", one.asked,
                one.answered, _lasting(one.to_answer), one.decided, _lasting(one.to_decision),
            ]
            for one in figures
        ],
        title=f"asked from {first} to {last}",
        numbers=["asked", "answered", "median to answer", "decided by a person", "median to decision"],
    )  # fmt: skip


@requests.command(short_help="Who may see what: the table in force, read and checked.")
@json_option
@exit_on_error
def rules(as_json: bool) -> None:
    """Read the table of who may see what of an archive, check it, and show it. What no row allows is refused; where the
    table cannot be read nobody may see anything. A bureau's own is HUB_HOME/retrieval-matrix.toml.

    \b
    Example: hub requests rules
    Exit status: 0 the table is whole · 1 it is not: nobody may see anything · 3 wrong usage
    """
    from hub.retrieval_rules import rules_of

    table = rules_of(Settings.from_environment(database=False))
    if as_json:
        say_json(table.model_dump(mode="json"))
        return
    say_table(
        ["row", "requester", "form", "proofs", "decided by", "third parties", "days", "a day", "basis"],
        [
            [
                row.id, row.requester.value, row.form.value, ", ".join(row.proofs), row.decision,
                {"never": "masked", "decider": "as decided", "always": "shown"}[row.unmasked], row.days, row.quota,
                f"{row.basis}{'' if row.verified else '（未核实）'}",
            ]
            for row in table.rows
        ],
        whole=["row"],
        numbers=["days", "a day"],
        spare=["basis", "third parties"],
    )  # fmt: skip
    whose = "the bureau's own table" if table.own else "the table that comes with the hub"
    limits = "" if table.limits_verified else "; days, quotas, facts and masking 未核实"
    stamp = f"stamp of certificates {table.stamp}{'' if table.stamp_verified else '（未核实）'}"
    click.echo(f"{whose}, {counted(len(table.rows), 'row', 'rows')}{limits}; {stamp}")


def _say(one: Request) -> None:
    unverified = "" if one.row_verified else " (未核实)"
    click.echo(
        f"{one.number}: {one.requester.value} {one_line(one.organisation)}, {one.form.value} of {one_line(one.holder)}"
    )
    click.echo(f"purpose {one_line(one.purpose)}; rule {one.row}{unverified}, {one.row_basis}")
    proofs = [proof.kind.value + ("" if proof.part is not None else " (seen)") for proof in one.proofs]
    click.echo(f"proofs {', '.join(proofs)}")
    click.echo(
        f"stage {one.stage.value} {one.stage.chinese}; third parties' data {'masked' if one.masked else 'shown'}"
    )
    for event in one.events:
        click.echo(f"  {_here(event.at)} {event.step} {one_line(event.who)} {one_line(event.why)}".rstrip())
    if one.answer is None:
        return
    click.echo(f"given out until {_here(one.answer.expires_at)}:")
    for file in (one.answer.certificate, *one.answer.files):
        pages = "" if file.pages is None else f", {counted(file.pages, 'page', 'pages')}"
        click.echo(f"  {one_line(file.name)}: {file.bytes:,} bytes{pages}, SM3 {file.sm3}")
    for left in one.answer.left_out:
        click.echo(f"  not given out: {left.file_no} {one_line(left.title)}: {one_line(left.reason)}")


def _here(moment: datetime) -> str:
    from core.clock import SHANGHAI

    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _lasting(time: timedelta | None) -> str:
    if time is None:
        return "—"
    minutes = int(time.total_seconds()) // 60
    days, rest = divmod(minutes, 24 * 60)
    return f"{days} d {rest // 60:02d}:{rest % 60:02d}"
