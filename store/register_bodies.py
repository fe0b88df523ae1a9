"""Entries of the licence register as they stand, with what their columns say otherwise than the bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from store import log_bodies
from store.connection import Connection, fetch_all, fetch_one
from store.log_bodies import NO_ENTRY, Body, named_otherwise
from store.register_entries import LOG


def read(connection: Connection, entries: Sequence[str]) -> dict[str, Body]:
    """Those that are there, looked at."""
    if not entries:
        return {}
    rows = fetch_all(
        connection,
        "select e.id::text, e.body, e.at, l.number from register_entry e left join licence l on l.id = e.licence "
        "where e.id = any(%s::uuid[])",
        (list(entries),),
    )
    return {entry: Body(bytes(body), _faults(entry, bytes(body), at, number)) for entry, body, at, number in rows}


def outside(connection: Connection, limit: int) -> Iterator[str]:
    """Entries that have no number and wait for none."""
    return log_bodies.outside(connection, LOG, "register_entry", limit)


def of_document(connection: Connection, identifier: str) -> str | None:
    """The entry that tells that the document of a licence identifier was published."""
    row = fetch_one(
        connection,
        "select s.entry::text from licence_version v "
        "join licence_step s on s.licence = v.licence and s.version = v.version and s.step = v.cause "
        "where v.identifier = %s order by s.id limit 1",
        (identifier,),
    )
    return str(row[0]) if row else None


def said_in(body: bytes) -> dict[str, Any] | None:
    """What an entry says; None where it is not of the form of an entry."""
    try:
        said = msgspec.json.decode(body)
        datetime.fromisoformat(said["at"])
        if said["v"] != 1 or not isinstance(said["version"], int | None):
            return None
        told = all(isinstance(said[name], str) for name in _TOLD)
        return said if told and all(isinstance(said[name], str | None) for name in _MAY_BE_TOLD) else None
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return None


_TOLD: Final = ("id", "at", "step", "number", "licence_type", "before", "after", "effective_on", "basis")
_MAY_BE_TOLD: Final = ("identifier", "document_sm3", "valid_until", "document_no", "supersedes", "case")


def _faults(entry: str, body: bytes, at: datetime, number: str | None) -> tuple[str, ...]:
    said = said_in(body)
    if said is None:
        return (NO_ENTRY,)
    faults = named_otherwise(entry, at, said)
    if said["number"] != number:
        faults.append("the column licence is of another licence than the body")
    return tuple(faults)
