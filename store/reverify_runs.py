"""Runs of the re-verification: what is to be looked at, how far one came, what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from core.errors import Retryable
from store import issuing_stops
from store.connection import Connection, fetch_all, fetch_one, transaction

_PAGE: Final = 500
_PUBLISHED: Final = "v.state in ('published', 'archived')"
_SELECT: Final = (
    "select v.id::text, l.number, l.licence_type, v.version, v.document_sm3, v.document_path, s.es_id, s.credit_code, "
    "s.maker_certificate from licence_version v join licence l on l.id = v.licence "
    "left join lateral (select seal from seal_use u where u.licence = v.id and u.document_kind = 'ofd' "
    "and u.outcome = 'sealed' order by u.id desc limit 1) used on true left join seal s on s.id = used.seal "
)


class ReverifyBusy(Retryable):
    """Another process verifies the stock again at this moment."""

    code: ClassVar[str] = "HUB-953"


@dataclass(frozen=True, slots=True)
class Document:
    """A published document and the seal it was sealed with, as the register of seals knew it then.

    The seal's fields are None for a document that was sealed before there was a register of seals.
    """

    id: str
    number: str
    licence_type: str
    version: int
    sm3: bytes | None
    path: str | None
    es_id: str | None
    credit_code: str | None
    maker: bytes | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run; see the table's comments."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    since: datetime | None
    until: datetime
    to_check: int
    checked: int
    malformed: int
    undecided: int
    outcome: str


_RUN: Final = "id, started_at, ended_at, since, until, to_check, checked, malformed, undecided, outcome"


@contextmanager
def only_run(connection: Connection) -> Iterator[None]:
    """Hold the re-verification for this connection; PostgreSQL lets go of it when the process dies.

    Raises:
        ReverifyBusy: somebody else holds it.
    """
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('reverify'), 0)")
    if row is None or not row[0]:
        raise ReverifyBusy("issued licences are being verified by another process; nothing was begun here.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('reverify'), 0)")


def last_good(connection: Connection) -> datetime | None:
    """Up to when everything was looked at by a run that found nothing wrong."""
    row = fetch_one(connection, "select max(until) from reverify_run where outcome = 'good'")
    return row[0] if row else None


def newest(connection: Connection) -> Run | None:
    """The run that began last."""
    row = fetch_one(connection, f"select {_RUN} from reverify_run order by id desc limit 1")
    return Run(*row) if row else None


def count_since(connection: Connection, since: datetime | None) -> int:
    """How many documents were published from then on."""
    row = fetch_one(
        connection,
        f"select count(*) from licence_version v where {_PUBLISHED} "
        "and (%s::timestamptz is null or published_at >= %s)",
        (since, since),
    )
    return row[0] if row else 0


def drawn(connection: Connection, count: int, before: datetime | None) -> list[str]:
    """Ids of so many documents published before, drawn by chance."""
    if count <= 0 or before is None:
        return []
    rows = fetch_all(
        connection,
        f"select v.id::text from licence_version v where {_PUBLISHED} and published_at < %s order by random() limit %s",
        (before, count),
    )
    return [row[0] for row in rows]


def count_before(connection: Connection, before: datetime | None) -> int:
    """How many documents were published before."""
    if before is None:
        return 0
    row = fetch_one(
        connection, f"select count(*) from licence_version v where {_PUBLISHED} and published_at < %s", (before,)
    )
    return row[0] if row else 0


def published_since(connection: Connection, since: datetime | None) -> Iterator[Document]:
    """Documents published from then on, a page in memory at a time."""
    last = "00000000-0000-0000-0000-000000000000"
    while True:
        rows = fetch_all(
            connection,
            f"{_SELECT} where {_PUBLISHED} and (%s::timestamptz is null or v.published_at >= %s) and v.id > %s::uuid "
            "order by v.id limit %s",
            (since, since, last, _PAGE),
        )
        for row in rows:
            yield _document(row)
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def of_ids(connection: Connection, ids: Sequence[str]) -> Iterator[Document]:
    """The documents of these ids, a page in memory at a time."""
    for start in range(0, len(ids), _PAGE):
        rows = fetch_all(connection, f"{_SELECT} where v.id = any(%s::uuid[])", (list(ids[start : start + _PAGE]),))
        for row in rows:
            yield _document(row)


def begin(connection: Connection, *, since: datetime | None, to_check: int, now: datetime) -> int:
    """Write down that a run begins; its number."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into reverify_run (started_at, since, until, to_check) values (%s, %s, %s, %s) returning id",
            (now, since, now, to_check),
        )
        number: int = cursor.fetchone()[0]
        return number


def note_checked(connection: Connection, run: int, checked: int) -> None:
    """How far the run has come."""
    with transaction(connection) as cursor:
        cursor.execute("update reverify_run set checked = %s where id = %s", (checked, run))


def note_undecided(connection: Connection, run: int, document: Document, code: str, now: datetime) -> None:
    """A document of which nothing can be said now."""
    with transaction(connection) as cursor:
        _finding(cursor, run, document, "undecided", code, now)


def note_malformed(connection: Connection, run: int, document: Document, code: str, now: datetime) -> bool:
    """A document that is not what was issued: written down, and its type stopped, in one transaction.

    Returns:
        False where a person has cleared the same finding before, so that nothing was stopped.
    """
    with transaction(connection) as cursor:
        _finding(cursor, run, document, "malformed", code, now)
        return issuing_stops.set_stop(
            cursor, licence_type=document.licence_type, licence=document.id, code=code, now=now
        )


def end(
    connection: Connection, run: int, *, outcome: str, checked: int, malformed: int, undecided: int, now: datetime
) -> None:
    """Close a run."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update reverify_run set ended_at = %s, outcome = %s, checked = %s, malformed = %s, undecided = %s "
            "where id = %s",
            (now, outcome, checked, malformed, undecided, run),
        )


def _finding(cursor: Any, run: int, document: Document, verdict: str, code: str, now: datetime) -> None:
    cursor.execute(
        "insert into reverify_finding (run, licence, at, verdict, code) values (%s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (run, document.id, now, verdict, code),
    )


def _document(row: Sequence[Any]) -> Document:
    values = list(row)
    for place in (4, 8):
        values[place] = None if values[place] is None else bytes(values[place])
    return Document(*values)
