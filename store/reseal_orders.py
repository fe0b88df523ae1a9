"""Orders to reseal: which licences they are about, in chunks that are made together, and what came of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from psycopg2.extras import execute_values

from core.clock import SHANGHAI
from core.errors import Permanent
from schemas.licence_life import Status, Step
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.licences import COLUMNS, FROM, LicenceVersion, read

#: Licences that are made together: half a second of work for one core, and at the most so much is done twice.
CHUNK: Final = 100
#: What is left of an order.
_LEFT: Final = "(outcome is null or outcome = 'failed')"
#: The seal under a document: the one of its last use that came to an end. No entry for a use older than the register.
_SEAL: Final = (
    "left join lateral (select u.seal_id, s.sm3, s.credit_code from seal_use u "
    "left join seal s on s.id = u.seal "
    "where u.licence = v.id and u.document_kind = 'ofd' and u.outcome = 'sealed' order by u.id desc limit 1) s on true"
)
#: The seventh part of an identifier is its issuer.
_ISSUER: Final = "split_part(v.identifier, '.', 7)"
#: Whether a current document does not bear the current seal and the current organ's code.
_OLD: Final = f"(s.sm3 is distinct from %(seal)s or {_ISSUER} <> %(issuer)s)"
#: What a licence that is not resealed is, on a day; null for one that is.
_NOT_RESEALED: Final = (
    "case when l.status not in ('valid', 'suspended') then l.status when l.valid_until < %(day)s then 'expired' end"
)


class OrderUnfit(Permanent):
    """There is no such order to reseal licences, or it was given for another seal than the one that is used now."""

    code: ClassVar[str] = "HUB-937"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which licences an order is about: documents of these organs that are not under the current seal.

    Attributes:
        of: credit code of an organ and a licence type, for each pair that is ours; the code is the issuer's in the
            identifier, or that of the seal's organ.
        seal, issuer: SM3 of the current seal, and the current organ's code.
        old_seal: only those under a seal of this ES_ID.
        limit: no more than so many.
    """

    of: tuple[tuple[str, str], ...]
    seal: bytes
    issuer: str
    old_seal: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was given. `organ` and `old_seal` are None where none was named."""

    id: str
    organ: str | None
    old_seal: str | None
    seal_sm3: bytes
    es_id: str
    legal_basis: str
    by_user: str
    by_organisation: str
    begun_at: datetime
    ended_at: datetime | None
    passed_over: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Failed:
    """A licence that did not get its document. `code` is the error's, `said` what it said."""

    number: str
    code: str
    said: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How an order stands. `passed_over` counts by status, those when it began among them."""

    done: int
    left: int
    failed: int
    passed_over: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Item:
    """A licence of an order.

    Attributes:
        licence: its id.
        status: what its last step left.
        valid_until: its last day; None for 长期.
        current: its current document; `facts` are that one's, sealed, and `trust` its level.
        under: whether that one bears the current seal and organ already.
        newest: number of its last document, whatever became of it.
        unfinished: the document in the making, with its facts.
        dropped: this order's own document where a later step gave it up.
    """

    licence: str
    status: Status
    valid_until: date | None
    current: LicenceVersion
    facts: bytes
    trust: str
    under: bool
    newest: int
    unfinished: tuple[LicenceVersion, bytes] | None
    dropped: LicenceVersion | None


_ORDER: Final = (
    "id, organ, old_seal, seal_sm3, es_id, legal_basis, by_user, by_organisation, begun_at, ended_at, passed_over"
)


def count(connection: Connection, choice: Choice, day: date) -> list[tuple[str, str, str | None, int]]:
    """What an order would be about: licence type, ES_ID of the seal, status where it is not resealed, and how many."""
    return [
        (row[0], row[1] or "—", row[2], row[3])
        for row in fetch_all(
            connection,
            f"select l.licence_type, s.seal_id, {_NOT_RESEALED}, count(*) {_chosen()} group by 1, 2, 3 "
            "order by 1, 2, 3",
            _arguments(choice, day),
        )
    ]


def begin(
    connection: Connection,
    choice: Choice,
    *,
    organ: str | None,
    es_id: str,
    legal_basis: str,
    by_user: str,
    by_organisation: str,
    day: date,
    now: datetime,
    chunk: int = CHUNK,
    origin: str | None = None,
) -> Order:
    """Write an order with its licences, in one transaction; the same `origin` gets its own order again."""
    with transaction(connection) as cursor:
        # One at a time: the next number of the day.
        cursor.execute("select pg_advisory_xact_lock(hashtext('reseal order'))")
        cursor.execute(f"select {_ORDER} from reseal_order where origin = %s", (origin,))
        known = cursor.fetchone()
        if known is not None:
            return _order(known)
        prefix = f"HZ{now.astimezone(SHANGHAI):%Y%m%d}-"
        cursor.execute(
            "select coalesce(max(split_part(id, '-', 2)::integer), 0) + 1 from reseal_order where id like %s",
            (f"{prefix}%",),
        )
        id_ = f"{prefix}{cursor.fetchone()[0]:03d}"
        cursor.execute(
            "insert into reseal_order (id, organ, old_seal, seal_sm3, es_id, legal_basis, by_user, by_organisation, "
            "begun_at, origin) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (id_, organ, choice.old_seal, choice.seal, es_id, legal_basis, by_user, by_organisation, now, origin),
        )
        arguments = _arguments(choice, day) | {"order": id_, "chunk": chunk, "limit": choice.limit}
        cursor.execute(
            f"select status, count(*) from (select {_NOT_RESEALED} status {_chosen()}) t where status is not null "
            "group by 1",
            arguments,
        )
        passed_over = dict(cursor.fetchall())
        cursor.execute(
            "insert into reseal_item (reseal_order, chunk, licence) "
            "select %(order)s, (row_number() over (order by type, year, sequence) - 1) / %(chunk)s, id from ("
            f"select l.id, l.licence_type type, l.year, l.sequence {_chosen()} and {_NOT_RESEALED} is null "
            "order by l.licence_type, l.year, l.sequence limit %(limit)s) t",
            arguments,
        )
        cursor.execute(
            f"update reseal_order set passed_over = %s where id = %s returning {_ORDER}", (json.dumps(passed_over), id_)
        )
        return _order(cursor.fetchone())


def find(connection: Connection, order: str) -> Order:
    """An order by its number.

    Raises:
        OrderUnfit: there is none.
    """
    row = fetch_one(connection, f"select {_ORDER} from reseal_order where id = %s", (order,))
    if row is None:
        begun = "、".join(one.id for one in open_orders(connection)) or "none"
        raise OrderUnfit(f"there is no order {order} to reseal licences; nothing was done. Not ended yet: {begun}.")
    return _order(row)


def open_orders(connection: Connection) -> list[Order]:
    """The orders that have not ended, the oldest first."""
    rows = fetch_all(connection, f"select {_ORDER} from reseal_order where ended_at is null order by id")
    return [_order(row) for row in rows]


def chunks_left(connection: Connection, order: str) -> list[tuple[int, int]]:
    """The chunks of an order with something left, each with how many licences are left of it."""
    rows = fetch_all(
        connection,
        f"select chunk, count(*) from reseal_item where reseal_order = %s and {_LEFT} group by 1 order by 1",
        (order,),
    )
    return [(row[0], row[1]) for row in rows]


@contextmanager
def chunk_held(connection: Connection, order: str, chunk: int) -> Iterator[bool]:
    """Be the only process at a chunk: whether it is ours. PostgreSQL lets go when the process dies."""
    key = f"{order}/{chunk}"
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('reseal'), hashtext(%s))", (key,))
    held = row is not None and bool(row[0])
    try:
        yield held
    finally:
        if held and not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('reseal'), hashtext(%s))", (key,))


def items_left(connection: Connection, order: Order, chunk: int, issuer: str) -> list[Item]:
    """What is left of a chunk, as it stands now, in the order of numbers."""
    arguments = {"order": order.id, "chunk": chunk, "seal": order.seal_sm3, "issuer": issuer}
    chosen = f"(select licence from reseal_item where reseal_order = %(order)s and chunk = %(chunk)s and {_LEFT})"
    with transaction(connection) as cursor:
        cursor.execute(
            f"select {COLUMNS}, v.facts, v.trust, not {_OLD}, l.status, l.valid_until, "
            "(select max(version) from licence_version n where n.licence = l.id) "
            f"{FROM} and v.version = l.current_version {_SEAL} where l.id in {chosen} "
            "order by l.licence_type, l.year, l.sequence",
            arguments,
        )
        rows = cursor.fetchall()
        cursor.execute(
            f"select {COLUMNS}, v.facts {FROM} where v.licence in {chosen} and (v.state in ('reserved', 'sealed') "
            "or (v.state = 'dropped' and v.made_for = %(order)s || '/' || v.licence))",
            arguments,
        )
        making: dict[str, tuple[LicenceVersion, bytes]] = {}
        dropped: dict[str, LicenceVersion] = {}
        for *columns, facts in cursor.fetchall():
            found = read(columns)
            if found.state == "dropped":
                dropped[found.licence] = found
            else:
                making[found.licence] = (found, bytes(facts))
    return [
        Item(
            current.licence, Status(status), valid_until, current, bytes(facts), trust, under, newest,
            making.get(current.licence), dropped.get(current.licence),
        )
        for *columns, facts, trust, under, status, valid_until, newest in rows
        for current in [read(columns)]
    ]  # fmt: skip


def still(cursor: Any, items: Sequence[Item]) -> set[str]:
    """The licences that still stand as they were read, told by those who hold their rows."""
    cursor.execute(
        "select l.id, l.status, l.valid_until, l.current_version, max(v.version), "
        "bool_or(v.state in ('reserved', 'sealed')) from licence l join licence_version v on v.licence = l.id "
        "where l.id = any(%s::uuid[]) group by l.id",
        ([one.licence for one in items],),
    )
    now = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
    return {
        one.licence
        for one in items
        if now[one.licence]
        == (one.status.value, one.valid_until, one.current.version, one.newest, one.unfinished is not None)
    }


def settle(
    cursor: Any, order: str, outcome: str, rows: Sequence[tuple[str, str | None, str | None]], now: datetime
) -> None:
    """Write what came of licences: id, note, and what was said."""
    execute_values(
        cursor,
        "update reseal_item i set outcome = n.outcome, note = n.note, said = n.said, settled_at = n.at "
        "from (values %s) n (reseal_order, licence, outcome, note, said, at) "
        "where i.reseal_order = n.reseal_order and i.licence = n.licence",
        [(order, licence, outcome, note, said, now) for licence, note, said in rows],
        template="(%s, %s::uuid, %s, %s, %s, %s::timestamptz)",
        page_size=1000,
    )


def counts(connection: Connection, order: Order) -> Counts:
    """How an order stands."""
    rows = fetch_all(
        connection,
        "select outcome, case when outcome = 'passed_over' then note end, count(*) from reseal_item "
        "where reseal_order = %s group by 1, 2",
        (order.id,),
    )
    of = dict.fromkeys((None, "done", "failed"), 0)
    passed_over = dict(order.passed_over)
    for outcome, note, many in rows:
        if outcome == "passed_over":
            passed_over[note] = passed_over.get(note, 0) + many
        else:
            of[outcome] = many
    return Counts(of["done"], of[None], of["failed"], passed_over)


def failures(connection: Connection, order: str, limit: int = 100) -> list[Failed]:
    """The licences that did not get their document, by number."""
    rows = fetch_all(
        connection,
        "select l.number, coalesce(i.note, ''), coalesce(i.said, '') from reseal_item i "
        "join licence l on l.id = i.licence where i.reseal_order = %s and i.outcome = 'failed' "
        "order by l.licence_type, l.year, l.sequence limit %s",
        (order, limit),
    )
    return [Failed(*row) for row in rows]


def end(connection: Connection, order: str, counted: Counts, now: datetime) -> None:
    """Write that nothing is left of an order; once."""
    told = {"done": counted.done, "failed": counted.failed, "left": counted.left, "passed_over": counted.passed_over}
    with transaction(connection) as cursor:
        cursor.execute(
            "update reseal_order set ended_at = %s, counts = %s where id = %s and ended_at is null",
            (now, json.dumps(told), order),
        )


def made_for(order: str, licence: str) -> str:
    """What a document of an order is made for."""
    return f"{order}/{licence}"


def left_over(cursor: Any, order: str) -> list[LicenceVersion]:
    """Documents an order began and did not finish."""
    cursor.execute(
        f"select {COLUMNS} {FROM} where v.state = 'reserved' and v.cause = %s and v.made_for like %s "
        "order by l.id for update of l",
        (Step.RESEAL.value, f"{order}/%"),
    )
    return [read(row) for row in cursor.fetchall()]


def give_up(cursor: Any, order: str, now: datetime) -> int:
    """Leave what is left of an order as it is, for good; how many licences."""
    cursor.execute(
        "update reseal_item set outcome = 'passed_over', note = 'given_up', said = null, settled_at = %s "
        f"where reseal_order = %s and {_LEFT}",
        (now, order),
    )
    many: int = cursor.rowcount
    return many


def _chosen() -> str:
    return (
        f"{FROM} and v.version = l.current_version {_SEAL} where {_OLD} "
        "and exists (select from unnest(%(codes)s::text[], %(types)s::text[]) o (code, type) "
        f"where o.type = l.licence_type and o.code in ({_ISSUER}, s.credit_code)) "
        "and (%(old_seal)s::text is null or s.seal_id = %(old_seal)s)"
    )


def _arguments(choice: Choice, day: date) -> dict[str, Any]:
    return {
        "codes": [code for code, _ in choice.of],
        "types": [kind for _, kind in choice.of],
        "seal": choice.seal,
        "issuer": choice.issuer,
        "old_seal": choice.old_seal,
        "day": day,
    }


def _order(row: Sequence[Any]) -> Order:
    values = list(row)
    values[3] = bytes(row[3])
    return Order(*values)
