"""档号 by electronic file: taken once and for good before a file is packed, so that a re-run has the same one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from store.connection import Connection, fetch_all, fetch_one, transaction


class Code(NamedTuple):
    """A 档号 as it is put together; `text` is the whole."""

    text: str
    fonds: str
    category: str
    year: str
    retention: str
    unit: str
    item: str


class Taken(NamedTuple):
    """A number that was taken.

    Attributes:
        packed: whether the file has its package; `recorded` the 档号 that the catalogue has of it.
        void: why it has none, in the words of an archivist.
    """

    series: str
    running: int
    code: str
    file_no: str
    packed: bool
    recorded: str | None
    void: str | None


_COLUMNS: Final = "code, fonds, category, year, retention, unit, item"


def reserve(
    connection: Connection, file_no: str, series: str, make: Callable[[int], Code], now: datetime
) -> Code:  # fmt: skip
    """The 档号 of an electronic file: the one it has, or the next of the series.

    Args:
        series: within which numbers run on; who takes the next waits for whoever takes one at this moment.
        make: puts it together from the running number.
    """
    with transaction(connection) as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('archive code'), hashtext(%s))", (series,))
        cursor.execute(f"select {_COLUMNS} from archive_code where file_no = %s", (file_no,))
        found = cursor.fetchone()
        if found is not None:
            return Code(*found)
        cursor.execute("select coalesce(max(running), 0) + 1 from archive_code where series = %s", (series,))
        running = cursor.fetchone()[0]
        code = make(running)
        cursor.execute(
            f"insert into archive_code (file_no, series, running, reserved_at, {_COLUMNS}) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (file_no, series, running, now, *code),
        )
        return code


def owner(connection: Connection, code: str) -> str | None:
    """The electronic file that has a 档号; None for one nobody has."""
    row = fetch_one(
        connection,
        "select file_no from archive_code where code = %(code)s "
        "union all select file_no from archive_record where archive_code = %(code)s limit 1",
        {"code": code},
    )
    return str(row[0]) if row else None


def taken(connection: Connection) -> list[Taken]:
    """Every number that was ever taken, by series and running number."""
    rows = fetch_all(
        connection,
        "select c.series, c.running, c.code, c.file_no, r.file_no is not null, r.archive_code, c.void "
        "from archive_code c left join archive_record r using (file_no) order by c.series, c.running",
    )
    return [Taken(*row) for row in rows]


def strangers(connection: Connection) -> list[tuple[str, str]]:
    """Packages made here whose 档号 was never taken for them: file number and 档号."""
    rows = fetch_all(
        connection,
        "select file_no, archive_code from archive_record r where archive_code is not null and origin is null "
        "and not exists (select from archive_code c where c.file_no = r.file_no) order by file_no",
    )
    return [(row[0], row[1]) for row in rows]


def without(connection: Connection) -> int:
    """How many packages made here have no 档号."""
    row = fetch_one(
        connection, "select count(*) from archive_record where archive_code is null and origin is null"
    )  # fmt: skip
    return 0 if row is None else int(row[0])


def void(connection: Connection, code: str, reason: str) -> bool:
    """Write down why a number has no package; whether there is such a number without one and without a reason."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update archive_code c set void = %s where code = %s and void is null "
            "and not exists (select from archive_record r where r.file_no = c.file_no)",
            (reason, code),
        )
        return bool(cursor.rowcount)
