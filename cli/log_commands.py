"""The commands that every further log has alike: show or keep a head, seal one, prove, check a proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import log_acts
from cli.files import trust_option
from cli.log_acts import body_option, from_option, known_option, number_option, out_option, to_option
from cli.output import cannot_tell_on_error, exit_on_error, json_option

if TYPE_CHECKING:
    from hub.context import Hub

_HEAD = """Show a signed head. Keep one as a file: with it anybody can ask later for the proof that nothing was
rewritten.

\b
Example: hub {log} head --out head.json
Exit status: 0 shown · 1 there is no such head, or the file is there already · 2 the database does not
answer · 3 wrong usage
"""
_SEAL = """Number what waits, sign a head over all of it, and write it below HUB_HOME/log/{log}. Airflow does so hourly.

\b
Example: hub {log} seal
Exit status: 0 sealed · 1 refused: the log was changed, or there is no key · 2 try again · 3 wrong usage
"""
_PROVE = """Make a proof that `hub {log} check-proof` or anybody's own program can check without this hub: of {of}, or
with --from that what an older head covers was not rewritten.

\b
Example: {example}
Exit status: 0 made · 1 no such {entry} or head, or the log was changed · 2 it has no place in the log yet,
or the database does not answer: try again · 3 wrong usage
"""
_CHECK = """Say whether a proof proves what it should. Needs the root certificate of whoever signs the log, nothing
else.

\b
Example: hub {log} check-proof proof.json --trust root-cert.pem --head head.json
Exit status: 0 proven · 1 refused: it proves nothing, or it is no proof · 2 cannot tell: nobody to trust, or
no signed head covers the entry yet · 3 wrong usage
"""


@dataclass(frozen=True, slots=True)
class Words:
    """A log in words.

    Attributes:
        log: its name, which is the command's too.
        title, every: `the archive's log`, and what a head is over: `every package taken in so far`.
        entry, of: what an entry is about, shortly and as it is named: `package`, `a package, by its number`.
        examples: of `prove`, without `hub {log} prove`.
    """

    log: str
    title: str
    every: str
    entry: str
    of: str
    examples: tuple[str, ...]


def log_commands(
    words: Words, argument: Callable[[Any], Any], inclusion: Callable[[Hub, Any], dict[str, Any]]
) -> tuple[click.Command, ...]:
    """`head`, `seal`, `prove` and `check-proof` of a log.

    Args:
        argument: the decorator of what `prove` is given; its parameter is called `entry`.
        inclusion: the proof for it.
    """
    log = words.log

    @click.command(
        "head",
        short_help=f"Show the newest signed head of {words.title}, or keep one as a file.",
        help=_HEAD.format(log=log),
    )
    @number_option
    @out_option
    @json_option
    @exit_on_error
    def head(number: int | None, out: Path | None, as_json: bool) -> None:
        from hub.kept_logs import kept

        log_acts.head(kept(log), number, out, as_json=as_json)

    @click.command("seal", short_help=f"Sign a head over {words.every}.", help=_SEAL.format(log=log))
    @json_option
    @exit_on_error
    def seal(as_json: bool) -> None:
        from hub.kept_logs import kept

        log_acts.seal(kept(log), as_json=as_json)

    examples = "\n         ".join(f"hub {log} prove {one}" for one in words.examples)

    @click.command(
        "prove",
        short_help=f"The proof that a {words.entry} is in the log, or that an old head still holds.",
        help=_PROVE.format(log=log, of=words.of, entry=words.entry, example=examples),
    )
    @argument
    @from_option
    @to_option
    @out_option
    @json_option
    @exit_on_error
    def prove(entry: Any, first: int | None, second: int | None, out: Path | None, as_json: bool) -> None:
        from hub.kept_logs import kept

        if (entry is None) == (first is None):
            raise click.UsageError(f"name a {words.entry}, or an older head with --from; one of them")
        of_entry = None if entry is None else lambda hub: inclusion(hub, entry)
        log_acts.prove(kept(log), of_entry, first, second, out, as_json=as_json)

    @click.command(
        "check-proof",
        short_help=f"Check a proof of {words.title} without database or network.",
        help=_CHECK.format(log=log),
    )
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @known_option
    @body_option
    @trust_option
    @json_option
    @cannot_tell_on_error
    def check_proof(file: Path, known: Path | None, body: Path | None, trust: tuple[Path, ...], as_json: bool) -> None:
        log_acts.check_proof(file, known, body, trust, log, as_json=as_json)

    return head, seal, prove, check_proof
