"""Sessions: begun when somebody signed in, found by the cookie, ended by time, by leaving, or when the account goes.

The cookie's value is 256 random bits and stands nowhere but in the browser; the store keeps its SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final, Literal, cast

from core.errors import Permanent
from hub.caller import CallerKind
from hub.context import Hub
from store import sessions
from store.connection import transaction
from store.sessions import StoredSession

Kind = Literal["staff", "person", "terminal"]

#: How long a session lasts without being used, and at the most.
_IDLE: Final = {"staff": timedelta(minutes=30), "person": timedelta(minutes=10), "terminal": timedelta(hours=14)}
_LONGEST: Final = {"staff": timedelta(hours=10), "person": timedelta(hours=1), "terminal": timedelta(hours=14)}
#: A use is noted no more often than this.
_NOTED: Final = timedelta(seconds=30)
_TICKET: Final = timedelta(seconds=60)
_TICKET_OF: Final = "ticket:"

CALLER_KIND: Final = {"staff": CallerKind.CLERK, "terminal": CallerKind.TERMINAL}


class TerminalUnknown(Permanent):
    """The access file has no terminal of the number."""

    code: ClassVar[str] = "HUB-883"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A session in force.

    Attributes:
        account: staff account or terminal number; of a person: nothing.
        subject, subject_kind: of a person: the keyed hash of the number, and `citizen` or `company`.
        label: as a page greets.
        csrf: what a form of this session must carry.
    """

    kind: Kind
    account: str
    label: str
    csrf: str
    subject: bytes | None = None
    subject_kind: Literal["citizen", "company"] | None = None


def begin(
    hub: Hub,
    kind: Kind,
    account: str,
    label: str,
    *,
    subject: bytes | None = None,
    subject_kind: str | None = None,
    instead_of: str | None = None,
) -> str:
    """Begin a session and give the cookie's value.

    Args:
        instead_of: cookie the browser came with; its session ends, so that nobody goes on in one he planted.
    """
    now = hub.clock.now()
    cookie = secrets.token_urlsafe(32)
    with transaction(hub.connection) as cursor:
        if instead_of:
            sessions.end(cursor, digest(instead_of))
        stored = StoredSession(kind, account, subject, subject_kind, label, now, now, now + _LONGEST[kind])
        sessions.begin(cursor, digest(cookie), stored)
    return cookie


def find(hub: Hub, cookie: str) -> Session | None:
    """The session of a cookie; None where there is none, or it has ended by time."""
    now = hub.clock.now()
    token = digest(cookie)
    with transaction(hub.connection) as cursor:
        stored = sessions.get(cursor, token)
        if stored is None:
            return None
        kind: Kind = cast(Kind, stored.kind)
        if now >= stored.ends_at or now - stored.seen_at >= _IDLE[kind]:
            sessions.end(cursor, token)
            return None
        if now - stored.seen_at >= _NOTED:
            sessions.touch(cursor, token, now)
    return Session(
        kind=kind,
        account=stored.account,
        label=stored.label,
        csrf=csrf_of(cookie),
        subject=stored.subject,
        subject_kind=cast(Literal["citizen", "company"] | None, stored.subject_kind),
    )


def end(hub: Hub, cookie: str) -> None:
    """Sign out."""
    with transaction(hub.connection) as cursor:
        sessions.end(cursor, digest(cookie))


def ticket(hub: Hub, terminal: str) -> str:
    """A word with which the browser of a terminal begins its session, once, within a minute."""
    word = secrets.token_urlsafe(32)
    with transaction(hub.connection) as cursor:
        sessions.give_token(cursor, digest(word), _TICKET_OF + terminal, hub.clock.now() + _TICKET)
    return word


def redeem(hub: Hub, word: str) -> str | None:
    """The terminal a ticket is for; None where it is unknown, was used, or is too old."""
    with transaction(hub.connection) as cursor:
        client = sessions.use_up(cursor, digest(word), hub.clock.now())
    return client.removeprefix(_TICKET_OF) if client and client.startswith(_TICKET_OF) else None


def csrf_of(cookie: str) -> str:
    """The token that forms of a session carry: it follows from the cookie, and tells nothing of it."""
    made = hmac.digest(cookie.encode(), b"hub csrf token", "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


def digest(word: str) -> bytes:
    """What the store keeps of a cookie, token or ticket. They are random, so no salt is needed."""
    return hashlib.sha256(word.encode()).digest()
