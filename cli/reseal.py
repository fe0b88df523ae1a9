"""`hub licences reseal`: our own licences under an earlier seal get a new document under the current one, in bulk."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.progress import ProgressBar
from cli.who import login, who_option
from core.errors import HubError
from core.settings import Settings

if TYPE_CHECKING:
    from hub.reseal import Preview, Report


@click.command(short_help="Put the current seal on licences that bear an earlier one.")
@click.option("--organ", type=Words(), metavar="NAME_OR_CODE", help="Licences of this organ: ours, or one we followed.")
@click.option("--all", "everything", is_flag=True, help="Licences of our own and of every organ we followed.")
@click.option("--old-seal", type=Words(), metavar="ES_ID", help="Only licences under a seal of this number.")
@click.option("--limit", type=click.IntRange(min=1), help="No more than so many. Default: all.")
@click.option("--legal-basis", type=Words(), help="The decision it rests on; printed in every register entry.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes; one a core is best."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--resume", type=Words(), metavar="ORDER", help="Go on with an order that stopped, or that has failures.")
@who_option
@json_option
@exit_on_error
def reseal(
    organ: str | None,
    everything: bool,
    old_seal: str | None,
    limit: int | None,
    legal_basis: str | None,
    workers: int,
    dry_run: bool,
    resume: str | None,
    who: str | None,
    as_json: bool,
) -> None:
    """Re-issue our own licences under the current seal and name: same number, date of issue and validity, next version.

    Chosen are valid and suspended licences whose current document is under another seal than the one press.toml
    names, or bears another issuer's code. A suspended one stays suspended; cancelled, withdrawn, revoked and expired
    ones are only counted. Each old document stays verifiable and is marked superseded. Which organs are ours tells
    the table of organs; licences of other organs are never touched.

    What is done is an order with a number. It can be stopped at any moment: --resume goes on with it. A licence that
    fails keeps its old document, is listed, and is tried again by --resume.

    \b
    Example: hub licences reseal --organ 11420112MB0000001Q --dry-run
             hub licences reseal --organ 11420112MB0000001Q --legal-basis "东政办〔2026〕3号"
             hub licences reseal --resume HZ20261129-001
    Exit status: 0 all resealed, or nothing to do · 1 some licences failed, or refused · 2 try again later
    · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.reseal import begin, close, demand_complete, go_on, preview

    _check(organ, everything, old_seal, limit, legal_basis, dry_run, resume)
    with open_hub(Settings.from_environment()) as opened:
        if dry_run:
            _say_preview(preview(opened, organ=organ, old_seal=old_seal), as_json)
            return
        order = resume
        if order is None:
            given = begin(
                opened, organ=organ, old_seal=old_seal, limit=limit, legal_basis=legal_basis or "", who=who or login()
            )
            order = given.id
        # Told before the first is sealed, so that whoever stops it knows what to go on with.
        click.echo(f"order {order}", err=True)
        progress, failure = _Progress(), None
        try:
            report = go_on(opened, order, workers=workers, on_progress=progress)
        except HubError as error:
            failure = error
        except KeyboardInterrupt:
            progress.end()
            click.echo(f"next: hub licences reseal --resume {order}", err=True)
            raise
        finally:
            progress.end()
        if failure is not None:
            # Told how far it came first; the reason comes last. Where that cannot be told either, only the reason.
            with suppress(HubError):
                _say(close(opened, order), as_json)
            raise failure
    _say(report, as_json)
    demand_complete(report)


def _check(
    organ: str | None,
    everything: bool,
    old_seal: str | None,
    limit: int | None,
    legal_basis: str | None,
    dry_run: bool,
    resume: str | None,
) -> None:
    if resume is not None:
        if organ or everything or old_seal or limit or legal_basis or dry_run:
            raise click.UsageError("--resume goes on with an order as it was given; leave out what chooses licences")
        return
    if (organ is None) is not everything:
        raise click.UsageError("say whose licences: --organ NAME_OR_CODE, or --all")
    if dry_run and limit:
        raise click.UsageError("--dry-run counts all of them; leave out --limit")
    if not dry_run and not (legal_basis or "").strip():
        raise click.UsageError("say what decision it rests on: --legal-basis (it stands in every register entry)")


def _say_preview(found: Preview, as_json: bool) -> None:
    from hub.reseal import words_of

    if as_json:
        say_json(found.to_dict())
        return
    say_table(
        ["type", "seal", "licences", "passed over"],
        [
            [kind, seal, many if passed is None else "", "" if passed is None else " ".join(words_of({passed: many}))]
            for kind, seal, passed, many in found.rows
        ],
        whole=["seal"],
        numbers=["licences"],
    )
    licences = counted(found.licences, "licence", "licences")
    click.echo(f"{licences} would be resealed under {found.seal} of {one_line(found.organ)}; nothing was changed")


def _say(report: Report, as_json: bool) -> None:
    from hub.reseal import words_of

    if as_json:
        say_json(report.to_dict())
        return
    counts = report.counts
    passed = "、".join(words_of(counts.passed_over))
    click.echo(
        f"{report.order.id}: {counted(counts.done, 'licence', 'licences')} resealed under {report.order.es_id}, "
        f"{counts.failed:,} failed, {counts.left:,} left, {sum(counts.passed_over.values()):,} passed over"
        + (f" ({passed})" if passed else "")
    )
    if report.failures:
        say_table(
            ["number", "code", "what happened"],
            [[one.number, one.code, one.said] for one in report.failures],
            whole=["number", "code"],
        )
        if counts.failed > len(report.failures):
            click.echo(f"and {counts.failed - len(report.failures):,} more")


class _Progress:
    """How far the order has come, how fast, and how long it takes yet; its clock starts with the first word of it."""

    def __init__(self) -> None:
        self._bar: ProgressBar | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = ProgressBar()
        if done:
            self._bar.show(
                done,
                total,
                lambda took, left: (
                    f"{done:,} of {total:,} licences, {done / took:,.0f} a second, about {_duration(left or 0)} left"
                ),
            )

    def end(self) -> None:
        """Leave the line to what follows."""
        if self._bar is not None:
            self._bar.end()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
