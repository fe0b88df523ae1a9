"""`hub transfer verify|head|seal|prove|check-proof`: the register of moves in and out as a Merkle log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import log_acts
from cli.files import trust_option
from cli.log_acts import body_option, from_option, known_option, number_option, out_option, patience_option, to_option
from cli.output import cannot_tell_on_error, exit_on_error, json_option


@click.command(short_help="Look through the register of moves and name what says something else.")
@patience_option
@json_option
@cannot_tell_on_error
def verify(patience: float, as_json: bool) -> None:
    """Look through the Merkle log of moves in and out, its signed heads and their files outside the database.

    \b
    Example: hub transfer verify
    Exit status: 0 sound · 1 not sound · 2 cannot tell · 3 wrong usage
    """
    from hub.transfer_register import KEPT

    log_acts.verify("transfer", lambda hub, told: KEPT.verify(hub, patience=patience, on_read=told), as_json=as_json)


@click.command(short_help="Show the newest signed head of the register of moves, or keep one as a file.")
@number_option
@out_option
@json_option
@exit_on_error
def head(number: int | None, out: Path | None, as_json: bool) -> None:
    """Show a signed head. Keep one as a file: with it anybody can ask later for the proof that nothing was rewritten.

    \b
    Example: hub transfer head --out head.json
    Exit status: 0 shown · 1 there is no such head, or the file is there already · 2 the database does not
    answer · 3 wrong usage
    """
    from hub.transfer_register import KEPT

    log_acts.head(KEPT, number, out, as_json=as_json)


@click.command(short_help="Sign a head over every move so far.")
@json_option
@exit_on_error
def seal(as_json: bool) -> None:
    """Number what waits, sign a head over all of it, and write it below HUB_HOME/log/transfer. Airflow does so hourly.

    \b
    Example: hub transfer seal
    Exit status: 0 sealed · 1 refused: the log was changed, or there is no key · 2 try again · 3 wrong usage
    """
    from hub.transfer_register import KEPT

    log_acts.seal(KEPT, as_json=as_json)


@click.command(short_help="The proof that a move is in the register, or that an old head still holds.")
@click.argument("entry", type=click.UUID, required=False)
@from_option
@to_option
@out_option
@json_option
@exit_on_error
def prove(entry: Any, first: int | None, second: int | None, out: Path | None, as_json: bool) -> None:
    """Make a proof that `hub transfer check-proof` or anybody's own program can check without this hub: of ENTRY, a
    move's number in the register, or with --from that what an older head covers was not rewritten.

    \b
    Example: hub transfer prove --from 0 --out proof.json
    Exit status: 0 made · 1 no such entry or head, or the log was changed · 2 it has no place in the log yet,
    or the database does not answer: try again · 3 wrong usage
    """
    from hub.transfer_register import KEPT

    if (entry is None) == (first is None):
        raise click.UsageError("name an entry, or an older head with --from; one of them")
    of_entry: Any = None
    if entry is not None:
        of_entry = lambda hub: KEPT.inclusion(hub, str(entry))  # noqa: E731
    log_acts.prove(KEPT, of_entry, first, second, out, as_json=as_json)


@click.command("check-proof", short_help="Check a proof of the register of moves without database or network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@known_option
@body_option
@trust_option
@json_option
@cannot_tell_on_error
def check_proof(file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], as_json: bool) -> None:
    """Say whether a proof proves what it should. Needs the root certificate of whoever signs the log, nothing else.

    \b
    Example: hub transfer check-proof proof.json --trust root-cert.pem --head head.json
    Exit status: 0 proven · 1 refused: it proves nothing, or it is no proof · 2 cannot tell: nobody to trust, or
    no signed head covers the entry yet · 3 wrong usage
    """
    log_acts.check_proof(file, known, body, trust, "transfer", as_json=as_json)


COMMANDS = (verify, head, seal, prove, check_proof)
