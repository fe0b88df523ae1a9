"""Reports of the four-property check 四性检测 of packages the archive holds, and which are to be checked next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from core.canonical import canonical
from core.digest import sm3
from store.archive_entries import Holding
from store.connection import Connection, fetch_all, fetch_one, transaction

#: Reports shown at most; the newest.
MOST: Final = 1_000


class CheckEntry(NamedTuple):
    """One check: the stage (GD, YJ or CQ), the verdict, the scores by property and the whole report."""

    stage: str
    verdict: str
    score: Mapping[str, float | None]
    report: Mapping[str, Any]


class KeptCheck(NamedTuple):
    """A check that is kept. `intact`: the report still has the digest that was taken of it."""

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
    rows = fetch_all(
        connection,
        "select at, stage, verdict, score, report, sm3 from archive_check where package = %s order by id desc limit %s",
        (package, MOST),
    )
    return [
        KeptCheck(at, CheckEntry(stage, verdict, score, report), bytes(digest), sm3(canonical(report)) == bytes(digest))
        for at, stage, verdict, score, report, digest in rows
    ]


def is_held(connection: Connection, package: str) -> bool:
    """Whether the archive holds a package of this number."""
    row = fetch_one(connection, "select exists (select from archive_package where file_no = %s)", (package,))
    return bool(row and row[0])


_DUE = (
    "from archive_package p left join archive_entry e on e.id = p.entry left join lateral ("
    "select c.at, c.verdict from archive_check c where c.package = p.file_no order by c.id desc limit 1) c on true "
    "where c.at is null or (c.at < %(began)s and (c.at <= %(before)s or c.verdict <> 'valid'))"
)


def count_due(connection: Connection, before: datetime, began: datetime) -> tuple[int, int]:
    """How many packages are to be checked, and their bytes: those whose last check was at `before` or earlier, or did
    not find them valid, or that were never checked; of those nothing that was checked since `began`."""
    row = fetch_one(
        connection, f"select count(*), coalesce(sum(p.bytes), 0) {_DUE}", {"before": before, "began": began}
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


def due(connection: Connection, before: datetime, began: datetime, limit: int) -> list[Holding]:
    """The next of them; the one whose last check is longest ago comes first."""
    rows = fetch_all(
        connection,
        "select p.file_no, p.sm3, p.sha256, p.bytes, p.path, e.id::text, e.body "
        f"{_DUE} order by c.at nulls first, p.file_no limit %(limit)s",
        {"before": before, "began": began, "limit": limit},
    )
    return [
        Holding(
            file_no, bytes(digest), None if second is None else bytes(second), size, path, entry,
            None if body is None else bytes(body),
        )
        for file_no, digest, second, size, path, entry, body in rows
    ]  # fmt: skip
