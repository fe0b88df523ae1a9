"""`hub archive verify|head|seal|prove|check-proof`: the archive's log, and the holdings held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import log_acts
from cli.files import trust_option
from cli.log_acts import body_option, from_option, known_option, number_option, out_option, patience_option, to_option
from cli.output import cannot_tell_on_error, exit_on_error, json_option


@click.command(short_help="Hold the archive's log, the table and every file against each other.")
@click.option("--no-files", is_flag=True, help="Leave the files on disk alone: log and table only.")
@patience_option
@json_option
@cannot_tell_on_error
def verify(no_files: bool, patience: float, as_json: bool) -> None:
    """Look through the Merkle log of packages, its signed heads and their files outside the database, then through the
    table and every package on disk. A package swapped together with its checksum is named.

    \b
    Example: hub archive verify
    Exit status: 0 sound · 1 not sound · 2 cannot tell · 3 wrong usage
    """
    from hub import holdings

    log_acts.verify(
        "archive",
        lambda hub, on_read: holdings.verify(hub, files=not no_files, patience=patience, on_read=on_read),
        as_json=as_json,
    )


@click.command(short_help="Show the newest signed head of the archive's log, or keep one as a file.")
@number_option
@out_option
@json_option
@exit_on_error
def head(number: int | None, out: Path | None, as_json: bool) -> None:
    """Show a signed head. Keep one as a file: with it anybody can ask later for the proof that nothing was rewritten.

    \b
    Example: hub archive head --out head.json
    Exit status: 0 shown · 1 there is no such head, or the file is there already · 2 the database does not
    answer · 3 wrong usage
    """
    from hub.holdings import KEPT

    log_acts.head(KEPT, number, out, as_json=as_json)


@click.command(short_help="Sign a head over every package taken in so far.")
@json_option
@exit_on_error
def seal(as_json: bool) -> None:
    """Number what waits, sign a head over all of it, and write it below HUB_HOME/log/archive. Airflow does so hourly.

    \b
    Example: hub archive seal
    Exit status: 0 sealed · 1 refused: the log was changed, or there is no key · 2 try again · 3 wrong usage
    """
    from hub.holdings import KEPT

    log_acts.seal(KEPT, as_json=as_json)


@click.command(short_help="The proof that a package is in the log, or that an old head still holds.")
@click.argument("file_no", metavar="FILE_NO", required=False)
@from_option
@to_option
@out_option
@json_option
@exit_on_error
def prove(file_no: str | None, first: int | None, second: int | None, out: Path | None, as_json: bool) -> None:
    """Make a proof that `hub archive check-proof` or anybody's own program can check without this hub: of a package, by
    its electronic file number 电子文件号, or with --from that what an older head covers was not rewritten.

    \b
    Example: hub archive prove 420112-food-2026-00001 --out proof.json
             hub archive prove --from 0 --out proof.json
    Exit status: 0 made · 1 no such package or head, or the log was changed · 2 it has no place in the log
    yet, or the database does not answer: try again · 3 wrong usage
    """
    from hub.holdings import KEPT, inclusion_of

    if (file_no is None) == (first is None):
        raise click.UsageError("name a package, or an older head with --from; one of them")
    of_entry: Any = None
    if file_no is not None:
        of_entry = lambda hub: inclusion_of(hub, file_no)  # noqa: E731
    log_acts.prove(KEPT, of_entry, first, second, out, as_json=as_json)


@click.command("check-proof", short_help="Check a proof of the archive's log without database or network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@known_option
@body_option
@trust_option
@json_option
@cannot_tell_on_error
def check_proof(file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], as_json: bool) -> None:
    """Say whether a proof proves what it should. Needs the root certificate of whoever signs the log, nothing else.

    \b
    Example: hub archive check-proof proof.json --trust root-cert.pem --head head.json
    Exit status: 0 proven · 1 refused: it proves nothing, or it is no proof · 2 cannot tell: nobody to trust, or
    no signed head covers the entry yet · 3 wrong usage
    """
    log_acts.check_proof(file, known, body, trust, "archive", as_json=as_json)


COMMANDS = (verify, head, seal, prove, check_proof)
