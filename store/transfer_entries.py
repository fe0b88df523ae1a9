"""Entries of the register of moves in and out 迁入迁出登记: each move of each transfer, in the Merkle log `transfer`.

No company is named: it is known by the keyed hash of its number, which another hub cannot make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from core.canonical import canonical
from core.clock import SHANGHAI
from core.merkle import leaf_hash
from core.uuid7 import uuid7
from store import log_bodies
from store.connection import Connection, fetch_all
from store.log_bodies import NO_ENTRY, Body, named_otherwise
from store.merkle_log import WAIT

#: Name of the log.
LOG: Final = "transfer"
#: How the body is made; the first thing it says.
VERSION: Final = 1
_WORDS: Final = ("id", "transfer", "side", "move", "after", "peer", "notice_no", "who")


@dataclass(frozen=True, slots=True)
class Entry:
    """One move as the register tells of it. `said` is all of the body."""

    id: str
    at: datetime
    transfer: str
    said: Mapping[str, Any]


def append(cursor: Any, transfer: str, said: Mapping[str, Any], now: datetime) -> str:
    """Write one entry as part of the caller's transaction; its number, a UUID of version 7."""
    id_ = str(uuid7(now))
    at = now.astimezone(SHANGHAI).isoformat(timespec="microseconds")
    body = canonical({**said, "v": VERSION, "id": id_, "at": at, "transfer": transfer})
    cursor.execute(
        "insert into transfer_entry (id, at, transfer, body) values (%s, %s, %s, %s)", (id_, now, transfer, body)
    )
    cursor.execute(WAIT, (LOG, id_, leaf_hash(body)))
    return id_


def read(connection: Connection, entries: Sequence[str]) -> dict[str, Body]:
    """Those that are there, looked at."""
    if not entries:
        return {}
    rows = fetch_all(
        connection,
        "select id::text, body, at, transfer::text from transfer_entry where id = any(%s::uuid[])",
        (list(entries),),
    )
    return {entry: Body(bytes(body), _faults(entry, bytes(body), at, whose)) for entry, body, at, whose in rows}


def outside(connection: Connection, limit: int) -> Iterator[str]:
    """Entries that have no number and wait for none."""
    return log_bodies.outside(connection, LOG, "transfer_entry", limit)


def listed(connection: Connection, transfer: str | None, limit: int) -> list[Entry]:
    """The moves of one transfer or of all, the newest first."""
    rows = fetch_all(
        connection,
        "select id::text, at, transfer::text, body from transfer_entry "
        "where %(one)s::uuid is null or transfer = %(one)s::uuid order by ordinal desc limit %(limit)s",
        {"one": transfer, "limit": limit},
    )
    return [Entry(id_, at, whose, said_in(bytes(body)) or {}) for id_, at, whose, body in rows]


def said_in(body: bytes) -> dict[str, Any] | None:
    """What an entry says; None where it is not of the form of an entry."""
    try:
        said: dict[str, Any] = msgspec.json.decode(body)
        datetime.fromisoformat(said["at"])
        return said if said["v"] == VERSION and all(isinstance(said[name], str) for name in _WORDS) else None
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return None


def _faults(entry: str, body: bytes, at: datetime, transfer: str) -> tuple[str, ...]:
    said = said_in(body)
    if said is None:
        return (NO_ENTRY,)
    faults = named_otherwise(entry, at, said)
    if said["transfer"] != transfer:
        faults.append("the column transfer says something else than the body")
    return tuple(faults)
