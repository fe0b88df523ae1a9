"""`hub archive verify|head|seal|prove|check-proof`: the archive's log, and the holdings held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import log_acts
from cli.log_acts import patience_option
from cli.log_commands import Words, log_commands
from cli.output import cannot_tell_on_error, json_option

if TYPE_CHECKING:
    from hub.context import Hub


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


def _inclusion(hub: Hub, file_no: Any) -> dict[str, Any]:
    from hub.holdings import inclusion_of

    return inclusion_of(hub, file_no)


COMMANDS = (
    verify,
    *log_commands(
        Words(
            log="archive",
            title="the archive's log",
            every="every package taken in so far",
            entry="package",
            of="a package, by its electronic file number 电子文件号",
            examples=("420112-food-2026-00001 --out proof.json", "--from 0 --out proof.json"),
        ),
        click.argument("entry", metavar="FILE_NO", required=False),
        _inclusion,
    ),
)
