"""Sealed values wherever they lie: counted by the data key they are sealed with, and sealed anew.

Tables are walked by ranges of blocks, whatever their indexes; each small transaction takes only rows that
nobody else holds, so that it never waits while it holds rows, and collecting goes on beside it. A row that
is under the current key already is passed over: a walk that died is simply walked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from psycopg2.extras import execute_values

from store.connection import Connection, fetch_all, transaction
from store.errors import KeyringUnusable
from store.vault import Vault

#: Blocks of 8 KB looked through for one list of rows.
_BLOCKS: Final = 256


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed values.

    Attributes:
        resource, bound_to: SQL for the resource whose data key seals a row, and for what it is bound to.
        at_once: rows sealed anew in one transaction; few where a value may be a whole page of a source.
    """

    table: str
    column: str
    resource: str
    bound_to: str
    at_once: int = 500


#: Every place where the hub keeps sealed values. A test looks for columns that are not named here.
PLACES: Final = (
    Place("record", "payload", "t.resource", "t.key"),
    Place("record_history", "payload", "t.resource", "t.key"),
    Place("raw_page", "body", "t.resource", "t.sm3", at_once=8),
    Place("quarantine", "raw", "t.resource", "t.fingerprint"),
    Place("quarantine", "fields", "t.resource", "t.fingerprint"),
    Place("quarantine_act", "note", "t.resource", "convert_to('note', 'UTF8')"),
    Place("doubt", "statement", "t.resource", "convert_to('statement', 'UTF8')"),
    Place("improper_report", "statement", "'my_data'", "convert_to(t.log_entry::text, 'UTF8')"),
    Place("improper_report", "answer", "'my_data'", "convert_to(t.log_entry::text, 'UTF8')"),
    Place("annotated_copy", "receiver", "'annotated_copy'", "convert_to(t.id::text || '/receiver', 'UTF8')"),
    Place("annotated_copy", "cause", "'annotated_copy'", "convert_to(t.id::text || '/cause', 'UTF8')"),
    Place("archive_request", "told", "'archive_request'", "convert_to(t.id::text || '/told', 'UTF8')"),
    Place("archive_request_event", "why", "'archive_request'", "convert_to(t.request::text || '/why', 'UTF8')"),
    Place(
        "archive_request_file",
        "body",
        "'archive_request'",
        "convert_to(t.request::text || '/' || t.part::text, 'UTF8')",
        at_once=8,
    ),
    Place("licence_version", "facts", "'licence'", "convert_to(t.made_for, 'UTF8')"),
    Place("transfer", "facts", "'transfer'", "convert_to(t.id::text, 'UTF8')"),
    Place("licence_step", "reason", "'licence'", "convert_to(t.entry::text, 'UTF8')"),
)


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a walk has come: blocks of `total`, values sealed anew so far, and values that did not open."""

    blocks: int
    total: int
    sealed: int
    unopened: int


def counts(connection: Connection) -> dict[tuple[str, int], int]:
    """How many sealed values there are under each resource and number of data key. Reads every table once."""
    found: Counter[tuple[str, int]] = Counter()
    for place in PLACES:
        rows = fetch_all(
            connection,
            f"select {place.resource}, substring(t.{place.column} from 1 for 4), count(*) "
            f"from {place.table} t where t.{place.column} is not null group by 1, 2",
        )
        for resource, prefix, count in rows:
            found[resource, int.from_bytes(bytes(prefix))] += count
    return dict(found)


def stale(connection: Connection, resource: str | None) -> int:
    """How many values are sealed with an old key of the resource, or of any."""
    total = 0
    for place in PLACES:
        (row,) = fetch_all(connection, f"select count(*) from {place.table} t where {_stale(place)}", {"r": resource})
        total += row[0]
    return total


def in_use(cursor: Any, resource: str, number: int) -> bool:
    """Whether any value is sealed with this data key."""
    for place in PLACES:
        cursor.execute(
            f"select exists (select from {place.table} t where {place.resource} = %s "
            f"and substring(t.{place.column} from 1 for 4) = int4send(%s))",
            (resource, number),
        )
        if cursor.fetchone()[0]:
            return True
    return False


def walk(connection: Connection, vault: Vault, resource: str | None) -> Iterator[Walked]:
    """Seal anew, with the current key, what is sealed with an old key of the resource, or of any.

    Each transaction is committed when its `Walked` comes. Rows that others hold are left for another walk.
    The vault must know every key (`Vault.refresh`) before.
    """
    leaves = [(place, leaf, blocks) for place in PLACES for leaf, blocks in _leaves(connection, place.table)]
    total = sum(blocks for _, _, blocks in leaves)
    behind = sealed = unopened = 0
    for place, leaf, blocks in leaves:
        for first in range(0, blocks, _BLOCKS):
            start, end = (first, 0), (min(first + _BLOCKS, blocks), 0)
            while True:
                rows = _seal_anew(connection, vault, place, leaf, start, end, resource)
                unopened += sum(not opened for _, opened in rows)
                sealed += sum(opened for _, opened in rows)
                if len(rows) < place.at_once:
                    break
                yield Walked(behind + first, total, sealed, unopened)
                # A row that moved while it was being locked is told under its new place: that is for another walk.
                block, line = max((at for at, _ in rows if at < end), default=end)
                start = (block, line + 1)
            yield Walked(behind + end[0], total, sealed, unopened)
        behind += blocks


def _seal_anew(
    connection: Connection,
    vault: Vault,
    place: Place,
    leaf: str,
    start: tuple[int, int],
    end: tuple[int, int],
    resource: str | None,
) -> list[tuple[tuple[int, int], bool]]:
    """One transaction; where each row it took stood, and whether it opened. What does not open stays as it is."""
    taken: list[tuple[tuple[int, int], bool]] = []
    with transaction(connection) as cursor:
        # The plan is known: a range of blocks, then rows by their place. A planner without statistics finds worse.
        cursor.execute("set local enable_hashjoin = off; set local enable_mergejoin = off")
        cursor.execute(
            f"select t.ctid::text, {place.resource}, {place.bound_to}, t.{place.column} from only {leaf} t "
            f"where t.ctid >= %(start)s::tid and t.ctid < %(end)s::tid and {_stale(place)} "
            f"order by t.ctid limit {place.at_once} for no key update of t skip locked",
            {"start": f"({start[0]},{start[1]})", "end": f"({end[0]},{end[1]})", "r": resource},
        )
        found: dict[str, list[tuple[str, bytes, bytes, bytes]]] = {}
        for at, owner, bound_to, sealed in cursor.fetchall():
            block, line = at.strip("()").split(",")
            mark, old = bytes(bound_to), bytes(sealed)
            try:
                plain = vault.open_sealed(owner, mark, old)
            except KeyringUnusable:
                taken.append(((int(block), int(line)), False))
                continue
            taken.append(((int(block), int(line)), True))
            found.setdefault(owner, []).append((at, old, mark, plain))
        for owner, rows in found.items():
            fresh = vault.seal_many(owner, [(mark, plain) for _, _, mark, plain in rows])
            # Number and nonce are compared as well: they are no other row's, so no other row is ever written to.
            execute_values(
                cursor,
                f"update only {leaf} t set {place.column} = v.fresh from (values %s) v (at, before, fresh) "
                f"where t.ctid = v.at and substring(t.{place.column} from 1 for 16) = v.before",
                [(at, old[:16], new) for (at, old, _, _), new in zip(rows, fresh, strict=True)],
                template="(%s::tid, %s, %s)",
                page_size=place.at_once,
            )
    return taken


def _stale(place: Place) -> str:
    return (
        f"exists (select from data_key k where k.resource = {place.resource} and k.state = 'old' "
        f"and int4send(k.number) = substring(t.{place.column} from 1 for 4) and (%(r)s is null or k.resource = %(r)s))"
    )


def _leaves(connection: Connection, table: str) -> list[tuple[str, int]]:
    """The table, or its partitions, each with its number of blocks."""
    rows = fetch_all(
        connection,
        "select leaf::text, pg_relation_size(leaf) / current_setting('block_size')::int from "
        "(select relid from pg_partition_tree(%(table)s) where isleaf union select %(table)s::regclass) t (leaf) "
        "order by 1",
        {"table": table},
    )
    return [(row[0], row[1]) for row in rows]
