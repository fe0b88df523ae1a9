"""`hub register`: the licence register is verified, sealed, proved and published."""

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
from cli.output import cannot_tell_on_error, counted, exit_on_error, json_option, one_line, say_json
from core.settings import Settings


@click.group(short_help="The licence register: verify, prove, publish.")
def register() -> None:
    """The licence register: each publication of a licence and each change of its state, as entries of a Merkle tree
    whose heads are signed, and published each month under the bureau's seal.

    \b
    Example: hub register verify
             hub register publish
    Exit status: 0 done, sound or proven · 1 refused, failed or changed · 2 cannot tell now, try again later ·
    3 wrong usage
    """


@register.command(short_help="Look through the register and name what says something else.")
@patience_option
@json_option
@cannot_tell_on_error
def verify(patience: float, as_json: bool) -> None:
    """Compute every leaf from its entry again, compare numbers, columns, tiles, signed heads and the files outside the
    database; then hold the tables of licences, documents and steps against the entries. Names each entry that was
    changed, removed, inserted or moved, and each licence of which a table says something else.

    \b
    Example: hub register verify
    Exit status: 0 sound · 1 something was changed, or entries wait too long · 2 cannot tell: the database does
    not answer, or nobody is known whom to trust · 3 wrong usage
    """
    from hub.licence_register import verify as run

    log_acts.verify("licence register", lambda hub, told: run(hub, patience=patience, on_read=told), as_json=as_json)


@register.command(short_help="The newest signed head, and what waits.")
@number_option
@out_option
@json_option
@exit_on_error
def head(number: int | None, out: Path | None, as_json: bool) -> None:
    """Show a signed head. With --out it is written as a file: keep it; with it anybody can ask later for the proof that
    nothing of what it covers was rewritten.

    \b
    Example: hub register head --out head.json
    Exit status: 0 shown · 1 there is no such head, or the file is there already · 2 the database does not
    answer · 3 wrong usage
    """
    from hub.licence_register import KEPT

    log_acts.head(KEPT, number, out, as_json=as_json)


@register.command(short_help="Sign a head over every entry now, and write it outside the database.")
@json_option
@exit_on_error
def seal(as_json: bool) -> None:
    """Number what waits, sign a head over all of it, have it timestamped where an authority is configured, and write it
    with the new leaf hashes below HUB_HOME/log/register. Airflow does the same every hour.

    \b
    Example: hub register seal
    Exit status: 0 sealed · 1 refused: the register was changed, or there is no key · 2 try again: another
    process seals, or the database or the key's device does not answer · 3 wrong usage
    """
    from hub.licence_register import KEPT

    log_acts.seal(KEPT, as_json=as_json)


@register.command(short_help="The proof that a licence is in the register, or that an old head still holds.")
@click.argument("entry", type=click.UUID, required=False)
@click.option(
    "--licence", "identifier", metavar="IDENTIFIER", help="The publication of the document of this identifier."
)
@from_option
@to_option
@out_option
@json_option
@exit_on_error
def prove(
    entry: Any, identifier: str | None, first: int | None, second: int | None, out: Path | None, as_json: bool
) -> None:
    """Make a proof that `hub register check-proof` or anybody's own program can check without this hub.

    Of ENTRY, or of the entry that tells that a document was published (--licence, as printed on its face): that it is
    in the register, up to the newest signed head. With --from: that what an older head covers is the beginning of what
    a newer one covers, so nothing of it was rewritten.

    \b
    Example: hub register prove --licence 1.2.156.3005.2.… --out proof.json
             hub register prove --from 0 --out proof.json
    Exit status: 0 made · 1 there is no such entry, document or head, or the register was changed · 2 the entry
    has no place in it yet, or the database does not answer: try again · 3 wrong usage
    """
    from hub.licence_register import KEPT, inclusion_of

    if sum(one is not None for one in (entry, identifier, first)) != 1:
        raise click.UsageError("name an entry, a document with --licence, or an older head with --from; one of them")
    of_entry = None
    if identifier is not None:
        of_entry = lambda hub: inclusion_of(hub, identifier)  # noqa: E731
    elif entry is not None:
        of_entry = lambda hub: KEPT.inclusion(hub, str(entry))  # noqa: E731
    log_acts.prove(KEPT, of_entry, first, second, out, as_json=as_json)


@register.command("check-proof", short_help="Check a proof of the register without database or network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@known_option
@body_option
@trust_option
@json_option
@cannot_tell_on_error
def check_proof(file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], as_json: bool) -> None:
    """Say whether a proof proves what it should. Needs the root certificate of whoever signs the register, nothing
    else. A published month's JSON file is a head: give it as --head.

    \b
    Example: hub register check-proof proof.json --trust root-cert.pem --head 2026-11.json
    Exit status: 0 proven · 1 refused: it proves nothing, or it is no proof · 2 cannot tell: nobody to trust, or
    no signed head covers the entry yet · 3 wrong usage
    """
    log_acts.check_proof(file, known, body, trust, "register", as_json=as_json)


@register.command(short_help="Write numbered entries as lines of JSON, for an auditor.")
@export_options
@json_option
@exit_on_error
def export(out: Path, first: int, end: int | None, as_json: bool) -> None:
    """Write entries in order, a line each: number, entry, leaf, and body as the text its leaf is computed from:
    SM3(0x00, body). No entry names a person; each names a licence by number and identifier.

    \b
    Example: hub register export --out entries.jsonl
    Exit status: 0 written · 1 the file is there already · 2 the database does not answer · 3 wrong usage
    """
    from hub.licence_register import KEPT

    log_acts.export(KEPT, out, first, end, as_json=as_json)


@register.command(short_help="Publish a month of the register under the bureau's seal.")
@click.option("--month", metavar="YYYY-MM", help="Default: the month that ended last.")
@json_option
@exit_on_error
def publish(month: str | None, as_json: bool) -> None:
    """Publish the first head signed after a month's end: MONTH.ofd, a notice under the bureau's seal, and MONTH.json,
    the head itself, below HUB_HOME/published/register and at /register. Airflow does so on the first of each month. A
    month that is published stays as it is.

    \b
    Example: hub register publish
             hub register publish --month 2026-11
    Exit status: 0 published, or it was before · 1 refused: the month is not over, the register or a published
    file was changed, or the seal may not be used · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.register_months import publish as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, month)
    if as_json:
        say_json(done.to_dict())
        return
    word = "published" if done.fresh else "was published before"
    click.echo(f"{done.month.month} {word}: head {done.month.head}, {counted(done.month.entries, 'entry', 'entries')}")
    click.echo(f"  {one_line(done.document)}")
    click.echo(f"  {one_line(done.head)}")
