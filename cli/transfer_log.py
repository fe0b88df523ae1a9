"""`hub transfer verify|head|seal|prove|check-proof`: the register of moves in and out as a Merkle log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import log_acts
from cli.log_acts import patience_option
from cli.log_commands import Words, log_commands
from cli.output import cannot_tell_on_error, json_option

if TYPE_CHECKING:
    from hub.context import Hub


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


def _inclusion(hub: Hub, entry: Any) -> dict[str, Any]:
    from hub.transfer_register import KEPT

    return KEPT.inclusion(hub, str(entry))


COMMANDS = (
    verify,
    *log_commands(
        Words(
            log="transfer",
            title="the register of moves",
            every="every move so far",
            entry="move",
            of="ENTRY, a move's number in the register",
            examples=("--from 0 --out proof.json",),
        ),
        click.argument("entry", type=click.UUID, required=False),
        _inclusion,
    ),
)
