"""What every step of a transfer needs at hand: the hub, its peers, its press, and where letters lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

from core.digest import sm3
from hub.context import Hub
from hub.press import Press
from hub.transfer_letters import Organ, body_of, without_packages, write
from hub.transfer_peers import Peer, Peers
from schemas.records.base import Subject, SubjectKind
from schemas.transfer import Letter
from store import transfers
from store.transfer_letters import Kept, of_transfer
from store.transfers import Transfer
from store.turns import only_one

#: Folder of the letters below the hub's home.
FOLDER: Final = Path("transfers")
#: Kinds of number a company is asked for by.
COMPANY_KINDS: Final = ("company", "registration_number", "organisation_code")


class Desk:
    """One process's hold on the transfers of a hub."""

    def __init__(self, hub: Hub, peers: Peers | None = None) -> None:
        """Raises PeersUnfit: `peers.toml` is absent or not as it must be."""
        self.hub = hub
        self.peers = peers or Peers.of(hub.settings)
        hub.vault.ready(transfers.RESOURCE)

    @cached_property
    def press(self) -> Press:
        """What signs our letters. Raises as `Press.open`."""
        return Press.open(self.hub.settings, timestamps=False)

    @property
    def ours(self) -> Organ:
        """Our own organ."""
        return Organ(self.press.bureau.name, self.press.bureau.credit_code)

    def peer(self, transfer: Transfer) -> Peer:
        """The other hub of a transfer. Raises PeerUnknown: it is configured no more."""
        return self.peers.named(transfer.peer)

    def get(self, id_: str) -> Transfer:
        """A transfer. Raises TransferUnknown: there is none."""
        return transfers.get(self.hub.connection, self.hub.vault, id_)

    def notice(self, transfer: Transfer) -> str:
        """SM3 of the notice a transfer began with, by which the letters after it name it; hexadecimal."""
        (notice,) = (one for one in of_transfer(self.hub.connection, transfer.id) if one.kind is Letter.NOTICE)
        return notice.sm3.hex()

    def turn(self, transfer: str) -> AbstractContextManager[None]:
        """Be the only process that moves a transfer. Raises TurnTaken: another one does."""
        return only_one(self.hub.connection, f"carry transfer {transfer}")

    def path(self, transfer: str, kind: Letter, number: int) -> Path:
        """Where a letter lies, below the home."""
        return FOLDER / transfer / f"{kind.value}-{number}.zip"

    def write(
        self, transfer: str, peer: Peer, kind: Letter, number: int, said: Mapping[str, Any],
        enclosed: Iterable[tuple[str, bytes]] = (),
    ) -> Kept:  # fmt: skip
        """Write and sign a letter of ours; it is to be recorded by the caller.

        Raises:
            DiskRefuses: no room.
            PressUnset, KeyRefused, SignerUnavailable: from the press.
        """
        now = self.hub.clock.now()
        body = body_of(kind, transfer, number, self.ours, organ_of(peer), now, said)
        path = self.path(transfer, kind, number)
        write(self.hub.settings.home / path, body, self.press.sign_detached(body, now), enclosed)
        return Kept(kind, number, True, sm3(body), path.as_posix(), now, None)


def tidy(desk: Desk, transfer: str) -> None:
    """Of a transfer that is settled keep what proves, and no second copy of its packages."""
    for letter in of_transfer(desk.hub.connection, transfer):
        path = desk.hub.settings.home / letter.path
        path.with_suffix(".env").unlink(missing_ok=True)
        if letter.kind is Letter.PARCEL:
            without_packages(path)


def organ_of(peer: Peer) -> Organ:
    """The organ behind another hub."""
    return Organ(peer.organ, peer.credit_code)


def subject_of(transfer: Transfer) -> Subject:
    """Whose archives move."""
    return Subject(cast(SubjectKind, transfer.company.kind), transfer.company.number)
