"""Reminders before a licence's last day, each written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from store.connection import Connection, fetch_all, transaction


@dataclass(frozen=True, slots=True)
class Reminder:
    """The holder of a licence is to be told that it ends.

    Attributes:
        licence: its id.
        days: so many days before `valid_until`; the latest reminder that is due.
        due_on: the day on which that one was due.
        told_at, told_by: when a person said that the holder was told; None while nobody did.
    """

    licence: str
    licence_type: str
    number: str
    valid_until: date
    days: int
    due_on: date
    told_at: datetime | None
    told_by: str | None


def write(connection: Connection, rows: Sequence[tuple[str, date, int, date]], now: datetime) -> int:
    """Write reminders (licence, valid_until, days, due_on) that are not there yet; how many were new."""
    new = 0
    with transaction(connection) as cursor:
        for licence, valid_until, days, due_on in rows:
            cursor.execute(
                "insert into licence_reminder (licence, valid_until, days, due_on, written_at) "
                "values (%s, %s, %s, %s, %s) on conflict (licence, valid_until, days) do nothing",
                (licence, valid_until, days, due_on, now),
            )
            new += cursor.rowcount
    return new


def latest(connection: Connection, first: date, last: date) -> list[Reminder]:
    """For each licence in force that ends within a stretch of days: its latest reminder; those that end first.

    One that was renewed since has another last day, and its old reminders are not told any more.
    """
    rows = fetch_all(
        connection,
        "select distinct on (l.valid_until, l.number) l.id, l.licence_type, l.number, r.valid_until, r.days, r.due_on, "
        "r.told_at, r.told_by from licence l join licence_reminder r on r.licence = l.id "
        "and r.valid_until = l.valid_until where l.status in ('valid', 'suspended') "
        "and l.valid_until between %s and %s order by l.valid_until, l.number, r.days",
        (first, last),
    )
    return [Reminder(*row) for row in rows]


def mark_told(connection: Connection, licence: str, *, who: str, now: datetime) -> int:
    """Note that a holder was told of every reminder that is open; how many there were."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update licence_reminder r set told_at = %s, told_by = %s from licence l where r.licence = %s "
            "and l.id = r.licence and r.valid_until = l.valid_until and r.told_at is null",
            (now, who, licence),
        )
        done: int = cursor.rowcount
    return done
