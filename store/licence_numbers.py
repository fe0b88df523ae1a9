"""The numbers of licences, type by type and year by year, and what became of those without a licence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from store.connection import Connection, fetch_all


@dataclass(frozen=True, slots=True)
class YearOfNumbers:
    """The numbers of one type in one year.

    Attributes:
        last: the highest sequence taken.
        licences: how many of them bear a licence.
        missing: sequences below it of which the register knows nothing. There is no way for one to arise: whatever
            stands here was taken from the database.
    """

    licence_type: str
    year: int
    last: int
    licences: int
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WithoutLicence:
    """A number that bears no licence: its document is being made, or it was given up.

    Attributes:
        licence: id.
        reserved_at: when it was taken.
        approval: for which.
        entry: register entry of the step that gave it up; None while it is being made.
    """

    licence: str
    licence_type: str
    year: int
    sequence: int
    number: str
    reserved_at: datetime
    approval: str | None
    void: bool
    since: date | None
    basis: str | None
    entry: str | None


def years(connection: Connection) -> list[YearOfNumbers]:
    """Every type and year in which a number was taken."""
    rows = fetch_all(
        connection,
        "select t.licence_type, t.year, t.last, t.licences, array(select n from generate_series(1, t.last) n "
        "where not exists (select from licence l where l.licence_type = t.licence_type and l.year = t.year "
        "and l.sequence = n) order by n) from (select licence_type, year, max(sequence) as last, "
        "count(*) filter (where status not in ('reserved', 'void')) as licences from licence "
        "group by licence_type, year) t order by 1, 2",
    )
    return [YearOfNumbers(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows]


def without_licence(connection: Connection) -> list[WithoutLicence]:
    """Every number that bears no licence, in order."""
    rows = fetch_all(
        connection,
        "select l.id, l.licence_type, l.year, l.sequence, l.number, v.reserved_at, v.approval, l.status = 'void', "
        "l.status_since, s.basis, s.entry::text from licence l join licence_version v on v.licence = l.id "
        "and v.version = 1 left join licence_step s on s.licence = l.id and s.step = 'void' "
        "where l.status in ('reserved', 'void') order by l.licence_type, l.year, l.sequence",
    )
    return [WithoutLicence(*row) for row in rows]
