"""Types of licences whose issuing is stopped: since when, by which licence, and who let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connection import Connection, fetch_all, transaction


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop. `code` says why; `number`, `version` which document was found malformed."""

    licence_type: str
    since: datetime
    code: str
    number: str
    version: int
    cleared_at: datetime | None
    cleared_by: str | None
    reason: str | None


_SELECT = (
    "select s.licence_type, s.since, s.code, l.number, v.version, s.cleared_at, s.cleared_by, s.reason "
    "from issuing_stop s join licence_version v on v.id = s.licence join licence l on l.id = v.licence "
)


def standing(connection: Connection, licence_type: str | None = None) -> list[Stop]:
    """The stops that nobody has cleared, of one type or of all, oldest first."""
    rows = fetch_all(
        connection,
        f"{_SELECT} where s.cleared_at is null and (%s::text is null or s.licence_type = %s) order by s.since, s.id",
        (licence_type, licence_type),
    )
    return [Stop(*row) for row in rows]


def every(connection: Connection, *, limit: int = 200) -> list[Stop]:
    """All stops, the newest first, cleared ones too."""
    return [
        Stop(*row) for row in fetch_all(connection, f"{_SELECT} order by s.since desc, s.id desc limit %s", (limit,))
    ]


def set_stop(cursor: Any, *, licence_type: str, licence: str, code: str, now: datetime) -> bool:
    """Stop a type because of one document (its id), as part of the caller's transaction.

    Returns:
        False where a person has cleared the same finding of this document before: that was decided.
    """
    cursor.execute(
        "select exists (select from issuing_stop where licence = %s and code = %s and cleared_at is not null)",
        (licence, code),
    )
    if cursor.fetchone()[0]:
        return False
    cursor.execute(
        "insert into issuing_stop (licence_type, since, code, licence) values (%s, %s, %s, %s) "
        "on conflict (licence) where cleared_at is null do nothing",
        (licence_type, now, code, licence),
    )
    return True


def clear(connection: Connection, licence_type: str, *, who: str, reason: str, now: datetime) -> int:
    """Let a type be issued again; how many stops were cleared."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update issuing_stop set cleared_at = %s, cleared_by = %s, reason = %s "
            "where licence_type = %s and cleared_at is null",
            (now, who, reason, licence_type),
        )
        count: int = cursor.rowcount
        return count
