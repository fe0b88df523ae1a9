"""Which files of other hubs this hub's inbox takes over HTTPS: letters that fit a transfer, from the peer it is with.

A letter's name says which it is and how large; nothing needs to be announced besides.
"""

from __future__ import annotations

import logging
from typing import Final

from core.errors import HubError
from hub.context import Hub
from hub.courier_inbox import Inbox
from hub.transfer_names import LetterName
from hub.transfer_peers import HttpsRoute, Peer, Peers, configured
from schemas.transfer import Letter, State
from store import transfers

_LOG = logging.getLogger(__name__)
#: No letter without packages is larger when it is sealed.
_MOST: Final = 64 << 20


def inbox_of(hub: Hub) -> Inbox:
    """The inbox of a hub: it takes what its transfers expect, and nothing where no peer is configured."""
    return Inbox.of(hub.settings, lambda organisation, name: _expected(hub, organisation, name))


def _expected(hub: Hub, organisation: str, name: str) -> int | None:
    """How many bytes a file has that may come; None for one that may not."""
    try:
        read = LetterName.parse(name)
        peers = Peers.of(hub.settings).peers if configured(hub.settings) else ()
    except HubError as error:
        _LOG.warning("a file of %s is not taken: %s", organisation, error.code)
        return None
    for peer in peers:
        if isinstance(peer.route, HttpsRoute) and peer.route.inbox == organisation:
            return read.size if _fits(hub, peer, read) else None
    return None


def _fits(hub: Hub, peer: Peer, name: LetterName) -> bool:
    one = transfers.find(hub.connection, hub.vault, name.transfer)
    if name.kind is not Letter.PARCEL and name.size > _MOST:
        return False
    if one is None:
        return name.kind is Letter.NOTICE and name.round == 0
    if (one.side, one.peer_code) != (name.kind.reader, peer.credit_code) or one.state is State.RETURNED:
        return False
    # the one that came last may come again: its sender may not have heard that it came
    return name.kind is not Letter.PARCEL or name.round in (one.round, one.round + 1)
