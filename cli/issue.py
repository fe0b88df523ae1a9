"""`hub issue` and `hub licences`: seal what is approved and evidenced; see what was issued, what waits; PDF copies."""

from __future__ import annotations

from pathlib import Path

import click

from cli import licence_life
from cli.annotated import copy
from cli.check_offline import check_offline
from cli.output import Words, exit_on_error, json_option, one_line, say_json, say_table, shown_path
from cli.reseal import reseal
from cli.reverify import reverify
from core.errors import HubError
from core.settings import Settings


@click.command(short_help="Issue and archive what is approved and evidenced.")
@click.option(
    "--approval",
    "approvals",
    type=Words(),
    multiple=True,
    metavar="NO",
    help="Only this approval; may be given several times.",
)
@json_option
@exit_on_error
def issue(approvals: tuple[str, ...], as_json: bool) -> None:
    """Issue a sealed licence for every granted approval whose evidence holds, and archive each case; those that ended
    without a licence (不予, 撤回, 注销) are archived too.

    An approval whose evidence is missing is not issued; it is listed with what it lacks. An approval
    that has its licence already keeps it. An approved change, renewal or replacement makes the licence's
    next document, a cancellation ends it; steps of one licence are taken in the order they were decided.

    \b
    Example: hub issue
             hub issue --approval 42011220260304000002
    Exit status: 0 done, or nothing to do · 1 an approval asked for by number was not issued, or issuing
    failed · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.deposit_ended import deposit_both
    from hub.issue import IssueIncomplete, carried_out, decide, issue_all
    from hub.register import issued as register
    from hub.register import waiting_approvals

    asked = tuple(dict.fromkeys(approvals))
    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        decided = decide(opened, only=asked or None)
        failure: HubError | None = None
        try:
            issued = issue_all(opened, decided.to_issue, and_followers=not asked)
        except HubError as error:
            # What was issued beside the failure is packed and told all the same; the failure comes last.
            failure, issued = error, list(error.issued) if isinstance(error, IssueIncomplete) else []
        packed, closed = deposit_both(opened)
        waiting = [row for row in waiting_approvals(opened) if not asked or row.approval in asked]
        kept = [row for row in register(opened) if row.approval in asked and row.approval in decided.already]
        open_before = [*decided.to_issue, *(row.approval for row in decided.waiting)]
        ended = carried_out(opened, [*open_before, *(asked and decided.already)])
    known = {*decided.to_issue, *decided.already, *decided.not_granted, *(row.approval for row in decided.waiting)}
    unknown = sorted(set(asked) - known)
    if as_json:
        say_json({
            "issued": [row.to_dict() for row in issued],
            "ended": [{"approval": approval, "number": number} for approval, number in ended],
            "archived": packed,
            "archived_ended": list(closed.packed),
            "not_archived": [{"approval": approval, "code": code} for approval, code in closed.left],
            "already": list(decided.already),
            "waiting": [row.to_dict() for row in waiting],
            "not_granted": list(decided.not_granted),
            "unknown": unknown,
        })  # fmt: skip
    else:
        told = [(row.approval, row.number, row.path) for row in issued]
        told += [(row.approval, row.number, row.path or "") for row in kept]
        if told:
            say_table(
                ["approval", "number", "file"],
                [[approval, number, shown_path(settings.home, path)] for approval, number, path in told],
                whole=["approval", "file"],
            )
        for approval, number in ended:
            click.echo(f"  {approval}: licence {one_line(number)} cancelled (注销)")
        click.echo(
            f"issued {len(issued)}, archived {len(packed)} and {len(closed.packed)} without a licence, "
            f"had their licence {len(decided.already)}, "
            f"waiting {len(waiting)}, not granted {len(decided.not_granted)}"
        )
        for row in waiting:
            click.echo(f"  {row.approval} waits: {'；'.join(row.lines())}")
        for number in decided.not_granted if asked else ():
            click.echo(f"  {number}: the bureau did not grant it")
        for number in unknown:
            click.echo(f"  {number}: no result of this approval was collected; next: hub collect bureau.result")
        if waiting:
            click.echo("next: collect what is missing (hub collect), then issue again; nothing is issued twice")
    if failure is not None:
        raise failure
    closed.demand_whole()
    if asked and (waiting or decided.not_granted or unknown):
        raise SystemExit(1)


@click.group(short_help="The licence register, approvals that wait, and PDF copies.", invoke_without_command=True)
@click.option("--waiting", is_flag=True, help="Approvals that were not issued, and why.")
@json_option
@click.pass_context
@exit_on_error
def licences(ctx: click.Context, waiting: bool, as_json: bool) -> None:
    """List issued licences, or with --waiting the approvals whose evidence is missing.

    \b
    Example: hub licences
             hub licences --waiting
             hub licences pdf 42011220260304000002 --out licence.pdf
             hub licences copy 42011220260001 --receiver 某银行 --cause 开户 --out copy.ofd
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    if ctx.invoked_subcommand is not None:
        if waiting or as_json:
            raise click.UsageError(f"options of `hub licences` have no place before `{ctx.invoked_subcommand}`")
        return
    from hub.context import open_hub
    from hub.register import issued, waiting_approvals
    from schemas.items import all_items

    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        if waiting:
            held = waiting_approvals(opened)
            if as_json:
                say_json([row.to_dict() for row in held])
                return
            names = {code: item.name for code, item in all_items().items()}
            say_table(
                ["approval", "item", "missing"],
                [[w.approval, names.get(w.item, w.item), "；".join(w.lines())] for w in held],
                whole=["approval"],
            )
            return
        found = issued(opened)
    if as_json:
        say_json([row.to_dict() for row in found])
        return
    words = {True: "yes", False: "no", None: "—"}
    say_table(
        ["number", "type", "state", "timestamp", "file", "archive package"],
        [
            [
                row.number, row.type_title, row.state, words[row.timestamped], shown_path(settings.home, row.path),
                shown_path(settings.home, row.package_path),
            ]
            for row in found
        ],
        whole=["file", "archive package"],
        spare=["archive package", "type", "timestamp", "state"],
    )  # fmt: skip


@licences.command(short_help="Write a sealed PDF copy of an issued licence.")
@click.argument("licence", metavar="NUMBER_OR_APPROVAL", type=Words())
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@json_option
@exit_on_error
def pdf(licence: str, out: Path, as_json: bool) -> None:
    """Write a PDF copy of a published licence, under the seal's picture and a signature that PDF readers know.

    Drawn from the same facts as the licence. The use of the seal is logged under the approval's number.

    \b
    Example: hub licences pdf 42011220260304000002 --out licence.pdf
    Exit status: 0 written · 1 no such published licence, or refused · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.pdf import make_pdf

    with open_hub(Settings.from_environment()) as opened:
        made = make_pdf(opened, licence, out)
    if as_json:
        say_json(made.to_dict())
    else:
        stamped = "with" if made.timestamped else "without"
        click.echo(f"{made.path}: licence {one_line(made.number)}, {made.size:,} bytes, {stamped} timestamp")


licences.add_command(check_offline)
licences.add_command(copy)
licences.add_command(reseal)
for _command in licence_life.COMMANDS:
    licences.add_command(_command)
licences.add_command(reverify)
