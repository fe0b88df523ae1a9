"""What a holder's volume is drawn from: packages of its parties with document and last check, and who followed whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from store.archive_packages import FILED, Filed, filed
from store.archive_parties import Succession
from store.connection import Connection, fetch_all, fetch_one


class Shelved(NamedTuple):
    """A package of a party: the catalogue's line, its second digest, the document in it and its last check."""

    filed: Filed
    sha256: bytes | None
    licence_version: int | None
    verdict: str | None
    checked_at: datetime | None


class Held(NamedTuple):
    """A licence of one of the parties, as its last step left it."""

    party: str
    licence: str


_SHELVED: Final = (
    "select p.sha256, v.version, c.verdict, c.at, "
    f"{FILED} from archive_record r join archive_package p using (file_no) "
    "left join licence_version v on v.id = p.licence left join lateral ("
    "select k.verdict, k.at from archive_check k where k.package = r.file_no order by k.id desc limit 1) c on true "
    "where r.party = any(%s::uuid[]) order by r.decided_on, r.file_no"
)
#: Every succession that leads to a party, over as many steps as there are; `union` ends where they meet again.
_BEFORE: Final = (
    "with recursive chain as (select s.* from archive_succession s where s.later = %(party)s::uuid "
    "union select s.* from archive_succession s join chain c on s.later = c.earlier) "
    "select earlier::text, later::text, kind, happened_on, basis from chain order by happened_on, earlier, later"
)


def standing(connection: Connection, party: str) -> tuple[str, str] | None:
    """A party and its kind, or those of the one it turned out to be; None where there is none of this id."""
    row = fetch_one(
        connection,
        "select k.id::text, k.kind from archive_party p join archive_party k on k.id = coalesce(p.joined, p.id) "
        "where p.id = %s::uuid",
        (party,),
    )
    return (row[0], row[1]) if row else None


def shelved(connection: Connection, parties: list[str]) -> list[Shelved]:
    """Every package of some parties, the case decided first before the others."""
    rows = fetch_all(connection, _SHELVED, (parties,))
    return [
        Shelved(filed(rest), None if sha256 is None else bytes(sha256), version, verdict, at)
        for sha256, version, verdict, at, *rest in rows
    ]


def before(connection: Connection, party: str) -> list[Succession]:
    """Every succession by which something came to a party, over all that went before; the earliest first."""
    return [Succession(*row) for row in fetch_all(connection, _BEFORE, {"party": party})]


def hold_successions(cursor: Any) -> None:
    """Be the only one who enters a succession, until the caller's transaction ends: two could close a circle."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('archive succession'))")


def every_succession(cursor: Any) -> list[Succession]:
    """All there are; part of the caller's transaction."""
    cursor.execute("select earlier::text, later::text, kind, happened_on, basis from archive_succession")
    return [Succession(*row) for row in cursor.fetchall()]


def held(connection: Connection, parties: list[str]) -> list[Held]:
    """The licences of some parties, by number."""
    rows = fetch_all(
        connection,
        "select i.party::text, l.id::text from archive_identity i join licence l on l.holder = i.subject "
        "where i.party = any(%s::uuid[]) order by l.number",
        (parties,),
    )
    return [Held(*row) for row in rows]
