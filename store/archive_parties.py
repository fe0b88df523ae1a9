"""Whose an archive is: one party over its life, with every number and name it was filed under, and whom it followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from core.errors import Permanent
from store.connection import Connection, fetch_all, fetch_one

#: Two processes that meet the same number for the first time make one party of it.
LOCK: Final = "select pg_advisory_xact_lock(hashtext('archive party'), hashtext(encode(%s, 'hex')))"
_HOLDERS: Final = ("company", "citizen")


class NumberOfAnother(Permanent):
    """A number was to be joined to one party and belongs to another."""

    code: ClassVar[str] = "HUB-909"


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """A number of a party, as its keyed hash.

    Attributes:
        kind: as `schemas.records.base.Subject.kind`.
        since: the earliest day it is known to have been borne; `until` the last, None while it is.
        basis: what says that it is this party's, in words.
    """

    subject: bytes
    kind: str
    since: date
    basis: str
    until: date | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A name of a party. Of a person there is its keyed hash alone; `name` and `folded` are None."""

    key: bytes
    name: str | None
    folded: str | None
    since: date


@dataclass(frozen=True, slots=True)
class Succession:
    """One party followed another."""

    earlier: str
    later: str
    kind: str
    happened_on: date
    basis: str


def party_of(connection: Connection, subject: bytes) -> str | None:
    """The party that bears a number, by its keyed hash."""
    row = fetch_one(connection, "select party::text from archive_identity where subject = %s", (subject,))
    return str(row[0]) if row else None


def owner(cursor: Any, subject: bytes) -> str | None:
    """The party that bears a number, which is held until the caller's transaction ends."""
    cursor.execute(LOCK, (subject,))
    cursor.execute("select party::text from archive_identity where subject = %s", (subject,))
    row = cursor.fetchone()
    return str(row[0]) if row else None


def hold(cursor: Any, identity: Identity) -> str:
    """The party that bears a number, made where there is none. Part of the caller's transaction."""
    cursor.execute(LOCK, (identity.subject,))
    cursor.execute("select party::text, since from archive_identity where subject = %s", (identity.subject,))
    row = cursor.fetchone()
    if row is not None:
        if identity.since < row[1]:
            cursor.execute(
                "update archive_identity set since = %s where subject = %s", (identity.since, identity.subject)
            )
        return str(row[0])
    kind = identity.kind if identity.kind in _HOLDERS else "company" if identity.kind != "other" else "other"
    cursor.execute("insert into archive_party (kind) values (%s) returning id::text", (kind,))
    party = str(cursor.fetchone()[0])
    _add(cursor, party, identity)
    return party


def join(cursor: Any, party: str, identity: Identity) -> None:
    """Give a party a further number, such as one from before 2015; one it has is left.

    Raises:
        NumberOfAnother: it is another party's.
    """
    bearer = owner(cursor, identity.subject)
    if bearer is None:
        _add(cursor, party, identity)
    elif bearer != party:
        raise NumberOfAnother(
            "a number was to be joined to one party of the archive and is another's already; nothing was changed. "
            "Look at both in the register; where one followed the other, enter the succession instead."
        )


def name(cursor: Any, party: str, one: Name) -> None:
    """Note a name the party was filed under; of one that is there the earliest day stays."""
    cursor.execute(
        "insert into archive_name (party, key, name, folded, since) values (%s, %s, %s, %s, %s) "
        "on conflict (party, key) do update set since = least(archive_name.since, excluded.since)",
        (party, one.key, one.name, one.folded, one.since),
    )


def succeed(cursor: Any, one: Succession) -> None:
    """Note that one party followed another; what is there stays."""
    cursor.execute(
        "insert into archive_succession (earlier, later, kind, happened_on, basis) values (%s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (one.earlier, one.later, one.kind, one.happened_on, one.basis),
    )


def part(cursor: Any, one: Succession) -> None:
    """Strike a succession out."""
    cursor.execute("delete from archive_succession where (earlier, later) = (%s, %s)", (one.earlier, one.later))


def identities(connection: Connection, party: str) -> list[Identity]:
    """Every number of a party, the earliest first."""
    rows = fetch_all(
        connection,
        "select subject, kind, since, basis, until from archive_identity where party = %s order by since, kind",
        (party,),
    )
    return [Identity(bytes(row[0]), *row[1:]) for row in rows]


def organisations(connection: Connection) -> list[str]:
    """Every party that is no person, in one order; none that turned out to be another one."""
    rows = fetch_all(
        connection, "select id::text from archive_party where kind <> 'citizen' and joined is null order by id"
    )
    return [row[0] for row in rows]


def names(connection: Connection, party: str) -> list[Name]:
    """Every name of a party, the earliest first."""
    rows = fetch_all(
        connection, "select key, name, folded, since from archive_name where party = %s order by since, key", (party,)
    )
    return [Name(bytes(row[0]), *row[1:]) for row in rows]


def successions(connection: Connection, parties: Sequence[str]) -> list[Succession]:
    """The successions one of the parties has a part in, the earliest first."""
    rows = fetch_all(
        connection,
        "select earlier::text, later::text, kind, happened_on, basis from archive_succession "
        "where earlier = any(%(parties)s::uuid[]) or later = any(%(parties)s::uuid[]) order by happened_on",
        {"parties": list(parties)},
    )
    return [Succession(*row) for row in rows]


def _add(cursor: Any, party: str, identity: Identity) -> None:
    cursor.execute(
        "insert into archive_identity (subject, kind, party, since, until, basis) values (%s, %s, %s, %s, %s, %s)",
        (identity.subject, identity.kind, party, identity.since, identity.until, identity.basis),
    )
