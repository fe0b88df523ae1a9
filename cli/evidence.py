"""`hub evidence status|renew`: how long the logs' timestamps prove, and making them anew."""

from __future__ import annotations

import click

from cli.output import FAILED, exit_on_error, json_option, one_line, say_json, say_table
from core.clock import day_text
from core.errors import HubError
from core.settings import Settings

_LOGS = ("audit", "register", "archive", "transfer")


@click.group(short_help="Keep old seals provable: the logs' timestamps made anew.")
def evidence() -> None:
    """Evidence renewal 证据续期: timestamps over the logs' heads are made anew before the certificates behind them end.

    \b
    Example: hub evidence status
             hub evidence renew
    Exit status: 0 done · 1 refused or failed · 2 try again later · 3 wrong usage
    """


@evidence.command(short_help="How each log's chain of timestamps stands, and what is due.")
@json_option
@exit_on_error
def status(as_json: bool) -> None:
    """Show for each log the newest head, the last renewal, until when it is provable without a further one, and whether
    one is due: before the authority's certificate ends (HUB_EVIDENCE_DAYS_BEFORE) and each year (HUB_EVIDENCE_DAYS).

    \b
    Example: hub evidence status
    Exit status: 0 shown · 1 a chain has ended: read runbook evidence-ends · 2 the database does not answer
    · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.evidence_due import standing

    with open_hub(Settings.from_environment()) as opened:
        found = [standing(opened, log) for log in _LOGS]
    if as_json:
        say_json([one.to_dict() for one in found])
    else:
        rows = [
            [
                one.log,
                one.head,
                one.renewal,
                day_text(one.soonest) if one.soonest else None,
                "ENDED" if one.ended else "due" if one.due else "no",
                one.why,
            ]
            for one in found
        ]
        say_table(["log", "head", "renewal", "provable until", "due", "why"], rows, whole=["log", "provable until"])
    if any(one.ended for one in found):
        raise SystemExit(FAILED)


@evidence.command(short_help="Timestamp the logs' newest heads anew where that is due.")
@click.argument("log", type=click.Choice(_LOGS), required=False)
@click.option("--force", is_flag=True, help="Also where it is not due.")
@click.option("--after-gap", is_flag=True, help="Go on after a chain has ended; the gap is recorded for good.")
@json_option
@exit_on_error
def renew(log: str | None, force: bool, after_gap: bool, as_json: bool) -> None:
    """Have the authority of press.toml stamp, for LOG or for every log, the newest head, all heads and entries
    before it and the renewal before. Does nothing where nothing is due. Airflow does so each day.

    \b
    Example: hub evidence renew
             hub evidence renew archive --after-gap
    Exit status: 0 renewed, or nothing was due · 1 refused: the chain has ended or soon will, a log was
    changed, or no authority is configured · 2 the authority or the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.evidence_renewal import renew as run

    told, first = [], None
    with open_hub(Settings.from_environment()) as opened:
        for name in _LOGS if log is None else (log,):
            try:
                outcome = run(opened, name, force=force, after_gap=after_gap)
            except HubError as error:
                # trouble of one log must not keep the others from being renewed
                if first is not None:
                    click.echo(one_line(error), err=True)
                first = first or error
                continue
            told.append(outcome.to_dict())
            if not as_json:
                made = outcome.renewal
                what = "nothing to do" if made is None else f"renewal {made.number} over head {made.head}"
                click.echo(one_line(f"{name}: {what}; {outcome.note}"))
    if as_json:
        say_json(told)
    if first is not None:
        raise first
