"""Where a licence stands, and the steps of its life; each step leaves a row and an entry of the register."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from core.errors import Retryable
from schemas.licence_life import Status, Step, after, status_on
from store import register_entries
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.licences import FACTS
from store.register_entries import Entry, Grounds
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
    cursor.execute(f"select {_COLUMNS} from licence where id = %s for update", (licence,))
    return _licence(cursor.fetchone())


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
) -> Taken:
    """Take a step that makes no document. What is in the making is dropped by a final one.

    Args:
        licence: its id.
        reason: in words; sealed, and not in the register.
        case: approval it follows from.

    Raises:
        StepRefused: the licence's state does not take it; nothing was written.
        VersionInMaking: a Retryable; a document of it is being made.
    """
    vault.ready(FACTS)
    with transaction(connection) as cursor:
        vault.hold(cursor, FACTS)
        held = hold(cursor, licence)
        to = after(step, held.status)
        cursor.execute(
            "select id from licence_version where licence = %s and state in ('reserved', 'sealed')", (licence,)
        )
        unfinished = [row[0] for row in cursor.fetchall()]
        if unfinished and step not in _FINAL:
            raise VersionInMaking(
                f"a new document of licence {held.number} is being made; the step {step.value} was not taken. "
                "Finish it with `hub issue`, then try again."
            )
        for version in unfinished:
            drop(cursor, version, now, step)
        return record(cursor, vault, held, step, to, grounds, now=now, reason=reason, case=case)


def drop(cursor: Any, version: str, now: datetime, step: Step) -> None:
    """Give up a document in the making."""
    cursor.execute("update licence_version set state = 'dropped' where id = %s", (version,))
    cursor.execute(
        "insert into licence_event (licence, at, event, detail) values (%s, %s, 'dropped', %s)",
        (version, now, json.dumps({"step": step.value})),
    )


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
        version: the document that becomes current with the step: version, identifier, document_sm3, valid_until.
    """
    cursor.execute(
        "select identifier, document_sm3 from licence_version where licence = %s and version = %s",
        (held.id, held.current_version),
    )
    current = cursor.fetchone()
    identifier, document = (current[0], bytes(current[1])) if current else (None, None)
    supersedes, number, valid_until = None, held.current_version, held.valid_until
    if version is not None:
        supersedes, identifier = identifier, version["identifier"]
        document, number, valid_until = version["document_sm3"], version["version"], version["valid_until"]
    entry = register_entries.append(
        cursor,
        held.id,
        Entry(step, held.number, held.licence_type, identifier, number, document, held.status, to, valid_until,
              supersedes, case),
        grounds,
        now,
    )  # fmt: skip
    cursor.execute(
        "update licence set status = %s, status_since = case when status = %s then coalesce(status_since, %s) else %s "
        "end, valid_until = %s, current_version = %s where id = %s",
        (to.value, to.value, grounds.effective_on, grounds.effective_on, valid_until, number, held.id),
    )
    sealed = None
    if reason and vault is not None:
        sealed = vault.seal(FACTS, entry.encode(), reason.encode())
    cursor.execute(
        "insert into licence_step (licence, version, at, step, before, after, effective_on, basis, document_no, "
        "reason, by_user, by_organisation, entry) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            held.id, number, now, step.value, held.status.value, to.value, grounds.effective_on, grounds.basis,
            grounds.document_no, sealed, grounds.user, grounds.organisation, entry,
        ),
    )  # fmt: skip
    return Taken(now, step, held.status, to, number, grounds, entry)


def history(connection: Connection, licence: str) -> list[Taken]:
    """The steps of a licence (by its id), oldest first."""
    rows = fetch_all(
        connection,
        "select at, step, before, after, version, basis, effective_on, by_user, by_organisation, document_no, "
        "entry::text from licence_step where licence = %s order by id",
        (licence,),
    )
    return [
        Taken(row[0], Step(row[1]), Status(row[2]), Status(row[3]), row[4], Grounds(*row[5:10]), row[10])
        for row in rows
    ]


def reasons(connection: Connection, vault: Vault, licence: str) -> dict[str, str]:
    """Register entry to the reason given in words, of those steps that have one."""
    rows = fetch_all(
        connection,
        "select entry::text, reason from licence_step where licence = %s and reason is not null",
        (licence,),
    )
    return {entry: vault.open_sealed(FACTS, entry.encode(), bytes(sealed)).decode() for entry, sealed in rows}


def _one(connection: Connection, condition: str, value: Any) -> Licence | None:
    row = fetch_one(connection, f"select {_COLUMNS} from licence where {condition}", (value,))
    return _licence(row) if row else None


def _licence(row: tuple[Any, ...]) -> Licence:
    values = list(row)
    values[6] = Status(row[6])
    return Licence(*values)
