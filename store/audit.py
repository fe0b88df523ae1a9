"""Who asked what about whom, for which purpose, and what was released: entries of the Merkle log `audit`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import psycopg2

from core.canonical import canonical
from core.clock import SHANGHAI
from core.merkle import leaf_hash
from core.uuid7 import uuid7
from store.connection import Connection, execute_prepared, fetch_all
from store.errors import StoreNotReady

#: Name of the log.
LOG: Final = "audit"
#: How the body is made; the first thing it says.
VERSION: Final = 1
#: How a lookup ended.
Outcome = Literal["complete", "partial", "refused"]
#: A refused lookup may bring any text; of a longer one the beginning is logged.
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class About:
    """One person or company that was looked at.

    Attributes:
        subject: keyed hash, as records stand under it.
        role: `applicant`, or a role of the item.
        fields: material code to the names of the fields given out about this subject; a material that was looked
            for and gave nothing has an empty list.
        near: keyed hash of the number without its last four characters; None where it has no neighbours.
        found: the store knew the subject.
    """

    subject: bytes
    role: str
    fields: Mapping[str, Sequence[str]]
    near: bytes | None
    found: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """How one material came out: the words of `hub.answer`, never a value."""

    code: str
    state: str
    way: str | None
    resource: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """One lookup as it is logged.

    Attributes:
        channel: how the caller proved who it is (`hub.caller.CallerKind`).
        item_name, item_version: empty and None where the item is unknown.
        refusal: code of the error, of a refused one.
        withheld_until: the subject does not see the entry before this day; `withheld_basis` says by which law.
    """

    channel: str
    user: str
    user_name: str
    organisation: str
    organisation_name: str
    street: str | None
    place: str | None
    item: str
    item_name: str
    item_version: int | None
    case_no: str | None
    purpose: str
    basis: str
    outcome: Outcome
    refusal: str | None
    about: tuple[About, ...]
    materials: tuple[Trace, ...]
    withheld_until: date | None = None
    withheld_basis: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as a subject of it may see it: of others it was about, and of their materials, nothing.

    Attributes:
        id: the entry's number, as on the answer.
        seq: its place in the log, from 0; None while it waits for one.
        body: what was logged, with `about` and `materials` cut down to this subject.
    """

    id: str
    at: datetime
    seq: int | None
    body: Mapping[str, Any]


def body_of(entry: str, usage: Usage, now: datetime) -> bytes:
    """What the leaf is computed from: JSON with sorted keys, compact, UTF-8."""
    return canonical(_said(entry, usage, now))


def _said(entry: str, usage: Usage, now: datetime) -> dict[str, Any]:
    return {
        "v": VERSION,
        "id": entry,
        "at": now.astimezone(SHANGHAI).isoformat(timespec="microseconds"),
        "channel": _text(usage.channel),
        "user": _text(usage.user),
        "user_name": _text(usage.user_name),
        "organisation": _text(usage.organisation),
        "organisation_name": _text(usage.organisation_name),
        "street": None if usage.street is None else _text(usage.street),
        "place": None if usage.place is None else _text(usage.place),
        "item": _text(usage.item),
        "item_name": _text(usage.item_name),
        "item_version": usage.item_version,
        "case": None if usage.case_no is None else _text(usage.case_no),
        "purpose": _text(usage.purpose),
        "basis": _text(usage.basis),
        "outcome": usage.outcome,
        "refusal": usage.refusal,
        "about": [
            {
                "subject": about.subject.hex(),
                "role": about.role,
                "fields": {code: list(names) for code, names in about.fields.items()},
                "near": about.near.hex() if about.near is not None else None,
                "found": about.found,
            }
            for about in usage.about
        ],
        "materials": [
            {
                "code": trace.code,
                "state": trace.state,
                "way": trace.way,
                "resource": trace.resource,
                "reason": trace.reason,
            }
            for trace in usage.materials
        ],
        "withheld_until": usage.withheld_until.isoformat() if usage.withheld_until else None,
        "withheld_basis": usage.withheld_basis,
    }


def _text(value: str) -> str:
    """What somebody typed, fit to be stored: no NUL, no half characters, and no more than `LONGEST` characters."""
    if len(value) > LONGEST:
        value = value[: LONGEST - 1] + "…"
    return value if value.isprintable() else value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class Pending:
    """Entries that a transaction will write: all at once, at its end, so that many lookups cost one statement.

    Each has its number from the moment it is added. No lock is taken that another append waits for; an entry gets its
    place in the log later, from the sequencer.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[Any, ...]] = []
        self._about: list[tuple[Any, ...]] = []

    def add(self, usage: Usage, now: datetime) -> str:
        """Add an entry; its number, a UUID of version 7."""
        entry = str(uuid7(now))
        said = _said(entry, usage, now)
        body = canonical(said)
        self._entries.append(
            (
                entry, now, said["user"], said["channel"], said["outcome"], said["case"], said["item"],
                usage.withheld_until, body, leaf_hash(body),
            )
        )  # fmt: skip
        for part, about in enumerate(usage.about):
            self._about.append((entry, part, now, said["user"], about.subject, about.near, about.found))
        return entry

    def write(self, cursor: Any) -> None:
        """Write them as part of the caller's transaction: the answers may leave once that is committed."""
        if self._entries:
            entries, about = _columns(self._entries), _columns(self._about) if self._about else [[] for _ in range(7)]
            execute_prepared(cursor, "audit_append", _APPEND, _TYPES, [*entries, LOG, *about])
            self._entries, self._about = [], []


def append(cursor: Any, usage: Usage, now: datetime) -> str:
    """Write one entry as part of the caller's transaction, and return its number; see `Pending`."""
    pending = Pending()
    entry = pending.add(usage, now)
    pending.write(cursor)
    return entry


def try_append(connection: Connection, usage: Usage, now: datetime) -> None:
    """Write an entry and take it back, so that a full disk or a read-only server is noticed.

    Raises:
        StoreNotReady: the log takes no entry.
    """
    try:
        with connection.cursor() as cursor:
            append(cursor, usage, now)
    except psycopg2.Error as error:
        raise StoreNotReady(
            "the audit log takes no entry, so nothing may be looked up. PostgreSQL said: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None
    finally:
        if not connection.closed:
            connection.rollback()


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


_TYPES: Final = (
    "uuid[]", "timestamptz[]", "text[]", "text[]", "text[]", "text[]", "text[]", "date[]", "bytea[]", "bytea[]", "text",
    "uuid[]", "int[]", "timestamptz[]", "text[]", "bytea[]", "bytea[]", "bool[]",
)  # fmt: skip
_APPEND: Final = """
    with entry as (
        insert into audit_entry (id, at, caller, channel, outcome, case_no, item, withheld_until, body)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ), waiting as (
        insert into log_waiting (log, entry, leaf) select $11, * from unnest($1, $10)
    )
    insert into audit_about (entry, part, at, caller, subject, near, found)
    select * from unnest($12, $13, $14, $15, $16, $17, $18)
"""


def of_subject(
    connection: Connection, subject: bytes, *, now: datetime, before: str | None = None, limit: int = 50
) -> list[Seen]:
    """Every lookup of one subject's facts, the newest first; those withheld until a later day are left out.

    Args:
        subject: keyed hash of the one who asks to see.
        before: number of the last entry of the page before; None for the first page.
    """
    rows = fetch_all(
        connection,
        "select e.id, e.at, l.seq, e.body from audit_entry e "
        "left join log_leaf l on l.log = %(log)s and l.entry = e.id "
        "where e.id in (select entry from audit_about where subject = %(subject)s) "
        "and (e.withheld_until is null or e.withheld_until <= %(today)s) "
        "and (%(before)s::uuid is null "
        "or (e.at, e.id) < (select b.at, b.id from audit_entry b where b.id = %(before)s::uuid)) "
        "order by e.at desc, e.id desc limit %(limit)s",
        {
            "log": LOG, "subject": subject, "today": now.astimezone(SHANGHAI).date(), "before": before, "limit": limit,
        },
    )  # fmt: skip
    return [Seen(str(id_), at, seq, _for(subject, json.loads(bytes(body)))) for id_, at, seq, body in rows]


def _for(subject: bytes, body: dict[str, Any]) -> dict[str, Any]:
    """The body without what is about others."""
    own = [about for about in body["about"] if about["subject"] == subject.hex()]
    codes = {code for about in own for code in about["fields"]}
    return body | {"about": own, "materials": [trace for trace in body["materials"] if trace["code"] in codes]}
