"""Where a licence stands, and the steps of its life; each step leaves a row and an entry of the register."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final, NamedTuple

from psycopg2.extras import execute_values

from core.errors import Retryable
from schemas.licence_life import Status, Step, after, status_on
from store import moments, register_entries, seal_uses
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.licences import FACTS
from store.register_entries import Entry, Grounds
from store.seal_uses import DocumentKind
from store.vault import Vault

#: Steps after which a document in the making has no place any more.
_FINAL: Final = frozenset({Step.WITHDRAW, Step.REVOKE, Step.CANCEL, Step.VOID})


class VersionInMaking(Retryable):
    """A new document of the licence is being made at this moment; the step has to wait for it."""

    code: ClassVar[str] = "HUB-630"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: the right itself.

    Attributes:
        status: what the last step left; `status_on` tells what holds on a day.
        valid_until: last day of validity; None for 长期, and as long as no document was published.
        current_version: None until the first document was published.
    """

    id: str
    licence_type: str
    year: int
    sequence: int
    number: str
    item: str
    status: Status
    status_since: date | None
    valid_until: date | None
    current_version: int | None

    def status_on(self, day: date) -> Status:
        """The state that holds on a day."""
        return status_on(day, self.status, self.valid_until)


@dataclass(frozen=True, slots=True)
class Taken:
    """One step of a licence's life, as it was taken. `entry` is its number in the register."""

    at: datetime
    step: Step
    before: Status
    after: Status
    version: int | None
    grounds: Grounds
    entry: str


_TAKEN: Final = (
    "at, step, before, after, version, basis, effective_on, by_user, by_organisation, document_no, entry::text"
)
_COLUMNS = "id, licence_type, year, sequence, number, item, status, status_since, valid_until, current_version"


def find(connection: Connection, number: str) -> Licence | None:
    """The licence that bears a number."""
    return _one(connection, "number = %s", number)


def by_id(connection: Connection, licence: str) -> Licence | None:
    """The licence of an id."""
    return _one(connection, "id = %s::uuid", licence)


def of_holder(connection: Connection, holder: bytes, licence_type: str | None = None) -> list[Licence]:
    """The licences a holder (keyed hash) has or had, of one type or of all, by number."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from licence where holder = %s and (%s::text is null or licence_type = %s) order by number",
        (holder, licence_type, licence_type),
    )
    return [_licence(row) for row in rows]


def hold(cursor: Any, licence: str) -> Licence:
    """The licence, its row locked until the caller's transaction ends."""
    return hold_all(cursor, [licence])[licence]


def hold_all(cursor: Any, licences: Sequence[str]) -> dict[str, Licence]:
    """As `hold`, for many, by id; locked in one order, so that two who do this wait for each other in turn."""
    cursor.execute(f"select {_COLUMNS} from licence where id = any(%s::uuid[]) order by id for update", (licences,))
    return {row[0]: _licence(row) for row in cursor.fetchall()}


def take_step(
    connection: Connection,
    vault: Vault,
    licence: str,
    step: Step,
    grounds: Grounds,
    *,
    now: datetime,
    reason: str | None = None,
    case: str | None = None,
    admit: Callable[[Any, Licence], None] | None = None,
) -> Taken:
    """Take a step that makes no document. What is in the making is dropped by a final one.

    Args:
        licence: its id.
        reason: in words; sealed, and not in the register.
        case: approval it follows from.
        admit: asked with the cursor, once the licence's row is locked; what it raises undoes everything, what it
            writes is committed with the step.

    Raises:
        StepRefused: the licence's state does not take it; nothing was written.
        VersionInMaking: a Retryable; a document of it is being made.
    """
    vault.ready(FACTS)
    with transaction(connection) as cursor:
        vault.hold(cursor, FACTS)
        held = hold(cursor, licence)
        if admit is not None:
            admit(cursor, held)
        to = after(step, held.status)
        cursor.execute(
            "select id from licence_version where licence = %s and state in ('reserved', 'sealed')", (licence,)
        )
        unfinished = [row[0] for row in cursor.fetchall()]
        if unfinished and step not in _FINAL:
            raise VersionInMaking(
                f"a new document of licence {held.number} is being made; the step {step.value} was not taken. "
                "Finish it with `hub issue`, or the order to reseal that began it, then try again."
            )
        for version in unfinished:
            drop(cursor, version, now, step)
        return record(cursor, vault, held, step, to, grounds, now=now, reason=reason, case=case)


def drop(cursor: Any, version: str, now: datetime, step: Step) -> None:
    """Give up a document in the making; the use of the seal it was to have comes to nothing."""
    seal_uses.abandon_of(cursor, licence=version, document_kind=DocumentKind.OFD, now=now)
    cursor.execute("update licence_version set state = 'dropped' where id = %s", (version,))
    cursor.execute(
        "insert into licence_event (licence, at, event, detail) values (%s, %s, 'dropped', %s)",
        (version, now, json.dumps({"step": step.value})),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A step about to be written.

    Attributes:
        held: the licence as it stands, its row locked.
        to: where the step leads.
        reason: in words; sealed.
        version: the document that becomes current with the step: version, identifier, document_sm3, valid_until.
    """

    held: Licence
    step: Step
    to: Status
    grounds: Grounds
    reason: str | None = None
    case: str | None = None
    version: Mapping[str, Any] | None = None


def record(
    cursor: Any,
    vault: Vault | None,
    held: Licence,
    step: Step,
    to: Status,
    grounds: Grounds,
    *,
    now: datetime,
    reason: str | None = None,
    case: str | None = None,
    version: Mapping[str, Any] | None = None,
) -> Taken:
    """Write a step as part of the caller's transaction, which holds the licence's row: state, step, register entry.

    Args:
        vault: wanted for a reason in words.
        version: see `Change`, like the rest.

    Raises:
        ClockBehind: the clock is behind the register's last entry; nothing may be written.
    """
    return record_all(cursor, vault, [Change(held, step, to, grounds, reason, case, version)], now)[0]


def record_all(cursor: Any, vault: Vault | None, changes: Sequence[Change], now: datetime) -> list[Taken]:
    """As `record`, for many licences, each one once."""
    now = moments.forward(cursor, now)
    cursor.execute(
        "select v.licence, v.identifier, v.document_sm3 from licence_version v join licence l "
        "on l.id = v.licence and l.current_version = v.version where l.id = any(%s::uuid[])",
        ([one.held.id for one in changes],),
    )
    current = {row[0]: (row[1], bytes(row[2])) for row in cursor.fetchall()}
    documents = [_after(one, *current.get(one.held.id, (None, None))) for one in changes]
    entries = register_entries.append_all(
        cursor,
        [
            (
                one.held.id,
                Entry(one.step, one.held.number, one.held.licence_type, new.identifier, new.version, new.document_sm3,
                      one.held.status, one.to, new.valid_until, new.supersedes, one.case),
                one.grounds,
            )
            for one, new in zip(changes, documents, strict=True)
        ],
        now,
    )  # fmt: skip
    execute_values(
        cursor,
        "update licence l set status = n.status, valid_until = n.valid_until, current_version = n.version, "
        "status_since = case when l.status = n.status then coalesce(l.status_since, n.since) else n.since end "
        "from (values %s) n (id, status, since, valid_until, version) where l.id = n.id",
        [
            (one.held.id, one.to.value, one.grounds.effective_on, new.valid_until, new.version)
            for one, new in zip(changes, documents, strict=True)
        ],
        template="(%s::uuid, %s, %s::date, %s::date, %s::integer)",
    )
    execute_values(
        cursor,
        "insert into licence_step (licence, version, at, step, before, after, effective_on, basis, document_no, "
        "reason, by_user, by_organisation, entry) values %s",
        [
            (
                one.held.id, new.version, now, one.step.value, one.held.status.value, one.to.value,
                one.grounds.effective_on, one.grounds.basis, one.grounds.document_no, _sealed(vault, one, entry),
                one.grounds.user, one.grounds.organisation, entry,
            )
            for one, new, entry in zip(changes, documents, entries, strict=True)
        ],
    )  # fmt: skip
    return [
        Taken(now, one.step, one.held.status, one.to, new.version, one.grounds, entry)
        for one, new, entry in zip(changes, documents, entries, strict=True)
    ]


class _Document(NamedTuple):
    """What is current after a step."""

    identifier: str | None
    version: int | None
    document_sm3: bytes | None
    valid_until: date | None
    supersedes: str | None


def _after(change: Change, identifier: str | None, document_sm3: bytes | None) -> _Document:
    new = change.version
    if new is None:
        return _Document(identifier, change.held.current_version, document_sm3, change.held.valid_until, None)
    return _Document(new["identifier"], new["version"], new["document_sm3"], new["valid_until"], identifier)


def _sealed(vault: Vault | None, change: Change, entry: str) -> bytes | None:
    if not change.reason or vault is None:
        return None
    return vault.seal(FACTS, entry.encode(), change.reason.encode())


def history(connection: Connection, licence: str) -> list[Taken]:
    """The steps of a licence (by its id), oldest first."""
    rows = fetch_all(connection, f"select {_TAKEN} from licence_step where licence = %s order by id", (licence,))
    return [_taken(row) for row in rows]


def reasons(connection: Connection, vault: Vault, licence: str) -> dict[str, str]:
    """Register entry to the reason given in words, of those steps that have one."""
    rows = fetch_all(
        connection,
        "select entry::text, reason from licence_step where licence = %s and reason is not null",
        (licence,),
    )
    return {entry: vault.open_sealed(FACTS, entry.encode(), bytes(sealed)).decode() for entry, sealed in rows}


def last_step(cursor: Any, licence: str) -> Taken | None:
    """The newest step of a licence (by its id); part of the caller's transaction."""
    cursor.execute(f"select {_TAKEN} from licence_step where licence = %s order by id desc limit 1", (licence,))
    row = cursor.fetchone()
    return None if row is None else _taken(row)


def holder_of(cursor: Any, licence: str) -> bytes:
    """Keyed hash of whom a licence (by its id) belongs to; part of the caller's transaction."""
    cursor.execute("select holder from licence where id = %s", (licence,))
    return bytes(cursor.fetchone()[0])


def ending(connection: Connection, last: date, first: date = date.min) -> list[Licence]:
    """Licences in force by the register whose last day lies within a stretch of days, those that end first."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from licence where status in ('valid', 'suspended') and valid_until between %s and %s "
        "order by valid_until, number",
        (first, last),
    )
    return [_licence(row) for row in rows]


def _one(connection: Connection, condition: str, value: Any) -> Licence | None:
    row = fetch_one(connection, f"select {_COLUMNS} from licence where {condition}", (value,))
    return _licence(row) if row else None


def _licence(row: tuple[Any, ...]) -> Licence:
    values = list(row)
    values[6] = Status(row[6])
    return Licence(*values)


def _taken(row: tuple[Any, ...]) -> Taken:
    return Taken(row[0], Step(row[1]), Status(row[2]), Status(row[3]), row[4], Grounds(*row[5:10]), row[10])
