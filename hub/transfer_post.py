"""Letters leave and arrive: sealed to the receiver, brought on their way, opened, verified and handed to whom they
concern.

A letter is sealed once and keeps its sealed form until it is noted to have left, so that a transport that broke off
goes on with the same bytes. What is no letter of the peer it came from is set aside, and told.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from core.digest import sm3
from core.errors import HubError, Permanent, Rejected
from hub.context import OnStep, no_step
from hub.transfer_ask import answered, asked
from hub.transfer_desk import FOLDER, Desk, organ_of, tidy
from hub.transfer_intake import received
from hub.transfer_letters import LetterRefused, Read, read
from hub.transfer_names import LetterName
from hub.transfer_peers import Peer
from hub.transfer_receipts import receipted
from hub.transfer_routes import Route, route_to
from schemas.transfer import Letter, Move
from signing.envelope import open_with, peek, seal_to
from signing.errors import EnvelopeRefused
from store import transfer_letters, transfers
from store.connection import transaction
from store.transfer_letters import Kept
from store.transfers import Transfer
from store.turns import only_one

_LOG = logging.getLogger(__name__)
_ASIDE, _OPENED = "aside", "opened"


class LettersSetAside(Permanent):
    """Files from other hubs were no letters we could take."""

    code: ClassVar[str] = "HUB-836"


@dataclass(slots=True)
class Arrived:
    """What an inbox came to: letters taken, had before, and set aside (name, why); troubles keep a letter waiting."""

    taken: list[str] = field(default_factory=list)
    had: list[str] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    troubles: list[HubError] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "taken": self.taken,
            "had": self.had,
            "set_aside": [{"name": name, "why": why} for name, why in self.aside],
            "troubles": [str(error) for error in self.troubles],
        }

    def demand_sound(self) -> None:
        """Raises LettersSetAside where one was; else the first trouble."""
        if self.aside:
            told = "; ".join(f"{name}: {why}" for name, why in self.aside[:5])
            raise LettersSetAside(
                f"{len(self.aside)} files from other hubs were set aside below HUB_HOME/{FOLDER}/{_ASIDE}: {told}. Ask "
                "the sender; runbook: transfer-stuck."
            )
        if self.troubles:
            raise self.troubles[0]


def deliver(desk: Desk, transfer: Transfer, on_step: OnStep = no_step) -> int:
    """Bring every letter of a transfer that has not left yet on its way; how many.

    Raises:
        CertificateRefused, PeersUnfit: of the peer's certificate for encryption.
        MediumAway and what else closes a route: Retryables; the next try goes on.
    """
    hub = desk.hub
    waiting = [
        one
        for one in transfer_letters.of_transfer(hub.connection, transfer.id)
        if one.ours and one.delivered_at is None
    ]
    for letter in waiting:
        peer = desk.peer(transfer)
        sealed, name = _sealed(desk, transfer, peer, letter)
        on_step("letter.sealed")
        route_to(hub.settings, desk.ours.credit_code, peer).deliver(sealed, name)
        on_step("letter.delivered")
        now, move = hub.clock.now(), _move_of(desk, transfer, letter)
        with transaction(hub.connection) as cursor:
            transfer_letters.delivered(cursor, transfer.id, letter, now)
            transfers.move(cursor, transfer, move, who="hub", now=now, letter=letter.sm3.hex())
        on_step("letter.noted")
        sealed.unlink(missing_ok=True)
        if move is Move.SETTLE:
            tidy(desk, transfer.id)
        transfer = desk.get(transfer.id)
    return len(waiting)


def open_inbox(desk: Desk, on_step: OnStep = no_step) -> Arrived:
    """Open every letter that waits for us, of every peer; one that makes trouble waits on, the others do not.

    Raises:
        TurnTaken: another process does it.
        KeyRefused: the key that opens letters to us cannot be used.
    """
    arrived = Arrived()
    with only_one(desk.hub.connection, "open the letters of other hubs"):
        for peer in desk.peers.peers:
            try:
                route = route_to(desk.hub.settings, desk.ours.credit_code, peer)
                names = route.waiting()
            except HubError as error:
                arrived.troubles.append(error)
                continue
            for name in names:
                _open(desk, peer, route, name, arrived, on_step)
    return arrived


def _open(desk: Desk, peer: Peer, route: Route, name: str, arrived: Arrived, on_step: OnStep) -> None:
    hub = desk.hub
    fetched = hub.settings.home / FOLDER / _OPENED / peer.name / name
    try:
        route.fetch(name, fetched)
        on_step("letter.fetched")
        fresh = _take(desk, peer, LetterName.parse(name), fetched)
        on_step("letter.taken")
        (arrived.taken if fresh else arrived.had).append(name)
    except Rejected as error:
        aside = hub.settings.home / FOLDER / _ASIDE / peer.name / fetched.name
        if fetched.exists():
            aside.parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(aside)
        transfers.set_aside(
            hub.connection, peer=peer.name, name=name, code=error.code, told=error.message, now=hub.clock.now()
        )
        _LOG.warning("%s of %s set aside: %s", name, peer.name, error)
        arrived.aside.append((name, str(error)))
        route.drop(name)
    except HubError as error:
        arrived.troubles.append(error)
        return
    else:
        route.done(name)
        fetched.unlink(missing_ok=True)


def _take(desk: Desk, peer: Peer, name: LetterName, file: Path) -> bool:
    """Open, verify and act; False for a letter that was taken before."""
    hub = desk.hub
    transfer = transfers.find(hub.connection, hub.vault, name.transfer)
    if transfer is not None and (transfer.side, transfer.peer_code) != (name.kind.reader, peer.credit_code):
        raise LetterRefused(f"a {name.kind.value} is refused: its transfer is another hub's, or goes the other way.")
    if transfer is None and name.kind is not Letter.NOTICE:
        raise LetterRefused(f"a {name.kind.value} is refused: there is no transfer of its id here.")
    path = desk.path(name.transfer, name.kind, name.round)
    beside = hub.settings.home / path.with_name(f"{path.name}.new")
    try:
        letter = _read(desk, peer, name, file, beside)
        if transfer is not None and _had(desk, transfer, name, letter):
            return False
        # In its place before it is recorded: what is recorded is there.
        beside.replace(hub.settings.home / path)
    finally:
        beside.unlink(missing_ok=True)
    _act(desk, peer, transfer, name, letter, path)
    return True


def _read(desk: Desk, peer: Peer, name: LetterName, file: Path, opened: Path) -> Read:
    """A letter that is what its name says, opened to a path of ours."""
    header = open_with(desk.peers.key(), file, opened).header
    if header.transfer != name.transfer:
        raise LetterRefused("an envelope is refused: it is of another transfer than its name says.")
    letter = read(
        opened, desk.peers.trust(peer), kind=name.kind, transfer=name.transfer, sender=organ_of(peer),
        receiver=desk.ours, at=desk.hub.clock.now(),
    )  # fmt: skip
    if letter.said.get("round") != name.round:
        raise LetterRefused(f"a {name.kind.value} is refused: it is of another round than its name says.")
    return letter


def _had(desk: Desk, transfer: Transfer, name: LetterName, letter: Read) -> bool:
    had = transfer_letters.one(desk.hub.connection, transfer.id, name.kind, name.round)
    if had is not None:
        if had.sm3 != letter.sm3:
            raise LetterRefused(f"a {name.kind.value} is refused: another one of this round was taken before.")
        return True
    # An answer that is overtaken by the parcel it promises has nothing more to say.
    return name.kind is Letter.ANSWER and transfer.round > 0


def _act(desk: Desk, peer: Peer, transfer: Transfer | None, name: LetterName, letter: Read, path: Path) -> None:
    if transfer is None:
        asked(desk, peer, name.transfer, letter, path.as_posix())
    elif name.kind is Letter.ANSWER:
        answered(desk, transfer, letter, path.as_posix())
    elif name.kind is Letter.PARCEL:
        received(desk, transfer, letter, path)
    elif name.kind is Letter.RECEIPT:
        receipted(desk, transfer, letter, path.as_posix())
    else:
        raise LetterRefused("a notice is refused: its transfer has begun already.")


def _sealed(desk: Desk, transfer: Transfer, peer: Peer, letter: Kept) -> tuple[Path, str]:
    """A letter in its envelope, made where there is none for the peer's certificate, and its name on the way."""
    hub, plain = desk.hub, desk.hub.settings.home / letter.path
    sealed = plain.with_suffix(".env")
    certificate = desk.peers.envelope(peer)
    if not _is_for(sealed, certificate):
        seal_to(certificate, plain, sealed, transfer=transfer.id, at=hub.clock.now())
    return sealed, str(LetterName(transfer.id, letter.round, letter.kind, sealed.stat().st_size))


def _is_for(sealed: Path, certificate: bytes) -> bool:
    try:
        return sealed.exists() and peek(sealed).receiver == sm3(certificate).hex()
    except EnvelopeRefused:
        return False


def _move_of(desk: Desk, transfer: Transfer, letter: Kept) -> Move:
    """What it means for the transfer that a letter has left."""
    if letter.kind is Letter.ANSWER:
        return Move.ANSWER
    if letter.kind is not Letter.RECEIPT:
        return Move.SEND
    items = transfer_letters.items(desk.hub.connection, transfer.id)
    return Move.SETTLE if all(item.settled for item in items) else Move.ACKNOWLEDGE
