"""How letters get to a peer and from it: one small seam, one adapter for each way in `peers.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from connectors.courier import CourierNotConfigured
from connectors.courier_folder import FolderCourier
from connectors.courier_https import HttpsCourier
from connectors.courier_sftp import SftpCourier
from connectors.endpoints import HubEndpoint, SftpEndpoint
from core.settings import Settings
from hub.courier_inbox import Inbox
from hub.transfer_peers import FolderRoute, HttpsRoute, Peer, SftpRoute


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
        """Take away one that was opened; its sender may be told that it came."""
        ...

    def drop(self, name: str) -> None:
        """Take away one that was set aside; another of its name may come."""
        ...


class _Mailboxes:
    """Two folders of an SFTP server between two hubs: one we put into, one we fetch from."""

    def __init__(self, out: SftpCourier, into: SftpCourier) -> None:
        self._out, self._into = out, into

    def deliver(self, file: Path, name: str) -> None:
        self._out.send(file, name)

    def waiting(self) -> list[str]:
        return self._into.names()

    def fetch(self, name: str, target: Path) -> None:
        self._into.fetch(name, target)

    def done(self, name: str) -> None:
        self._into.remove(name)

    drop = done


class _Inboxes:
    """Each hub sends into the other's inbox over HTTPS, and finds in its own what the other has sent."""

    def __init__(self, out: HttpsCourier, own: Inbox, peer: str) -> None:
        self._out, self._own, self._peer = out, own, peer

    def deliver(self, file: Path, name: str) -> None:
        self._out.send(file, name)

    def waiting(self) -> list[str]:
        return self._own.names(self._peer)

    def fetch(self, name: str, target: Path) -> None:
        there = self._own.whole(self._peer, name)
        if there is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            os.link(there, target)

    def done(self, name: str) -> None:
        self._own.done(self._peer, name)

    def drop(self, name: str) -> None:
        self._own.clear(self._peer, name)


def route_to(settings: Settings, ours: str, peer: Peer) -> Route:
    """The way to a peer that is configured; nobody is called yet.

    Args:
        ours: our organ's credit code.

    Raises:
        CourierNotConfigured: a key or secret it names cannot be read.
    """
    match peer.route:
        case FolderRoute():
            return FolderCourier(settings.home / peer.route.folder, ours, peer.credit_code)
        case SftpRoute():
            out, into = (_sftp(settings, peer.route, folder) for folder in (peer.route.out, peer.route.into))
            return _Mailboxes(out, into)
    # what of this inbox was announced is asked by whoever lets files in, not by who takes them out
    own = Inbox.of(settings, lambda _peer, _name: None)
    return _Inboxes(_https(settings, peer.route), own, peer.route.inbox)


def _sftp(settings: Settings, route: SftpRoute, folder: str) -> SftpCourier:
    password = None
    if route.password_file is not None:
        try:
            password = SecretStr((settings.home / route.password_file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            raise CourierNotConfigured(
                f"the password_file for {route.host} cannot be read. Put it there or correct the path in peers.toml."
            ) from None
    endpoint = SftpEndpoint(
        host=route.host,
        port=route.port,
        username=route.username,
        password=password,
        key_file=None if route.key_file is None else settings.home / route.key_file,
        host_key=route.host_key,
        folder=folder,
    )
    return SftpCourier(endpoint)


def _https(settings: Settings, route: HttpsRoute) -> HttpsCourier:
    return HttpsCourier(
        HubEndpoint(
            url=route.url,
            key_id=route.key_id,
            key_file=settings.home / route.key_file,
            ca_file=None if route.ca_file is None else settings.home / route.ca_file,
        )
    )
