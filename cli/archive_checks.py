"""`hub archive reports|report|walk`: the checks that were made of a package, and the walk over all that are held."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json, say_table
from cli.progress import ProgressBar
from core.clock import SHANGHAI
from core.settings import Settings


@click.command(short_help="The four-property checks that were made of a package.")
@click.argument("file_no", metavar="FILE_NO", type=Words())
@json_option
@exit_on_error
def reports(file_no: str, as_json: bool) -> None:
    """Show the reports that are kept of a package's checks, by its electronic file number, the newest first: when, at
    which stage, the verdict, what failed, and the scores. --json gives the whole reports.

    \b
    Example: hub archive reports 420112-food-2026-00001
    Exit status: 0 shown · 1 there is no such package, or a report was changed · 2 the database does not answer
    · 3 wrong usage
    """
    from hub.check_reports import reports_of
    from hub.context import open_hub

    with open_hub(Settings.from_environment()) as opened:
        found = reports_of(opened, file_no)
    if as_json:
        say_json([one.to_dict() for one in found])
    elif found:
        say_table(
            ["check", "at", "stage", "verdict", "failed", "scores"],
            [
                [
                    one.id,
                    one.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                    one.stage,
                    one.verdict if one.intact else f"{one.verdict} (the report was changed)",
                    " ".join(one.failed),
                    " ".join(f"{name} {'—' if percent is None else percent}" for name, percent in one.score.items()),
                ]
                for one in found
            ],
            whole=["check", "at", "stage"],
        )
    else:
        click.echo("no check is kept: the package is of an earlier release. `hub archive walk` checks it.")
    raise SystemExit(0 if all(one.intact for one in found) else 1)


@click.command(short_help="Write one kept report as a sealed OFD, or as a page.")
@click.argument("file_no", metavar="FILE_NO", type=Words())
@click.option("--check", type=click.IntRange(min=1), help="Number of the check. Default: the newest.")
@click.option("--as", "form", type=click.Choice(["ofd", "html"]), default="ofd", show_default=True, help="The form.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@json_option
@exit_on_error
def report(file_no: str, check: int | None, form: str, out: Path, as_json: bool) -> None:
    """Write the report 四性检测报告 of one check of a package, by its electronic file number: an OFD under the bureau's
    seal, or a page (HTML) without one. The sealed report of a check is made once; asked again, the same file is given.

    \b
    Example: hub archive report 420112-food-2026-00001 --out report.ofd
             hub archive report 420112-food-2026-00001 --check 17 --as html --out report.html
    Exit status: 0 written · 1 there is no such package or check, or the report was changed · 2 try again later
    · 3 wrong usage
    """
    from hub.check_page import page
    from hub.check_reports import report_of
    from hub.check_sheets import sealed
    from hub.check_view import view_of
    from hub.context import open_hub
    from hub.files import write_durably

    with open_hub(Settings.from_environment()) as opened:
        kept = report_of(opened, file_no, check)
        view = view_of(kept)
        made = sealed(opened, kept) if form == "ofd" else page(view).encode()
    write_durably(out.absolute(), made)
    if as_json:
        say_json({"path": str(out), "form": form, "check": kept.id, "number": view.number, "bytes": len(made)})
    else:
        click.echo(f"{out}: {view.number}, {len(made):,} bytes")


@click.command(short_help="Check again every package whose last check is too old.")
@click.option(
    "--days", type=click.IntRange(0, 3650), help="Age of a check that makes it due. Default: the setting, 90."
)
@click.option("--limit", type=click.IntRange(min=1), help="No more packages than that.")
@click.option("--rate", type=click.IntRange(min=0), help="Bytes read per second, 0 for no bound. Default: the setting.")
@json_option
@exit_on_error
def walk(days: int | None, limit: int | None, rate: int | None, as_json: bool) -> None:
    """The four-property check, as in keeping (CQ), of every package that was last checked --days ago or more, never, or
    was not found valid; the one whose check is longest ago comes first. Each file is held against the archive's log.

    It may be stopped at any moment: what was checked is kept, and the next walk goes on. Airflow walks each night.

    \b
    Example: hub archive walk --limit 1000
             hub archive walk --days 0
    Exit status: 0 all sound · 1 a package is not sound or cannot be judged · 2 try again: another walk
    goes on, the folder is not there, or the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.keeping import walk as run

    bar = ProgressBar(every=0.2)

    def on_progress(done: int, total: int, read: int) -> None:
        def words(took: float, left: float | None) -> str:
            ends = "" if left is None else f", {left:,.0f} s left"
            return f"{done:,} of {total:,} packages, {read / took / 1e6:,.1f} MB/s{ends}"

        if total:
            bar.show(done, total, words)

    with open_hub(Settings.from_environment()) as opened:
        try:
            walked = run(opened, days=days, limit=limit, rate=rate, on_progress=on_progress)
        finally:
            bar.end()
    if as_json:
        say_json(walked.to_dict())
    else:
        click.echo(
            f"{counted(walked.checked, 'package', 'packages')} checked, {walked.bytes:,} bytes; "
            f"{len(walked.invalid):,} not sound, {len(walked.unjudged):,} cannot be judged, "
            f"{walked.left:,} still to be checked"
        )
    walked.demand_sound()


COMMANDS = (reports, report, walk)
