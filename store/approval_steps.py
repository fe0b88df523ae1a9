"""Approvals that were carried out without a document, such as a cancellation: once each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from store.connection import Connection, fetch_all, fetch_one


def note(cursor: Any, approval: str, licence: str, now: datetime) -> None:
    """Write down that an approval's step is being taken; part of the caller's transaction, which takes it."""
    cursor.execute("insert into approval_step (approval, licence, at) values (%s, %s, %s)", (approval, licence, now))


def taken(cursor: Any, approval: str) -> bool:
    """Whether an approval's step was taken; part of the caller's transaction, which holds the licence's row."""
    cursor.execute("select exists (select from approval_step where approval = %s)", (approval,))
    found: bool = cursor.fetchone()[0]
    return found


def licence_of(connection: Connection, approval: str) -> str | None:
    """Id of the licence an approval's step was taken of; None while it was not."""
    row = fetch_one(connection, "select licence from approval_step where approval = %s", (approval,))
    return row[0] if row else None


def numbers_of(connection: Connection, approvals: list[str]) -> list[tuple[str, str]]:
    """Of these approvals those whose step was taken, each with the licence's number."""
    rows = fetch_all(
        connection,
        "select s.approval, l.number from approval_step s join licence l on l.id = s.licence "
        "where s.approval = any(%s) order by s.approval",
        (approvals,),
    )
    return [(row[0], row[1]) for row in rows]
