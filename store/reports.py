"""What people say of lookups they find improper, and what the bureau answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import NotInStore
from store.vault import Vault

#: The data key statements and answers are sealed under.
_KEY: Final = "my_data"
_COLUMNS: Final = "id, log_entry::text, statement, at, answer, answered_by, answered_at"


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """One report; the answer is None as long as nobody has given one."""

    id: int
    log_entry: str
    statement: str
    at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


def add(connection: Connection, vault: Vault, *, log_entry: str, subject: bytes, statement: str, now: datetime) -> None:
    """Keep a report; a second one about the same lookup changes nothing."""
    vault.ready(_KEY)
    with transaction(connection) as cursor:
        vault.hold(cursor, _KEY)
        cursor.execute(
            "insert into improper_report (log_entry, subject, statement, at) values (%s, %s, %s, %s) "
            "on conflict (log_entry, subject) do nothing",
            (log_entry, subject, vault.seal(_KEY, log_entry.encode(), statement.encode()), now),
        )


def answer(connection: Connection, vault: Vault, number: int, *, words: str, who: str, now: datetime) -> None:
    """Answer a report, once.

    Raises:
        NotInStore: there is none of this number, or it has its answer.
    """
    vault.ready(_KEY)
    with transaction(connection) as cursor:
        vault.hold(cursor, _KEY)
        cursor.execute(
            "select log_entry::text from improper_report where id = %s and answer is null for update", (number,)
        )
        row = cursor.fetchone()
        if row is None:
            raise NotInStore(f"there is no unanswered report {number}; `hub reports list` shows those there are")
        cursor.execute(
            "update improper_report set answer = %s, answered_by = %s, answered_at = %s where id = %s",
            (vault.seal(_KEY, row[0].encode(), words.encode()), who, now, number),
        )


def is_about(connection: Connection, log_entry: str, subject: bytes, today: date) -> bool:
    """Whether a log entry is about somebody, and may be known to him by now. No number of an entry is about nobody."""
    try:
        UUID(log_entry)
    except ValueError:
        return False
    found = fetch_one(
        connection,
        "select 1 from audit_about a join audit_entry e on e.id = a.entry where a.entry = %s::uuid and a.subject = %s "
        "and (e.withheld_until is null or e.withheld_until <= %s)",
        (log_entry, subject, today),
    )
    return found is not None


def reported(connection: Connection, subject: bytes) -> frozenset[str]:
    """The log entries a person has reported."""
    rows = fetch_all(connection, "select log_entry::text from improper_report where subject = %s", (subject,))
    return frozenset(row[0] for row in rows)


def of_subject(connection: Connection, vault: Vault, subject: bytes) -> list[Report]:
    """One person's reports, the newest first."""
    rows = fetch_all(
        connection, f"select {_COLUMNS} from improper_report where subject = %s order by id desc", (subject,)
    )
    return [_report(vault, row) for row in rows]


def unanswered(connection: Connection, vault: Vault) -> list[Report]:
    """Every report that waits for an answer, the oldest first."""
    rows = fetch_all(connection, f"select {_COLUMNS} from improper_report where answer is null order by id")
    return [_report(vault, row) for row in rows]


def _report(vault: Vault, row: tuple[Any, ...]) -> Report:
    number, entry, statement, at, given, who, when = row
    bound = str(entry).encode()
    return Report(
        number,
        str(entry),
        vault.open_sealed(_KEY, bound, statement).decode(),
        at,
        vault.open_sealed(_KEY, bound, given).decode() if given is not None else None,
        who,
        when,
    )
