"""What the commands of all logs do alike: a log is verified, sealed, proved and exported."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.files import anchors_of_option, read_json, read_up_to
from cli.output import CANNOT_TELL, FAILED, counted, one_line, say_json
from cli.progress import ProgressBar
from core.clock import SHANGHAI
from core.errors import Rejected
from core.settings import Settings

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.kept_log import KeptLog
    from hub.log_report import LogReport
    from hub.log_verify import OnRead

#: A proof of a log of 2**60 entries has some 20 KB with its heads.
_LARGEST = 1 << 20

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_new_file = click.Path(dir_okay=False, path_type=Path)
out_option = click.option("--out", type=_new_file, help="Write to this new file instead of the screen.")
patience_option = click.option(
    "--patience", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
    help="How long an entry may wait for its number.",
)  # fmt: skip
number_option = click.option("--number", type=click.IntRange(0), help="The head of this number instead of the newest.")
from_option = click.option(
    "--from", "first", type=click.IntRange(0), metavar="NUMBER", help="Prove that this head still holds."
)
to_option = click.option(
    "--to", "second", type=click.IntRange(0), metavar="NUMBER", help="Up to this head. Default: the newest."
)
known_option = click.option(
    "--head", "known", type=_file, help="A head you kept; the proof must begin with it, or lead to it."
)
body_option = click.option(
    "--entry", "body", type=_file, help="What the entry says, byte for byte; it must be what the proof is about."
)


def export_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which entries go into which file."""
    for option in (
        click.option("--until", "end", type=click.IntRange(0), help="Up to before this number. Default: all."),
        click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True,
                     help="From this number on."),
        click.option("--out", type=_new_file, required=True, help="Into this new file."),
    ):  # fmt: skip
        command = option(command)
    return command


def verify(what: str, run: Callable[[Hub, OnRead], LogReport], *, as_json: bool) -> None:
    """Look through a log and tell what was found."""
    from hub.context import open_hub

    bar = ProgressBar()

    def on_read(done: int, total: int) -> None:
        if done:
            bar.show(done, total, lambda _, left: f"{done:,} entries, about {left:.0f} s left")

    with open_hub(Settings.from_environment()) as opened:
        try:
            report = run(opened, on_read)
        finally:
            bar.end()
    if as_json:
        say_json(report.to_dict())
    else:
        verdict = "sound" if report.sound else f"NOT SOUND: {counted(report.counts.total(), 'finding', 'findings')}"
        click.echo(f"{what}: {verdict}")
        click.echo(f"  {counted(report.entries, 'entry', 'entries')}, {report.covered:,} of them under a signed head")
        click.echo(f"  {counted(report.heads, 'head', 'heads')}, {report.files:,} with files outside the database")
        for signer in report.signers:
            click.echo(f"  signed by {one_line(signer)}")
        if report.waiting:
            click.echo(f"  {counted(report.waiting, 'entry waits', 'entries wait')} for a number")
        for note in report.notes:
            click.echo(f"  note: {one_line(note)}")
        for finding in report.findings:
            click.echo(one_line(finding.line()))
        if report.unnamed:
            click.echo(f"and {report.unnamed:,} more")
        for unsure in report.unsure:
            click.echo(f"cannot tell: {one_line(unsure)}", err=True)
        if not report.sound:
            click.echo("next: keep database and files as they are; runbook: log-changed", err=True)
    if not report.sound:
        raise SystemExit(FAILED)
    if report.unsure:
        raise SystemExit(CANNOT_TELL)


def head(log: KeptLog, number: int | None, out: Path | None, *, as_json: bool) -> None:
    """Show a signed head, and what waits."""
    from hub.context import open_hub
    from hub.kept_log import head_line
    from hub.log_heads import to_dict
    from hub.log_proofs import head_of

    with open_hub(Settings.from_environment()) as opened:
        found = head_of(opened, log.name, number)
        entries, behind = log.size(opened), log.behind(opened)
    if out is not None:
        write(out, to_dict(found))
    if as_json:
        say_json({"head": to_dict(found), "number": found.number, "size": found.size, "root": found.root.hex(),
                  "at": found.at.astimezone(SHANGHAI).isoformat(), "entries": entries, "behind": behind})  # fmt: skip
        return
    click.echo(one_line(head_line(found)))
    click.echo(f"the log holds {counted(entries, 'numbered entry', 'numbered entries')}")
    if behind:
        click.echo(f"the oldest waiting entry has waited {behind:.1f} s for its number")


def seal(log: KeptLog, *, as_json: bool) -> None:
    """Number what waits and sign a head."""
    from hub.context import open_hub
    from hub.kept_log import head_line
    from hub.log_heads import to_dict

    with open_hub(Settings.from_environment()) as opened:
        made = log.seal_head(opened)
    if as_json:
        say_json({"number": made.number, "size": made.size, "head": to_dict(made)})
    else:
        click.echo(one_line(head_line(made)))


def prove(
    log: KeptLog,
    of_entry: Callable[[Hub], dict[str, Any]] | None,
    first: int | None,
    second: int | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make the proof of an entry, or that head `first` still holds; one of the two."""
    from hub.context import open_hub

    if second is not None and first is None:
        raise click.UsageError("--to goes with --from")
    with open_hub(Settings.from_environment()) as opened:
        if of_entry is not None:
            proof = of_entry(opened)
        elif first is not None:
            proof = log.consistency(opened, first, second)
        else:
            raise click.UsageError("name an entry, or an older head with --from")
    if out is not None:
        write(out, proof)
    if out is None or as_json:
        say_json(proof)
    else:
        click.echo(f"{out}: {proof['type']} proof; hub {log.name} check-proof {out} checks it")


def check_proof(
    file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], log: str, *, as_json: bool
) -> None:
    """Check a proof where there is nothing but the proof and a root."""
    from hub.log_heads import from_dict
    from hub.log_proofs import check
    from hub.trust import trust_of

    settings = Settings.from_environment(database=False)
    anchors = anchors_of_option(trust)
    document = read_json(file, _LARGEST)  # None is no proof
    other = document.get("log") if isinstance(document, dict) else None
    if isinstance(other, str) and other != log:
        raise click.UsageError(
            f"the proof is of the log {one_line(other)}; hub {one_line(other)} check-proof checks it"
        )
    try:
        shown = check(
            document,
            trust_of(settings, anchors),
            at=datetime.now(UTC),
            known=from_dict(read_json(known, _LARGEST)) if known is not None else None,
            body=read_up_to(body, _LARGEST) if body is not None else None,
        )
    except Rejected as error:
        if as_json:
            say_json({"verdict": "refused", "code": error.code, "reason": error.message})
        else:
            click.echo(one_line(f"refused: {error}"))
        raise SystemExit(FAILED) from None
    signed = shown.head is not None
    if as_json:
        say_json({"verdict": "proven" if signed else "cannot_tell"} | shown.to_dict())
    else:
        if shown.kind == "consistency" and shown.first is not None and shown.head is not None:
            click.echo(
                f"proven: the {shown.first.size:,} entries of head {shown.first.number} ({_day(shown.first.at)}) are "
                f"the beginning of the {shown.head.size:,} of head {shown.head.number} ({_day(shown.head.at)})"
            )
        elif shown.head is not None:
            which = "" if body is not None else "; what it says was not compared (--entry)"
            click.echo(
                one_line(
                    f"proven: entry {shown.entry} is number {shown.number} of the {shown.head.size:,} entries of head "
                    f"{shown.head.number} ({_day(shown.head.at)}){which}"
                )
            )
        else:
            click.echo("cannot tell: no signed head covers the entry yet; ask for the proof again in an hour")
        if shown.signed is not None:
            stamped = f", timestamp {_day(shown.signed.stamped_at)}" if shown.signed.stamped_at else ""
            click.echo(one_line(f"  signed by {shown.signed.signer} ({shown.signed.organisation}){stamped}"))
            if shown.signed.note:
                click.echo(one_line(f"  note: {shown.signed.note}"))
    if not signed:
        raise SystemExit(CANNOT_TELL)


def export(log: KeptLog, out: Path, first: int, end: int | None, *, as_json: bool) -> None:
    """Write numbered entries as lines of JSON."""
    from hub.context import open_hub

    count = 0
    with open_hub(Settings.from_environment()) as opened, _new(out) as stream:
        for line in log.export(opened, first, end):
            stream.write(line + "\n")
            count += 1
    if as_json:
        say_json({"file": str(out), "entries": count})
    else:
        click.echo(f"{out}: {counted(count, 'entry', 'entries')}")


def write(path: Path, value: Any) -> None:
    """A new file with one JSON document; one that is there is not written over."""
    with _new(path) as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
        stream.write("\n")


def _new(path: Path) -> Any:
    """A new file that only its owner reads; one that is there is not written over."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        click.echo(one_line(f"{path}: {error.strerror}; nothing was written. Name a new file."), err=True)
        sys.exit(FAILED)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
