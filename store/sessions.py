"""Sessions of people, tokens of machines, and nonces that were used. Only hashes of what the other side holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One session; `subject` is of a person only."""

    kind: str
    account: str
    subject: bytes | None
    subject_kind: str | None
    label: str
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime


def begin(cursor: Any, token: bytes, session: StoredSession) -> None:
    """Write a new session."""
    cursor.execute(
        "insert into web_session (token, kind, account, subject, subject_kind, label, begun_at, seen_at, ends_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            token, session.kind, session.account, session.subject, session.subject_kind, session.label,
            session.begun_at, session.seen_at, session.ends_at,
        ),
    )  # fmt: skip


def get(cursor: Any, token: bytes) -> StoredSession | None:
    """The session of a token's hash."""
    cursor.execute(
        "select kind, account, subject, subject_kind, label, begun_at, seen_at, ends_at from web_session "
        "where token = %s",
        (token,),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return StoredSession(*values)


def touch(cursor: Any, token: bytes, now: datetime) -> None:
    """Note that the session was used."""
    cursor.execute("update web_session set seen_at = %s where token = %s and seen_at < %s", (now, token, now))


def end(cursor: Any, token: bytes) -> None:
    """Forget a session."""
    cursor.execute("delete from web_session where token = %s", (token,))


def give_token(cursor: Any, token: bytes, client: str, ends_at: datetime) -> None:
    """Write a machine's new token."""
    cursor.execute("insert into machine_token (token, client, ends_at) values (%s, %s, %s)", (token, client, ends_at))


def client_of(cursor: Any, token: bytes, now: datetime) -> tuple[str, datetime] | None:
    """Whose token it is and until when; None where it is unknown or has ended."""
    cursor.execute("select client, ends_at from machine_token where token = %s and ends_at > %s", (token, now))
    row: tuple[str, datetime] | None = cursor.fetchone()
    return row


def use_up(cursor: Any, token: bytes, now: datetime) -> str | None:
    """Whose token it is, once: it is gone afterwards."""
    cursor.execute("delete from machine_token where token = %s returning client, ends_at", (token,))
    row = cursor.fetchone()
    return row[0] if row and row[1] > now else None


def first_use(cursor: Any, client: str, nonce: str, ends_at: datetime) -> bool:
    """Note a nonce; False where it was used before."""
    cursor.execute(
        "insert into machine_nonce (client, nonce, ends_at) values (%s, %s, %s) on conflict do nothing",
        (client, nonce, ends_at),
    )
    return bool(cursor.rowcount)


def forget_ended(cursor: Any, now: datetime) -> int:
    """Drop what has ended; how many rows."""
    rows = 0
    for table in ("web_session", "machine_token", "machine_nonce"):
        cursor.execute(f"delete from {table} where ends_at < %s", (now,))
        rows += cursor.rowcount
    return rows
