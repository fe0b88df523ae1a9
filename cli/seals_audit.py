"""`hub seals audit` and `hub seals organs`: who is who, and which licences do not name one organ."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.files import anchors_of_option, trust_option
from cli.output import CANNOT_TELL, FAILED, OK, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.progress import ProgressBar
from core.settings import Settings

if TYPE_CHECKING:
    from hub.seals_audit import AuditRow
    from hub.seals_auditing import Audited

_file = click.Path(path_type=Path)
#: So many licences are told on a screen; the table and the page have them all.
_SHOWN = 50


@click.command(short_help="Find licences that do not name one organ.")
@click.argument("folders", metavar="[FOLDER]…", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--register", is_flag=True, help="Look at the licences of this hub's register in place of folders.")
@trust_option
@click.option("--csv", "table", type=_file, metavar="FILE", help="Write the list as CSV, for Excel.")
@click.option("--page", type=_file, metavar="FILE", help="Write the list as one HTML page.")
@click.option("--reports", type=_file, metavar="FOLDER", help="Write a report to each other organ there.")
@json_option
@exit_on_error
def audit(
    folders: tuple[Path, ...],
    register: bool,
    trust: tuple[Path, ...],
    table: Path | None,
    page: Path | None,
    reports: Path | None,
    as_json: bool,
) -> None:
    """Read every OFD and PDF below FOLDER, or of the register, and tell which do not name one organ: on the face, in
    metadata and identifier, by seal and certificate, on the day of sealing. Nothing that is read is changed.

    \b
    Example: hub seals audit /srv/old-licences --csv audit.csv --page audit.html --reports reports
             hub seals audit --register
    Exit status: 0 all name one organ in force · 1 some do not, or refused
                 2 some cannot be told, or no room or database · 3 wrong usage
    """
    if bool(folders) is register:
        raise click.UsageError("give folders, or --register")
    from hub.seals_auditing import Wanted, audit_folders, audit_register

    telling = _Json() if as_json else _Table()
    bar = ProgressBar(every=0.2)

    def on_progress(done: int, total: int) -> None:
        bar.show(done, total, lambda _, left: f"{done:,} of {total:,} files, {left or 0:.0f} s left")

    wanted = Wanted(table, page, reports)
    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=register)
    if register:
        from hub.context import open_hub

        with open_hub(settings) as hub:
            done = audit_register(hub, wanted, anchors=anchors, on_row=telling.row, on_progress=on_progress)
    else:
        done = audit_folders(settings, folders, wanted, anchors=anchors, on_row=telling.row, on_progress=on_progress)
    bar.end()
    telling.end(done)
    if not as_json:
        for path in (table, page, *done.reports):
            if path is not None:
                click.echo(f"written: {path}")
    sys.exit(_status(done))


def _status(done: Audited) -> int:
    standings = {standing.value: number for standing, number in done.tally.standings.items()}
    if standings["breaks"] or standings["outdated"]:
        return FAILED
    return CANNOT_TELL if standings["cannot_tell"] or standings["unreadable"] or done.closed else OK


class _Table:
    """Collects what fits a screen, and says the rest in numbers."""

    def __init__(self) -> None:
        self._rows: list[AuditRow] = []

    def row(self, row: AuditRow) -> None:
        if row.standing.value != "keeps" and len(self._rows) < _SHOWN:
            self._rows.append(row)

    def end(self, done: Audited) -> None:
        from hub.seals_audit_out import reseal_command

        tally = done.tally
        if self._rows:
            say_table(
                ["file", "standing", "licence", "number", "findings", "owner"],
                [
                    [
                        row.path, row.standing.zh, row.licence or "—", row.number or "—",
                        " ".join(one.word for one in row.wrong) or "—", row.owner or "—",
                    ]
                    for row in self._rows
                ],
                whole=["standing"],
                spare=["number", "owner", "licence"],
            )  # fmt: skip
        if tally.wrong > len(self._rows):
            click.echo(f"and {tally.wrong - len(self._rows):,} more: --csv or --page lists them all")
        counts = ", ".join(f"{standing.en} {number:,}" for standing, number in tally.standings.items() if number)
        click.echo(f"{counted(tally.files, 'file', 'files')} read: {counts or 'none is a licence'}")
        if done.other:
            click.echo(f"{counted(done.other, 'other file', 'other files')} left alone (neither .ofd nor .pdf)")
        if done.closed:
            click.echo(f"{counted(done.closed, 'folder', 'folders')} could not be read", err=True)
        for code, (name, number) in sorted(tally.owners.items()):
            whose = f"{one_line(name)} {code}" if code else "an owner nobody can tell"
            click.echo(f"{counted(number, 'licence', 'licences')} of {whose}")
        for code, number in sorted(tally.reseal.items()):
            click.echo(f"next, for {counted(number, 'licence of ours', 'licences of ours')}: {reseal_command(code)}")


class _Json:
    """One JSON document, a line a licence, written as it comes."""

    def __init__(self) -> None:
        self._plain = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
        self._any = False

    def row(self, row: AuditRow) -> None:
        if row.standing.value == "keeps":
            return
        click.echo('{"licences": [' if not self._any else ",")
        click.echo(self._text(row.to_dict()), nl=False)
        self._any = True

    def end(self, done: Audited) -> None:
        told = {
            **done.tally.to_dict(),
            "at": done.at.isoformat(timespec="seconds"),
            "other_files": done.other,
            "closed_folders": done.closed,
            "reports": [str(path) for path in done.reports],
        }
        click.echo("\n]," if self._any else '{"licences": [],')
        click.echo(self._text(told)[1:])

    def _text(self, value: dict[str, Any]) -> str:
        return json.dumps(value, ensure_ascii=self._plain)


@click.command(short_help="The table of organs, checked.")
@json_option
@exit_on_error
def organs(as_json: bool) -> None:
    """Show the organs this hub goes by: codes, names and their days, who followed whom, and whose a licence type is.

    \b
    Example: hub seals organs
    Exit status: 0 the table is sound · 1 it contradicts itself, or production mode has none · 3 wrong usage
    """
    from hub.organs import organs_told

    told = organs_told(Settings.from_environment(database=False))
    if as_json:
        say_json(told)
        return
    click.echo(f"{told['file']}" + (" (made up, for the demo)" if told["demo"] else ""))
    mark = {True: "", False: "未核实"}
    say_table(
        ["organ", "credit code", "name", "from", "until", ""],
        [
            [
                "ours" if one["ours"] else one["id"], one["credit_code"], name["name"], name["since"] or "—",
                name["until"] or "—", mark[one["verified"] and name["verified"]],
            ]
            for one in told["organs"]
            for name in one["names"]
        ],
        whole=["credit code", "from", "until"],
        spare=["organ"],
    )  # fmt: skip
    for one in told["successions"]:
        which = "、".join(one["licences"]) or "everything else"
        click.echo(
            f"{one['effective']}: {one['predecessor']} → {one['successor']} ({which}), "
            f"{one_line(one['basis'])} {mark[one['verified']]}".rstrip()
        )
    for one in told["owners"]:
        click.echo(f"{one['licence']} is {one['organ']}'s, {one_line(one['basis'])} {mark[one['verified']]}".rstrip())


@click.command(short_help="Made-up old licences to try the audit on.")
@click.argument("folder", type=_file)
@json_option
@exit_on_error
def samples(folder: Path, as_json: bool) -> None:
    """Write eight made-up licences (测试) into FOLDER, as an older organ and others would have sealed them. Their roots
    lie in FOLDER/pki; nobody trusts them unless told to. Not in production mode.

    \b
    Example: hub seals samples old && hub seals audit old --trust old/pki/root-cert.pem
    Exit status: 0 written · 1 refused · 2 no room · 3 wrong usage
    """
    from hub.old_stock import make_old_stock

    made = [str(path) for path in make_old_stock(Settings.from_environment(database=False), folder)]
    if as_json:
        say_json({"files": made})
        return
    for path in made:
        click.echo(path)
    click.echo(f"next: hub seals audit {folder} --trust {folder}/pki/root-cert.pem")
