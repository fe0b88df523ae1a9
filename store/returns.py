"""Where each quarantined row stands on its way back to its owner. The stages are defined here, once, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from store.connection import Connection, fetch_all, fetch_one
from store.errors import NotInStore
from store.quarantine import Entry

#: Every stage an entry can be in, in the order of its life; the last three are closed.
STAGES: Final = ("waiting", "handover", "sent", "overdue", "answered", "corrected", "released", "dismissed")
OPEN_STAGES: Final = STAGES[:5]

#: Times the record came back to its owner: this row, and open rows of the same key that came before or after it.
_SENT_BACK = """(select count(distinct e.sending) from sending_entry e join sending d on d.id = e.sending
    where d.handed_over_at is not null and (e.entry = q.id or e.entry in (
        select o.id from quarantine o where o.resource = q.resource and o.key = q.key and o.state = 'open')))"""

#: A row that was sent back and whose owner has sent another bad one since under the same key: that one goes on.
_ANSWERED = """exists (select 1 from quarantine o where o.resource = q.resource and o.key = q.key
    and o.state = 'open' and o.id > q.id and o.seen_at > s.sent_at)"""

_STAGE = f"""case when q.state <> 'open' then q.state
    when s.state is distinct from 'sent' then 'waiting'
    when s.handed_over_at is null then 'handover'
    when {_ANSWERED} then 'answered'
    when s.due < %(today)s then 'overdue'
    else 'sent' end"""

_FROM = "from quarantine q left join sending s on s.id = q.sent_in"

_COLUMNS = f"""q.id, q.resource, q.state, q.reasons, q.position, q.page_sm3, q.batch, q.seen_at, q.closed_at, q.doubted,
    {_STAGE} as stage, {_SENT_BACK} as sent_back, q.retries, q.retried_at,
    last.reference, last.due, last.due_verified
    {_FROM} left join lateral (select d.reference, d.due, d.due_verified from sending_entry e
        join sending d on d.id = e.sending where e.entry = q.id order by d.id desc limit 1) last on true"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry and how far it has come.

    Attributes:
        stage: one of `STAGES`.
        sent_back: how often its record was sent back, this row or an open one of the same key.
        reference: the sending it was last put into; `due` and `due_verified` are that sending's.
    """

    entry: Entry
    stage: str
    sent_back: int
    retries: int
    retried_at: datetime | None
    reference: str | None
    due: date | None
    due_verified: bool | None


def standings(
    connection: Connection, *, today: date, resource: str | None = None, stages: Sequence[str] = STAGES, limit: int
) -> list[Standing]:
    """Entries in one of the stages, in the order they were set aside."""
    rows = fetch_all(
        connection,
        # the stage is computed for each row met, so the plain column narrows first
        f"select * from (select {_COLUMNS} where (%(resource)s is null or q.resource = %(resource)s) "
        "and q.state = any(%(states)s)) found where stage = any(%(stages)s) order by id limit %(limit)s",
        {
            "today": today,
            "resource": resource,
            "stages": list(stages),
            "states": sorted({"open" if stage in OPEN_STAGES else stage for stage in stages}),
            "limit": limit,
        },
    )
    return [_standing(row) for row in rows]


def standing(connection: Connection, entry_id: int, *, today: date) -> Standing:
    """How one entry stands.

    Raises:
        NotInStore: there is no such entry.
    """
    row = fetch_one(connection, f"select {_COLUMNS} where q.id = %(id)s", {"today": today, "id": entry_id})
    if row is None:
        raise NotInStore(f"there is no quarantine entry {entry_id}; `hub quarantine list` shows those there are")
    return _standing(row)


def counts(connection: Connection, *, today: date) -> dict[str, dict[str, int]]:
    """Resource → stage → number of entries; a resource that never had one is not there."""
    rows = fetch_all(
        connection, f"select q.resource, {_STAGE}, count(*) {_FROM} group by 1, 2 order by 1", {"today": today}
    )
    found: dict[str, dict[str, int]] = {}
    for resource, stage, number in rows:
        found.setdefault(resource, {})[stage] = number
    return found


def to_send(cursor: Any, resource: str, *, today: date, most: int, tries: int | None, again: bool) -> list[int]:
    """The entries a new sending takes up, held until the transaction ends; oldest first.

    Args:
        tries: leave out what was sent back so often already; None takes it too.
        again: take overdue ones too.
    """
    cursor.execute(
        f"select q.id {_FROM} where q.resource = %(resource)s and q.state = 'open' "
        "and (s.id is null or (%(again)s and s.state = 'sent')) "
        f"and {_STAGE} = any(%(stages)s) and (%(tries)s::int is null or {_SENT_BACK} < %(tries)s) "
        "order by q.id limit %(most)s for update of q",
        {
            "resource": resource,
            "today": today,
            "most": most,
            "tries": tries,
            "again": again,
            "stages": ["waiting", "overdue"] if again else ["waiting"],
        },
    )
    return [row[0] for row in cursor.fetchall()]


def _standing(row: Sequence[Any]) -> Standing:
    entry = Entry(row[0], row[1], row[2], tuple(row[3]), row[4], bytes(row[5]), row[6], row[7], row[8], row[9])
    return Standing(entry, *row[10:])
