"""How letters get to a peer and from it: one small seam, one adapter for each way in `peers.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from connectors.courier_folder import FolderCourier
from hub.transfer_desk import Desk
from hub.transfer_peers import Peer


class Route(Protocol):
    """Letters to one peer, and from it. Every method raises a Retryable where the way is closed now."""

    def deliver(self, file: Path, name: str) -> None:
        """Bring a file there whole; the same again does no harm."""
        ...

    def waiting(self) -> list[str]:
        """Names of whole files for us, sorted."""
        ...

    def fetch(self, name: str, target: Path) -> None:
        """Bring one of them to a path of ours."""
        ...

    def done(self, name: str) -> None:
        """Take away one that was opened or set aside."""
        ...


def route_to(desk: Desk, peer: Peer) -> Route:
    """The way to a peer that is configured."""
    return FolderCourier(desk.hub.settings.home / peer.route.folder, desk.ours.credit_code, peer.credit_code)
