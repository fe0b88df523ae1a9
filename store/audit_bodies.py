"""Entries of the audit log as they stand, with what the columns to search by say otherwise than the bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from store.audit import LOG
from store.connection import Connection, fetch_all
from store.log_bodies import NO_ENTRY, Body


def read(connection: Connection, entries: Sequence[str]) -> dict[str, Body]:
    """Those that are there, looked at."""
    if not entries:
        return {}
    about: dict[str, list[tuple[Any, ...]]] = {}
    for entry, part, at, caller, subject, near, found in fetch_all(
        connection,
        "select entry::text, part, at, caller, subject, near, found from audit_about "
        "where entry = any(%s::uuid[]) order by entry, part",
        (list(entries),),
    ):
        row = (part, at, caller, bytes(subject), None if near is None else bytes(near), found)
        about.setdefault(entry, []).append(row)
    rows = fetch_all(
        connection,
        "select id::text, body, at, caller, channel, outcome, case_no, item, withheld_until from audit_entry "
        "where id = any(%s::uuid[])",
        (list(entries),),
    )
    return {
        entry: Body(bytes(body), _faults(entry, bytes(body), columns, about.get(entry, [])))
        for entry, body, *columns in rows
    }


def outside(connection: Connection, limit: int) -> Iterator[str]:
    """Entries that have no number and wait for none, and parts of entries that are not there."""
    yield from (
        row[0]
        for row in fetch_all(
            connection,
            "select e.id::text from audit_entry e "
            "where not exists (select from log_leaf l where l.log = %(log)s and l.entry = e.id) "
            "and not exists (select from log_waiting w where w.log = %(log)s and w.entry = e.id) "
            "union "
            "select a.entry::text from audit_about a where not exists (select from audit_entry e where e.id = a.entry) "
            "limit %(limit)s",
            {"log": LOG, "limit": limit},
        )
    )


def _faults(entry: str, body: bytes, columns: list[Any], about: list[tuple[Any, ...]]) -> tuple[str, ...]:
    try:
        said = msgspec.json.decode(body)
        expected = _columns(said)
        expected_about = [_about(said, part, one) for part, one in enumerate(said["about"])]
        number = said["id"]
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return (NO_ENTRY,)
    faults = [
        f"the column {name} says something else than the body"
        for (name, value), column in zip(expected.items(), columns, strict=True)
        if value != column
    ]
    if number != entry:
        faults.append("its body bears the number of another entry")
    if expected_about != about:
        faults.append("the rows of audit_about name others than the body")
    return tuple(faults)


def _columns(said: dict[str, Any]) -> dict[str, Any]:
    until = said["withheld_until"]
    return {
        "at": datetime.fromisoformat(said["at"]),
        "caller": said["user"],
        "channel": said["channel"],
        "outcome": said["outcome"],
        "case_no": said["case"],
        "item": said["item"],
        "withheld_until": None if until is None else date.fromisoformat(until),
    }


def _about(said: dict[str, Any], part: int, one: dict[str, Any]) -> tuple[Any, ...]:
    near = one["near"]
    return (
        part,
        datetime.fromisoformat(said["at"]),
        said["user"],
        bytes.fromhex(one["subject"]),
        None if near is None else bytes.fromhex(near),
        one["found"],
    )
