"""`hub audit`: the log of every lookup is verified, sealed and proved."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli.files import anchors_of_option, trust_option
from cli.output import (
    CANNOT_TELL,
    FAILED,
    cannot_tell_on_error,
    counted,
    exit_on_error,
    json_option,
    one_line,
    say_json,
)
from core.clock import SHANGHAI
from core.errors import Rejected
from core.settings import Settings

#: A proof of a log of 2**60 entries has some 20 KB with its heads.
_LARGEST = 1 << 20
_out_option = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this new file instead of the screen."
)


@click.group(short_help="The log of every lookup: verify, seal, prove.")
def audit() -> None:
    """The audit log: every lookup, refused ones too, as entries of a Merkle tree whose heads are signed.

    \b
    Example: hub audit verify
             hub audit prove 0199c3d2-5b7a-7c11-8e4f-3f1d2a6b9c04
    Exit status: 0 done, sound or proven · 1 refused, failed or changed · 2 cannot tell now, try again later ·
    3 wrong usage
    """


@audit.command(short_help="Look through the whole log and name every entry that was tampered with.")
@click.option("--patience", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
              help="How long an entry may wait for its number.")  # fmt: skip
@json_option
@cannot_tell_on_error
def verify(patience: float, as_json: bool) -> None:
    """Compute every leaf from its entry again, and compare numbers, columns, tiles, signed heads and the files outside
    the database. Names each entry that was changed, removed, inserted or moved, by its number and time.

    Reads every entry once, a million in one to two minutes; others may look up meanwhile.

    \b
    Example: hub audit verify
    Exit status: 0 sound · 1 something was changed, or entries wait too long · 2 cannot tell: the database does
    not answer, or nobody is known whom to trust · 3 wrong usage
    """
    from hub.audit import verify as run
    from hub.context import open_hub

    progress = _Progress()
    with open_hub(Settings.from_environment()) as opened:
        try:
            report = run(opened, patience=patience, on_read=progress)
        finally:
            progress.end()
    if as_json:
        say_json(report.to_dict())
    else:
        verdict = "sound" if report.sound else f"NOT SOUND: {counted(report.counts.total(), 'finding', 'findings')}"
        click.echo(f"audit log: {verdict}")
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


@audit.command(short_help="The newest signed head, and what waits.")
@click.option("--number", type=click.IntRange(0), help="The head of this number instead of the newest.")
@_out_option
@json_option
@exit_on_error
def head(number: int | None, out: Path | None, as_json: bool) -> None:
    """Show a signed head. With --out it is written as a file: keep it, give it away; with it anybody can ask later for
    the proof that nothing of what it covers was rewritten.

    \b
    Example: hub audit head --out head.json
    Exit status: 0 shown · 1 there is no such head, or the file is there already · 2 the database does not
    answer · 3 wrong usage
    """
    from hub import audit as log
    from hub.context import open_hub
    from hub.log_heads import to_dict
    from hub.log_proofs import head_of

    with open_hub(Settings.from_environment()) as opened:
        found = head_of(opened, log.LOG, number)
        entries, behind = log.size(opened), log.behind(opened)
    if out is not None:
        _write(out, to_dict(found))
    if as_json:
        say_json({"head": to_dict(found), "number": found.number, "size": found.size, "root": found.root.hex(),
                  "at": found.at.astimezone(SHANGHAI).isoformat(), "entries": entries, "behind": behind})  # fmt: skip
        return
    click.echo(one_line(log.head_line(found)))
    click.echo(f"the log holds {counted(entries, 'numbered entry', 'numbered entries')}")
    if behind:
        click.echo(f"the oldest waiting entry has waited {behind:.1f} s for its number")


@audit.command(short_help="Sign a head over everything now, and write it outside the database.")
@json_option
@exit_on_error
def seal(as_json: bool) -> None:
    """Number what waits, sign a head over all of it, have it timestamped where an authority is configured, and write it
    with the new leaf hashes below HUB_HOME/log/audit. Airflow does the same every hour.

    \b
    Example: hub audit seal
    Exit status: 0 sealed · 1 refused: the log was changed, or there is no key · 2 try again: another process
    seals, or the database or the key's device does not answer · 3 wrong usage
    """
    from hub import audit as log
    from hub.context import open_hub
    from hub.log_heads import to_dict

    with open_hub(Settings.from_environment()) as opened:
        made = log.seal_head(opened)
    if as_json:
        say_json({"number": made.number, "size": made.size, "head": to_dict(made)})
    else:
        click.echo(one_line(log.head_line(made)))


@audit.command(short_help="The proof that an entry is in the log, or that an old head still holds.")
@click.argument("entry", type=click.UUID, required=False)
@click.option("--from", "first", type=click.IntRange(0), metavar="NUMBER", help="Prove that this head still holds.")
@click.option("--to", "second", type=click.IntRange(0), metavar="NUMBER", help="Up to this head. Default: the newest.")
@_out_option
@json_option
@exit_on_error
def prove(entry: Any, first: int | None, second: int | None, out: Path | None, as_json: bool) -> None:
    """Make a proof that `hub audit check-proof` or anybody's own program can check without this hub.

    Of ENTRY, as it stands on the answer of a lookup: that it is in the log, up to the newest signed head. With --from:
    that what an older head covers is the beginning of what a newer one covers, so nothing of it was rewritten.
    No proof holds what an entry says.

    \b
    Example: hub audit prove 0199c3d2-5b7a-7c11-8e4f-3f1d2a6b9c04 --out proof.json
             hub audit prove --from 0 --out proof.json
    Exit status: 0 made · 1 there is no such entry or head, or the log was changed · 2 the entry has no place in
    the log yet, or the database does not answer: try again · 3 wrong usage
    """
    from hub import audit as log
    from hub.context import open_hub

    if (entry is None) == (first is None):
        raise click.UsageError("name an entry, or an older head with --from; not both")
    if second is not None and first is None:
        raise click.UsageError("--to goes with --from")
    with open_hub(Settings.from_environment()) as opened:
        proof = log.consistency(opened, first, second) if first is not None else log.inclusion(opened, str(entry))
    if out is not None:
        _write(out, proof)
    if out is None or as_json:
        say_json(proof)
    else:
        click.echo(f"{out}: {proof['type']} proof; hub audit check-proof {out} checks it")


@audit.command("check-proof", short_help="Check a proof without database or network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--head", "known", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A head you kept; the proof must begin with it, or lead to it.")  # fmt: skip
@click.option("--entry", "body", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What the entry says, byte for byte; it must be what the proof is about.")  # fmt: skip
@trust_option
@json_option
@cannot_tell_on_error
def check_proof(file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], as_json: bool) -> None:
    """Say whether a proof proves what it should. Needs the root certificate of whoever signs the log, nothing else.

    \b
    Example: hub audit check-proof proof.json --trust root-cert.pem --head head-of-may.json
    Exit status: 0 proven · 1 refused: it proves nothing, or it is no proof · 2 cannot tell: nobody to trust, or
    no signed head covers the entry yet · 3 wrong usage
    """
    from hub.log_heads import from_dict
    from hub.log_proofs import check
    from hub.trust import trust_of

    settings = Settings.from_environment(database=False)
    anchors = anchors_of_option(trust)
    try:
        shown = check(
            _read(file),
            trust_of(settings, anchors),
            at=datetime.now(UTC),
            known=from_dict(_read(known)) if known is not None else None,
            body=_bytes(body) if body is not None else None,
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


@audit.command(short_help="Write numbered entries as lines of JSON, for an auditor.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Into this new file.")
@click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True, help="From this number on.")
@click.option("--until", "end", type=click.IntRange(0), help="Up to before this number. Default: all.")
@json_option
@exit_on_error
def export(out: Path, first: int, end: int | None, as_json: bool) -> None:
    """Write entries in order, a line each: number, entry, leaf, and body as the text its leaf is computed from:
    SM3(0x00, body). The file says who looked up what, for whom by keyed hash only: handle it as the log itself.

    \b
    Example: hub audit export --out entries.jsonl
    Exit status: 0 written · 1 the file is there already · 2 the database does not answer · 3 wrong usage
    """
    from hub import audit as log
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


def _write(path: Path, value: Any) -> None:
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


def _bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST)


def _read(path: Path) -> Any:
    """The file's JSON; None, which is no proof, where it is none."""
    try:
        return json.loads(_bytes(path))
    except (ValueError, RecursionError):
        return None


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


class _Progress:
    """How far the reading has come and how long it takes yet, on standard error, where a person is looking at it."""

    _WIDTH = 24

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._began = time.monotonic()
        self._said = False

    def __call__(self, done: int, total: int) -> None:
        if not self._shown or not done:
            return
        share = done / total
        full = int(share * self._WIDTH)
        left = (time.monotonic() - self._began) * (1 - share) / share
        line = f"[{'#' * full}{'.' * (self._WIDTH - full)}] {share:4.0%}, {done:,} entries, about {left:.0f} s left"
        click.echo(f"\r\033[K{line}", nl=False, err=True, color=True)
        self._said = True

    def end(self) -> None:
        """Leave the line to what follows."""
        if self._said:
            click.echo("\r\033[K", nl=False, err=True, color=True)
