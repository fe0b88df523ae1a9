"""Append-only logs: an entry waits in the transaction that made it, a sequencer numbers it, tiles hold the tree.

Appends meet nobody: an entry is inserted with its leaf hash and waits. One sequencer at a time takes committed
entries out of waiting, thousands at once, gives them the next numbers in the order in which they began to wait, and
writes leaves and full tiles, all in one transaction. Killed at any point, it has done a batch or nothing of it.

A tile is 256 hashes, as in C2SP tlog-tiles: level 0 of leaves, level k of the roots of full tiles of level k-1. Only
full tiles are stored; what is right of them is read from the leaves and from the roots beside the tiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final, NamedTuple

from psycopg2.extras import execute_values

from core.errors import Permanent, Retryable
from core.merkle import full_root
from store.connection import Connection, fetch_all, fetch_one, transaction

_WAIT: Final = "insert into log_waiting (log, entry, leaf) values"
#: Statement by which an entry (log, entry, leaf) begins to wait for its number; it conflicts with no other append.
WAIT: Final = f"{_WAIT} (%s, %s, %s)"
#: The same for `execute_values`: many entries at once, in their order.
WAIT_ALL: Final = f"{_WAIT} %s"
#: Hashes of a tile, and levels of the tree it spans.
TILE, HEIGHT = 256, 8
_HASH = 32
#: First half of the advisory locks; the second is the log's name.
_SEQUENCER, _SEALER = "hashtext('log sequencer')", "hashtext('log sealer')"


class LogShrunk(Permanent):
    """The log is shorter than a signed head says, or its tree is another: it was changed behind the hub's back."""

    code: ClassVar[str] = "HUB-781"


class SealerBusy(Retryable):
    """Another process seals a head of the log at this moment."""

    code: ClassVar[str] = "HUB-785"


class Leaf(NamedTuple):
    """One numbered entry."""

    seq: int
    entry: str
    leaf: bytes


class Tile(NamedTuple):
    """A full tile: its hashes joined, and their root."""

    level: int
    n: int
    hashes: bytes
    root: bytes


def sequence(connection: Connection, log: str, batch: int = 5_000) -> int | None:
    """Number one batch of waiting entries; how many, or None when another sequencer is at work.

    Raises:
        LogShrunk: the log is shorter than its newest signed head; nothing was numbered.
    """
    with transaction(connection) as cursor:
        cursor.execute(f"select pg_try_advisory_xact_lock({_SEQUENCER}, hashtext(%s))", (log,))
        if not cursor.fetchone()[0]:
            return None
        first = size(cursor, log)
        cursor.execute("select coalesce(max(size), 0) from log_head where log = %s", (log,))
        signed = cursor.fetchone()[0]
        if first < signed:
            raise LogShrunk(
                f"the log `{log}` holds {first} entries, but a signed head covers {signed}: entries were removed. New "
                f"ones go on being written and wait; none gets a number. Find out what was removed: hub {log} verify."
            )
        cursor.execute(
            "with taken as (delete from log_waiting where id = any(array("
            "select id from log_waiting where log = %(log)s order by id limit %(batch)s)) returning id, entry, leaf) "
            "insert into log_leaf (log, seq, entry, leaf) "
            "select %(log)s, %(first)s + row_number() over (order by id) - 1, entry, leaf from taken "
            "returning seq, leaf",
            {"log": log, "batch": batch, "first": first},
        )
        leaves = [bytes(leaf) for _, leaf in sorted(cursor.fetchall())]
        _add_tiles(cursor, log, first, leaves)
    return len(leaves)


def size(cursor: Any, log: str) -> int:
    """How many entries have a number."""
    cursor.execute("select coalesce(max(seq) + 1, 0) from log_leaf where log = %s", (log,))
    found: int = cursor.fetchone()[0]
    return found


def waiting_seconds(connection: Connection, log: str) -> float:
    """How long the entry that began to wait first has waited, by the database's clock; 0 when none waits."""
    row = fetch_one(
        connection,
        "select extract(epoch from clock_timestamp() - since) from log_waiting where log = %s order by id limit 1",
        (log,),
    )
    return max(0.0, float(row[0])) if row else 0.0


def waiting_count(connection: Connection, log: str) -> int:
    """How many entries wait for a number."""
    row = fetch_one(connection, "select count(*) from log_waiting where log = %s", (log,))
    return int(row[0]) if row else 0


def number_of(connection: Connection, log: str, entry: str) -> Leaf | None:
    """The numbered entry, None while it has no number or is unknown."""
    row = fetch_one(
        connection, "select seq, entry::text, leaf from log_leaf where log = %s and entry = %s", (log, entry)
    )
    return Leaf(row[0], row[1], bytes(row[2])) if row else None


def waits(connection: Connection, log: str, entry: str) -> bool:
    """Whether the entry waits for its number."""
    return fetch_one(connection, "select from log_waiting where log = %s and entry = %s", (log, entry)) is not None


def waiting_after(connection: Connection, log: str, last: int, limit: int) -> list[Leaf]:
    """Waiting entries in the order in which they began to wait; `seq` is the place in that queue, not a number."""
    rows = fetch_all(
        connection,
        "select id, entry::text, leaf from log_waiting where log = %s and id > %s order by id limit %s",
        (log, last, limit),
    )
    return [Leaf(id_, entry, bytes(leaf)) for id_, entry, leaf in rows]


def leaves(connection: Connection, log: str, first: int, end: int) -> list[Leaf]:
    """Numbers `first` up to before `end`, those that are there, in order."""
    rows = fetch_all(
        connection,
        "select seq, entry::text, leaf from log_leaf where log = %s and seq >= %s and seq < %s order by seq",
        (log, first, end),
    )
    return [Leaf(seq, entry, bytes(leaf)) for seq, entry, leaf in rows]


def tiles(connection: Connection, log: str, level: int, first: int, end: int) -> dict[int, Tile]:
    """Full tiles `first` up to before `end` of a level, those that are there."""
    rows = fetch_all(
        connection,
        "select level, n, hashes, root from log_tile where log = %s and level = %s and n >= %s and n < %s",
        (log, level, first, end),
    )
    return {n: Tile(at, n, bytes(hashes), bytes(root)) for at, n, hashes, root in rows}


def tile_counts(connection: Connection, log: str) -> dict[int, int]:
    """Level to how many full tiles are stored."""
    rows = fetch_all(connection, "select level, count(*) from log_tile where log = %s group by level", (log,))
    return dict(rows)


class Tree:
    """The full subtrees of a stored log, read from tiles; give its `node` to `core.merkle`."""

    def __init__(self, connection: Connection, log: str) -> None:
        self._connection = connection
        self._log = log
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def node(self, height: int, index: int) -> bytes:
        """The hash of one full subtree.

        Raises:
            LogShrunk: the log does not hold it.
        """
        level, rest = divmod(height, HEIGHT)
        n, place = divmod(index << rest, TILE)
        found = self._tile(level, n)[place : place + (1 << rest)]
        if len(found) != 1 << rest:
            raise LogShrunk(
                f"the tree of log `{self._log}` lacks hashes at level {level}, tile {n}: leaves or tiles were removed. "
                f"Find out which: hub {self._log} verify."
            )
        return full_root(found)

    def _tile(self, level: int, n: int) -> list[bytes]:
        found = self._tiles.get((level, n))
        if found is None:
            full = tiles(self._connection, self._log, level, n, n + 1).get(n)
            if full is not None:
                found = [full.hashes[i : i + _HASH] for i in range(0, len(full.hashes), _HASH)]
            else:
                with transaction(self._connection) as cursor:
                    found = _hashes(cursor, self._log, level, n * TILE, (n + 1) * TILE)
            if len(self._tiles) >= 64:
                self._tiles.clear()
            self._tiles[level, n] = found
        return found


@contextmanager
def only_sealer(connection: Connection, log: str) -> Iterator[None]:
    """Be the only process that seals heads of a log; PostgreSQL lets go when the process dies.

    Raises:
        SealerBusy: another one does.
    """
    row = fetch_one(connection, f"select pg_try_advisory_lock({_SEALER}, hashtext(%s))", (log,))
    if row is None or not row[0]:
        raise SealerBusy(f"another process seals a head of log `{log}`; nothing was done. Try again when it ends.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, f"select pg_advisory_unlock({_SEALER}, hashtext(%s))", (log,))


def _add_tiles(cursor: Any, log: str, first: int, hashes: list[bytes]) -> None:
    """Write every tile that is full now that these hashes stand at `first` and after, level by level."""
    level, start = 0, first
    while hashes:
        base = start - start % TILE
        if base != start:
            # what is there already up to the new ones, not including them
            hashes = _hashes(cursor, log, level, base, start) + hashes
        chunks = [hashes[i : i + TILE] for i in range(0, len(hashes) - TILE + 1, TILE)]
        roots = [full_root(chunk) for chunk in chunks]
        if chunks:
            rows = [
                (log, level, base // TILE + place, b"".join(chunk), root)
                for place, (chunk, root) in enumerate(zip(chunks, roots, strict=True))
            ]
            execute_values(cursor, "insert into log_tile (log, level, n, hashes, root) values %s", rows)
        level, start, hashes = level + 1, base // TILE, roots


def _hashes(cursor: Any, log: str, level: int, first: int, end: int) -> list[bytes]:
    """The hashes of a level that are there: leaves, or the roots of full tiles below."""
    if level == 0:
        cursor.execute(
            "select leaf from log_leaf where log = %s and seq >= %s and seq < %s order by seq", (log, first, end)
        )
    else:
        cursor.execute(
            "select root from log_tile where log = %s and level = %s and n >= %s and n < %s order by n",
            (log, level - 1, first, end),
        )
    return [bytes(row[0]) for row in cursor]
