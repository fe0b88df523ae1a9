"""The catalogue is searched: by what a package is numbered, by whom it is of, by name, part, item and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from store.archive_packages import FILED, Filed, filed
from store.connection import Connection, fetch_all

_NUMBERED: Final = (
    "file_no = %(number)s", "project_no = %(number)s", "project_no = upper(%(number)s)",
    "archive_bare(licence_number) = archive_bare(%(number)s)", "archive_bare(archive_code) = archive_bare(%(number)s)",
)  # fmt: skip
_LIKE: Final = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What packages have to fit beside what they are searched by. `since` and `until` are days of the decision."""

    since: date | None = None
    until: date | None = None
    stage: str | None = None
    item: str | None = None
    outcome: str | None = None


class Place(NamedTuple):
    """After which line a list goes on: its day of decision and its electronic file number."""

    decided_on: date
    file_no: str


class Party(NamedTuple):
    """A party that was found.

    Attributes:
        name: the newest it was filed under; None of a person.
        found_as: the name that fits what was searched; None of a person, or where it was found by a number.
        packages: how many of its own the archive has.
    """

    id: str
    kind: str
    name: str | None
    found_as: str | None
    packages: int
    subjects: tuple[bytes, ...]


def by_number(connection: Connection, number: str, bounds: Bounds, limit: int) -> list[Filed]:
    """Packages with this file number, case number, licence number or 档号, however it is written; the newest first."""
    # One question for each: with `or` between them PostgreSQL would read the whole table for want of statistics.
    found = " union ".join(f"select file_no from archive_record where {condition}" for condition in _NUMBERED)
    where, values = _where(bounds)
    rows = fetch_all(
        connection,
        f"with found as ({found}) select {FILED} from found join archive_record r using (file_no) "
        f"join archive_package p using (file_no) where true{where} "
        "order by r.decided_on desc, r.file_no desc limit %(limit)s",
        {"number": number, "limit": limit, **values},
    )
    return [filed(row) for row in rows]


def of_party(
    connection: Connection, parties: Sequence[str], bounds: Bounds, limit: int, after: Place | None = None
) -> list[Filed]:
    """Packages of the parties; the newest first."""
    return _listed(
        connection, " and r.party = any(%(parties)s::uuid[])", {"parties": list(parties)}, bounds, limit, after
    )


def within(connection: Connection, bounds: Bounds, limit: int, after: Place | None = None) -> list[Filed]:
    """Packages within the bounds, whosoever they are; the newest first."""
    return _listed(connection, "", {}, bounds, limit, after)


def parties(connection: Connection, ids: Sequence[str]) -> list[Party]:
    """The parties of these ids, as they stand in the list."""
    return _parties(connection, [(one, None) for one in ids])


def named(connection: Connection, key: bytes, folded: str, limit: int) -> list[Party]:
    """Parties that bear the name or bore it: first those whose name it is, then those it begins, then those it is in.

    Args:
        key: keyed hash of the folded name, by which a person's name is found, whole only.
        folded: the same as text, of two characters at least.
    """
    found: dict[str, str | None] = {}
    like = folded.translate(_LIKE)
    for condition, values in (
        ("key = %(key)s", {"key": key}),
        ("folded like %(like)s", {"like": f"{like}%"}),
        (
            "grams @> archive_grams(%(folded)s) and folded like %(like)s",
            {"folded": folded, "like": f"%{like}%"},
        ),
    ):
        rows = fetch_all(
            connection,
            f"select party::text, name from archive_name where {condition} limit %(limit)s",
            {**values, "limit": limit + len(found)},
        )
        for party, name in sorted(rows, key=lambda row: (len(row[1] or ""), row[1] or "", row[0])):
            found.setdefault(party, name)
        if len(found) >= limit:
            break
    return _parties(connection, list(found.items())[:limit])


def _parties(connection: Connection, found: Sequence[tuple[str, str | None]]) -> list[Party]:
    if not found:
        return []
    rows = fetch_all(
        connection,
        "select p.id::text, p.kind, "
        "(select n.name from archive_name n where n.party = p.id order by n.since desc, n.key limit 1), "
        "(select count(*) from archive_record r where r.party = p.id), "
        "array(select i.subject from archive_identity i where i.party = p.id order by i.since) "
        "from archive_party p where p.id = any(%s::uuid[])",
        ([party for party, _ in found],),
    )
    told = {row[0]: row for row in rows}
    return [
        Party(party, told[party][1], told[party][2], name, told[party][3], tuple(map(bytes, told[party][4])))
        for party, name in found
        if party in told
    ]


def _listed(
    connection: Connection, condition: str, values: dict[str, Any], bounds: Bounds, limit: int, after: Place | None
) -> list[Filed]:
    where, more = _where(bounds)
    if after is not None:
        where += " and (r.decided_on, r.file_no) < (%(day)s, %(file_no)s)"
        more |= {"day": after.decided_on, "file_no": after.file_no}
    rows = fetch_all(
        connection,
        f"select {FILED} from archive_record r join archive_package p using (file_no) where true{condition}{where} "
        "order by r.decided_on desc, r.file_no desc limit %(limit)s",
        {**values, **more, "limit": limit},
    )
    return [filed(row) for row in rows]


def _where(bounds: Bounds) -> tuple[str, dict[str, Any]]:
    told = {
        "since": ("r.decided_on >= %(since)s", bounds.since),
        "until": ("r.decided_on <= %(until)s", bounds.until),
        "stage": ("r.stage = %(stage)s", bounds.stage),
        "item": ("r.item = %(item)s", bounds.item),
        "outcome": ("r.outcome = %(outcome)s", bounds.outcome),
    }
    given = {name: (condition, value) for name, (condition, value) in told.items() if value is not None}
    return "".join(f" and {condition}" for condition, _ in given.values()), {
        name: value for name, (_, value) in given.items()
    }
