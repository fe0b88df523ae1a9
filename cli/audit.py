"""`hub audit`: the log of every lookup is verified, sealed and proved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import log_acts
from cli.files import trust_option
from cli.log_acts import (
    body_option,
    export_options,
    from_option,
    known_option,
    number_option,
    out_option,
    patience_option,
    to_option,
)
from cli.output import cannot_tell_on_error, exit_on_error, json_option


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
@patience_option
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

    log_acts.verify("audit log", lambda hub, told: run(hub, patience=patience, on_read=told), as_json=as_json)


@audit.command(short_help="The newest signed head, and what waits.")
@number_option
@out_option
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
    from hub.audit import KEPT

    log_acts.head(KEPT, number, out, as_json=as_json)


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
    from hub.audit import KEPT

    log_acts.seal(KEPT, as_json=as_json)


@audit.command(short_help="The proof that an entry is in the log, or that an old head still holds.")
@click.argument("entry", type=click.UUID, required=False)
@from_option
@to_option
@out_option
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
    from hub.audit import KEPT

    if (entry is None) == (first is None):
        raise click.UsageError("name an entry, or an older head with --from; not both")
    of_entry = (lambda hub: KEPT.inclusion(hub, str(entry))) if entry is not None else None
    log_acts.prove(KEPT, of_entry, first, second, out, as_json=as_json)


@audit.command("check-proof", short_help="Check a proof without database or network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@known_option
@body_option
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
    log_acts.check_proof(file, known, body, trust, "audit", as_json=as_json)


@audit.command(short_help="Write numbered entries as lines of JSON, for an auditor.")
@export_options
@json_option
@exit_on_error
def export(out: Path, first: int, end: int | None, as_json: bool) -> None:
    """Write entries in order, a line each: number, entry, leaf, and body as the text its leaf is computed from:
    SM3(0x00, body). The file says who looked up what, for whom by keyed hash only: handle it as the log itself.

    \b
    Example: hub audit export --out entries.jsonl
    Exit status: 0 written · 1 the file is there already · 2 the database does not answer · 3 wrong usage
    """
    from hub.audit import KEPT

    log_acts.export(KEPT, out, first, end, as_json=as_json)
