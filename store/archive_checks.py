"""Reports of the four-property check 四性检测 of packages the archive holds, and which are to be checked next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from core.canonical import canonical
from core.digest import sm3
from store.archive_entries import HELD, Holding, held
from store.connection import Connection, fetch_all, fetch_one, transaction

#: Reports shown at most; the newest.
MOST: Final = 1_000


_KEPT: Final = "select id, package, at, stage, verdict, score, report, sm3 from archive_check"
_NEWEST: Final = "order by id desc limit %s"


class CheckEntry(NamedTuple):
    """One check: the stage (GD, YJ or CQ), the verdict, the scores by property and the whole report."""

    stage: str
    verdict: str
    score: Mapping[str, float | None]
    report: Mapping[str, Any]


class KeptCheck(NamedTuple):
    """A check that is kept, of the package of that electronic file number.

    `intact`: the report still has the digest that was taken of it.
    """

    id: int
    package: str
    at: datetime
    entry: CheckEntry
    sm3: bytes
    intact: bool


def append(cursor: Any, package: str, check: CheckEntry, now: datetime) -> None:
    """Keep a report as part of the caller's transaction."""
    form = canonical(check.report)
    cursor.execute(
        "insert into archive_check (package, stage, at, verdict, score, sm3, report) "
        "values (%s, %s, %s, %s, %s, %s, %s)",
        (package, check.stage, now, check.verdict, json.dumps(check.score), sm3(form), form.decode()),
    )


def keep(connection: Connection, package: str, check: CheckEntry, now: datetime) -> None:
    """Keep a report."""
    with transaction(connection) as cursor:
        append(cursor, package, check, now)


def of_package(connection: Connection, package: str) -> list[KeptCheck]:
    """The checks of a package by its electronic file number, the newest first."""
    return [_kept(row) for row in fetch_all(connection, f"{_KEPT} where package = %s {_NEWEST}", (package, MOST))]


def one_of(connection: Connection, package: str, check: int | None) -> KeptCheck | None:
    """One check of a package by its number, or the newest; None where there is none."""
    rows = fetch_all(
        connection,
        f"{_KEPT} where package = %s and (%s::bigint is null or id = %s) {_NEWEST}",
        (package, check, check, 1),
    )
    return _kept(rows[0]) if rows else None


def newest(connection: Connection, *, verdict: str | None, before: int | None, limit: int) -> list[KeptCheck]:
    """Checks of all packages, the newest first: of one verdict or all, below a number where one is given."""
    rows = fetch_all(
        connection,
        f"{_KEPT} where (%s::text is null or verdict = %s) and (%s::bigint is null or id < %s) {_NEWEST}",
        (verdict, verdict, before, before, limit),
    )
    return [_kept(row) for row in rows]


def is_held(connection: Connection, package: str) -> bool:
    """Whether the archive holds a package of this number."""
    row = fetch_one(connection, "select exists (select from archive_package where file_no = %s)", (package,))
    return bool(row and row[0])


class CheckSheet(NamedTuple):
    """The sealed report of a check: the file's SM3 and its path."""

    document_sm3: bytes
    path: str


def sheet_of(connection: Connection, check: int) -> CheckSheet | None:
    """The sealed report of a check by its number; None while none was made."""
    row = fetch_one(connection, "select document_sm3, path from archive_check_sheet where check_id = %s", (check,))
    return CheckSheet(bytes(row[0]), row[1]) if row else None


def record_sheet(connection: Connection, check: int, sheet: CheckSheet, *, use: int, now: datetime) -> None:
    """Note the sealed report of a check, which lies at its path, and the use of the seal behind it."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into archive_check_sheet (check_id, seal_use, document_sm3, path, made_at) "
            "values (%s, %s, %s, %s, %s)",
            (check, use, sheet.document_sm3, sheet.path, now),
        )


_DUE = (
    "from archive_package p left join archive_entry e on e.id = p.entry left join lateral ("
    "select c.at, c.verdict from archive_check c where c.package = p.file_no order by c.id desc limit 1) c on true "
    "where (c.at is null or (c.at < %(began)s and (c.at <= %(before)s or c.verdict <> 'valid')))"
)


def count_due(connection: Connection, before: datetime, began: datetime) -> tuple[int, int]:
    """How many packages are to be checked, and their bytes: those whose last check was at `before` or earlier, or did
    not find them valid, or that were never checked; of those nothing that was checked since `began`."""
    row = fetch_one(
        connection, f"select count(*), coalesce(sum(p.bytes), 0) {_DUE}", {"before": before, "began": began}
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


def due(connection: Connection, before: datetime, began: datetime, limit: int | None = None) -> list[str]:
    """The electronic file numbers of all of them, or of so many: the one whose last check is longest ago comes first.

    It looks at the last check of every package held. So a walk asks once, and then for its packages by their numbers.
    """
    rows = fetch_all(
        connection,
        f"select p.file_no {_DUE} order by c.at nulls first, p.file_no limit %(limit)s",
        {"before": before, "began": began, "limit": limit},
    )
    return [file_no for (file_no,) in rows]


def still_due(connection: Connection, before: datetime, began: datetime, numbers: Sequence[str]) -> list[Holding]:
    """Those of these packages that are to be checked even now, in the same order."""
    rows = fetch_all(
        connection,
        f"select {HELD} {_DUE} and p.file_no = any(%(numbers)s) order by c.at nulls first, p.file_no",
        {"before": before, "began": began, "numbers": list(numbers)},
    )
    return [held(row) for row in rows]


def _kept(row: Sequence[Any]) -> KeptCheck:
    id_, package, at, stage, verdict, score, report, digest = row
    entry = CheckEntry(stage, verdict, score, report)
    return KeptCheck(id_, package, at, entry, bytes(digest), sm3(canonical(report)) == bytes(digest))
