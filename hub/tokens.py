"""Access tokens of partner systems, and nonces of terminals' signed requests: each nonce counts once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from hub.context import Hub
from hub.sessions import digest
from store import sessions
from store.connection import transaction

LIFE: Final = timedelta(minutes=10)
#: A signed request is taken for this long after it was signed; its nonce is kept for longer.
SIGNED_FOR: Final = timedelta(seconds=60)
_KEPT: Final = SIGNED_FOR * 5


def give(hub: Hub, client: str) -> str:
    """A new token for a client; the store keeps its hash."""
    token = secrets.token_urlsafe(32)
    with transaction(hub.connection) as cursor:
        sessions.give_token(cursor, digest(token), client, hub.clock.now() + LIFE)
    return token


def find(hub: Hub, token: bytes) -> tuple[str, datetime] | None:
    """Client and end of a token's hash; None where it is unknown or has ended."""
    with transaction(hub.connection) as cursor:
        return sessions.client_of(cursor, token, hub.clock.now())


def first_use(hub: Hub, client: str, nonce: str) -> bool:
    """Note a nonce of a signed request; False where it was used before."""
    with transaction(hub.connection) as cursor:
        return sessions.first_use(cursor, client, nonce, hub.clock.now() + _KEPT)


def forget_ended(hub: Hub) -> int:
    """Drop sessions, tokens and nonces that have ended."""
    with transaction(hub.connection) as cursor:
        return sessions.forget_ended(cursor, hub.clock.now())
