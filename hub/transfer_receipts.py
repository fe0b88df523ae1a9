"""Origin: the destination's receipt 接收回执 is held against what was sent; with all accepted, the transfer is settled.

The records stay here too, as the law demands, and say that another archive has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.transfer_desk import Desk, tidy
from hub.transfer_letters import LetterRefused, Read
from schemas.transfer import Letter, Move
from store import transfer_letters, transfers
from store.connection import transaction
from store.transfer_letters import ACCEPTED, GIVEN_UP, MISSING, REFUSED, Item, Kept
from store.transfers import Transfer


def receipted(desk: Desk, transfer: Transfer, letter: Read, path: str) -> None:
    """Take a receipt in.

    Raises:
        LetterRefused: it is of another parcel, or says something else than what was sent.
        NotNow: it does not fit.
    """
    hub = desk.hub
    parcel = transfer_letters.one(hub.connection, transfer.id, Letter.PARCEL, transfer.round)
    if parcel is None or letter.said.get("manifest") != parcel.sm3.hex():
        raise LetterRefused("a receipt is refused: it is not of the parcel that was sent last.")
    known = {item.file_no: item for item in transfer_letters.items(hub.connection, transfer.id)}
    items = _held_against(letter.said, known)
    complete = all(item.settled for item in items)
    if letter.said.get("complete") is not complete:
        raise _refused("it says that all was accepted, or not, and its list says otherwise")
    now = hub.clock.now()
    with transaction(hub.connection) as cursor:
        transfer_letters.put_items(cursor, transfer.id, items)
        transfer_letters.keep(
            cursor, transfer.id, Kept(Letter.RECEIPT, transfer.round, False, letter.sm3, path, now, now)
        )
        transfers.move(
            cursor, transfer, Move.SETTLE if complete else Move.ACKNOWLEDGE, who="peer", now=now,
            letter=letter.sm3.hex(), counts=letter.said["counts"],
        )  # fmt: skip
        if complete:
            transfer_letters.mark_moved(cursor, transfer.id)
    if complete:
        tidy(desk, transfer.id)


def _held_against(said: Mapping[str, Any], known: Mapping[str, Item]) -> list[Item]:
    """What became of each package, once the receipt was found to speak of exactly those that were sent."""
    try:
        told = {
            standing: {one["file_no"]: one for one in said[standing]}
            for standing in (ACCEPTED, MISSING, REFUSED, GIVEN_UP)
        }
        numbers = [number for one in told.values() for number in one]
        counts = {standing: len(one) for standing, one in told.items()}
        if sorted(numbers) != sorted(known):
            raise _refused("it speaks of other packages than those that were sent")
        if {name: said["counts"][name] for name in counts} != counts:
            raise _refused("its figures are not those of its list")
        found = []
        for standing, ones in told.items():
            for number, one in ones.items():
                had = known[number]
                if standing == ACCEPTED and (had.sm3 is None or one["sm3"] != had.sm3.hex()):
                    raise _refused("it accepts a package that was not sent like that")
                if (standing == GIVEN_UP) != (had.standing == GIVEN_UP) or (
                    had.standing == ACCEPTED and standing != ACCEPTED
                ):
                    raise _refused("it takes back what was accepted, or gives up what was sent")
                reasons = [str(reason) for reason in one.get("reasons", [])]
                found.append(had._replace(standing=standing, reasons=reasons))
    except (KeyError, TypeError, AttributeError):
        raise _refused("it lacks something a receipt says") from None
    return found


def _refused(why: str) -> LetterRefused:
    return LetterRefused(f"a receipt is refused: {why}; nothing was settled. Have it made anew.")
