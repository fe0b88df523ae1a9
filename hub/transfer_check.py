"""What is wrong with the peers that are configured, looked at before anything moves. Nobody is called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.errors import HubError
from core.settings import Settings
from hub.certificates import facts_of
from hub.transfer_peers import FolderRoute, Peer, Peers
from hub.transfer_routes import route_to
from signing.envelope_receiver import Receiver


def check(settings: Settings, at: datetime) -> list[dict[str, Any]]:
    """Our own part and each peer, with what is wrong.

    Raises:
        PeersUnfit: `peers.toml` is absent or not as it must be.
    """
    peers = Peers.of(settings)
    told = [_told("hub", _faults_of_ours(peers, at))]
    return told + [_told(peer.name, _faults(peers, peer, at)) for peer in peers.peers]


def _faults_of_ours(peers: Peers, at: datetime) -> list[str]:
    try:
        Receiver.of(peers.key().certificate, at)
    except HubError as error:
        return [str(error)]
    return []


def _faults(peers: Peers, peer: Peer, at: datetime) -> list[str]:
    found = []
    try:
        certificate = peers.envelope(peer)
        Receiver.of(certificate, at)
        if not facts_of(certificate, at).organisation.startswith(peer.credit_code):
            found.append("the certificate for encryption is another organ's than the credit code says")
    except HubError as error:
        found.append(str(error))
    try:
        peers.anchors(peer)
    except OSError as error:
        found.append(f"{error.filename} cannot be read ({error.strerror})")
    except HubError as error:
        found.append(str(error))
    if not peer.trust:
        found.append("no root of its own is named in `trust`: only what our own roots vouch for is taken")
    try:
        route_to(peers.settings, "", peer)
    except HubError as error:
        found.append(str(error))
    if isinstance(peer.route, FolderRoute) and not (peers.settings.home / peer.route.folder).is_dir():
        found.append(f"folder {peers.settings.home / peer.route.folder} is not there")
    return found


def _told(name: str, faults: list[str]) -> dict[str, Any]:
    return {"name": name, "sound": not faults, "faults": faults}
