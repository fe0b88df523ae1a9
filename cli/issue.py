"""`hub issue` and `hub licences`: seal what is approved and evidenced; see what was issued and what waits."""

from __future__ import annotations

import click

from cli.output import exit_on_error, json_option, say_json, say_table
from core.settings import Settings


@click.command(short_help="Issue and archive what is approved and evidenced.")
@click.option(
    "--approval", "approvals", multiple=True, metavar="NO", help="Only this approval; may be given several times."
)
@json_option
@exit_on_error
def issue(approvals: tuple[str, ...], as_json: bool) -> None:
    """Issue a sealed licence for every granted approval whose evidence holds, and archive each case.

    An approval whose evidence is missing is not issued; it is listed with what it lacks. An approval
    that has its licence already keeps it.

    \b
    Example: hub issue
             hub issue --approval 420112202600017
    Exit status: 0 done, or nothing to do · 1 an approval asked for by number was not issued, or issuing failed ·
    2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.deposit import deposit_all
    from hub.issue import decide, issue_all
    from hub.register import waiting_approvals

    with open_hub(Settings.from_environment()) as opened:
        decided = decide(opened, only=approvals or None)
        issued = issue_all(opened, decided.to_issue)
        packed = deposit_all(opened)
        asked = set(approvals)
        waiting = [row for row in waiting_approvals(opened) if not asked or row.approval in asked]
    known = {*decided.to_issue, *decided.already, *decided.not_granted, *(row.approval for row in decided.waiting)}
    unknown = sorted(asked - known)
    if as_json:
        say_json({
            "issued": [row.to_dict() for row in issued],
            "archived": packed,
            "already": list(decided.already),
            "waiting": [row.to_dict() for row in waiting],
            "not_granted": list(decided.not_granted),
            "unknown": unknown,
        })  # fmt: skip
    else:
        for done in issued:
            click.echo(f"{done.approval}: {done.number}  {done.path}")
        click.echo(
            f"issued {len(issued)}, archived {len(packed)}, had their licence {len(decided.already)}, "
            f"waiting {len(waiting)}, not granted {len(decided.not_granted)}"
        )
        for row in waiting:
            click.echo(f"  {row.approval} waits: {'；'.join(row.lines())}")
        for number in unknown:
            click.echo(f"  {number}: no result of this approval was collected")
    if approvals and (waiting or decided.not_granted or unknown):
        raise SystemExit(1)


@click.command(short_help="The licence register, and approvals that wait.")
@click.option("--waiting", is_flag=True, help="Approvals that were not issued, and why.")
@json_option
@exit_on_error
def licences(waiting: bool, as_json: bool) -> None:
    """List issued licences, or with --waiting the approvals whose evidence is missing.

    \b
    Example: hub licences
    Exit status: 0 listed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.register import issued, waiting_approvals

    with open_hub(Settings.from_environment()) as opened:
        if waiting:
            held = waiting_approvals(opened)
            if as_json:
                say_json([row.to_dict() for row in held])
            else:
                say_table(["approval", "item", "missing"], [[w.approval, w.item, "；".join(w.lines())] for w in held])
            return
        found = issued(opened)
    if as_json:
        say_json([row.to_dict() for row in found])
        return
    say_table(
        ["number", "type", "state", "file", "archive package"],
        [[row.number, row.type_title, row.state, row.path, row.package_path] for row in found],
    )
