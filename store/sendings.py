"""Sendings: what is about to go back to its owner is written before, and what came of it after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from core.errors import HubError, Retryable
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import NotInStore


class ReturnsBusy(Retryable):
    """Another process is sending rows of the same resource back at this moment."""

    code: ClassVar[str] = "HUB-725"


@dataclass(frozen=True, slots=True)
class SendingRow:
    """One sending as it is recorded, without the rows in it.

    Attributes:
        place: where the rows were handed to; None until they were.
        handed_over_at: when the owner got it; None for a file that nobody has said to have sent on.
        still_open: how many of its rows are open and await the answer to this very sending.
        trouble: code and message of the last try, where it failed.
    """

    id: int
    reference: str
    resource: str
    channel: str
    place: str | None
    rows: int
    still_open: int
    made_at: datetime
    due: date
    due_verified: bool
    state: str
    tries: int
    sent_at: datetime | None
    handed_over_at: datetime | None
    trouble: tuple[str, str] | None


@contextmanager
def only_sender(connection: Connection, resource: str) -> Iterator[None]:
    """Hold the resource's way back for this connection; PostgreSQL lets go of it when the process dies.

    Raises:
        ReturnsBusy: somebody else holds it.
    """
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('returns'), hashtext(%s))", (resource,))
    if row is None or not row[0]:
        raise ReturnsBusy(
            f"rows of {resource} are being sent back by another process; this one sent nothing. Try again when it ends."
        )
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('returns'), hashtext(%s))", (resource,))


def prepare(
    cursor: Any,
    *,
    resource: str,
    channel: str,
    reference: str,
    entries: Sequence[int],
    due: date,
    due_verified: bool,
    now: datetime,
) -> int:
    """Write down a sending and what goes in it; part of the transaction that chose the entries."""
    cursor.execute(
        "insert into sending (reference, resource, channel, rows, made_at, due, due_verified) "
        "values (%s, %s, %s, %s, %s, %s, %s) returning id",
        (reference, resource, channel, len(entries), now, due, due_verified),
    )
    sending: int = cursor.fetchone()[0]
    cursor.execute(
        "insert into sending_entry (sending, entry) select %s, unnest(%s::bigint[])", (sending, list(entries))
    )
    cursor.execute("update quarantine set sent_in = %s where id = any(%s)", (sending, list(entries)))
    return sending


def unfinished(connection: Connection, resource: str) -> list[SendingRow]:
    """Sendings of a resource whose receipt is not recorded, oldest first: prepared, or refused by the channel.

    One of whose rows none awaits an answer any more is no longer wanted and left out.
    """
    return [
        row
        for row in _sendings(connection, "d.resource = %(resource)s and d.state <> 'sent'", resource=resource)
        if row.still_open
    ]


def begin_try(connection: Connection, sending: int, *, due: date, due_verified: bool) -> None:
    """Count a try and write down the day the owner will be told, before anything leaves."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update sending set tries = tries + 1, due = %s, due_verified = %s, state = 'prepared' "
            "where id = %s and state <> 'sent'",
            (due, due_verified, sending),
        )


def note_receipt(connection: Connection, sending: int, *, place: str, handed_over: bool, now: datetime) -> None:
    """The channel has taken the rows; `handed_over` is False where a person still has to send a file on."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update sending set state = 'sent', place = %s, sent_at = %s, handed_over_at = %s, trouble_code = null, "
            "trouble_message = null where id = %s and state <> 'sent'",
            (place, now, now if handed_over else None, sending),
        )
        # a row that was corrected and came again while this was under way has gone with it all the same
        cursor.execute(
            "update quarantine q set sent_in = e.sending from sending_entry e "
            "where e.sending = %s and q.id = e.entry and q.state = 'open' and q.sent_in is null",
            (sending,),
        )


def note_trouble(connection: Connection, sending: int, error: HubError) -> None:
    """Why a try came to nothing: what may succeed later stays prepared, what will not has failed."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update sending set state = %s, trouble_code = %s, trouble_message = %s where id = %s and state <> 'sent'",
            ("prepared" if isinstance(error, Retryable) else "failed", error.code, error.message, sending),
        )


def give_up(connection: Connection, sending: int, message: str) -> None:
    """A sending by a channel that is no longer the declared one is not tried again; its rows wait anew."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update sending set state = 'failed', trouble_message = %s where id = %s and state <> 'sent'",
            (message, sending),
        )
        cursor.execute("update quarantine set sent_in = null where sent_in = %s", (sending,))


def note_handover(cursor: Any, sending: int, *, due: date, due_verified: bool, now: datetime) -> bool:
    """A person has sent the file on; False when somebody said so before. Part of the act's transaction."""
    cursor.execute(
        "update sending set handed_over_at = %s, due = %s, due_verified = %s "
        "where id = %s and state = 'sent' and handed_over_at is null",
        (now, due, due_verified, sending),
    )
    return bool(cursor.rowcount)


def entries_of(connection: Connection, sending: int) -> list[int]:
    """The numbers of the entries that went in a sending, in the order in which they go."""
    rows = fetch_all(connection, "select entry from sending_entry where sending = %s order by entry", (sending,))
    return [row[0] for row in rows]


def by_reference(connection: Connection, reference: str) -> SendingRow:
    """One sending.

    Raises:
        NotInStore: no sending bears the reference.
    """
    found = _sendings(connection, "d.reference = %(reference)s", reference=reference)
    if not found:
        raise NotInStore("no sending bears that reference; `hub quarantine sendings` shows those there are")
    return found[0]


def every(
    connection: Connection, *, resource: str | None = None, only_open: bool = False, limit: int = 1000
) -> list[SendingRow]:
    """Sendings, newest first; with `only_open` those that some row still awaits the answer of."""
    return _sendings(
        connection,
        "(%(resource)s is null or d.resource = %(resource)s) and (not %(only_open)s or exists "
        "(select 1 from quarantine q where q.sent_in = d.id and q.state = 'open'))",
        order="desc",
        resource=resource,
        only_open=only_open,
        limit=limit,
    )


def _sendings(connection: Connection, where: str, *, order: str = "asc", **values: Any) -> list[SendingRow]:
    rows = fetch_all(
        connection,
        "select d.id, d.reference, d.resource, d.channel, d.place, d.rows, "
        "(select count(*) from quarantine q where q.sent_in = d.id and q.state = 'open'), "
        "d.made_at, d.due, d.due_verified, d.state, d.tries, d.sent_at, d.handed_over_at, d.trouble_code, "
        f"d.trouble_message from sending d where {where} order by d.id {order} limit %(limit)s",
        {"limit": None, **values},
    )
    return [SendingRow(*(*row[:14], (row[14] or "", row[15]) if row[15] else None)) for row in rows]
