"""Which rows stand in the store just so: asked by their marks, page after page, in the order a source sends them.

A mark is a keyed hash, so a page's marks lie at as many random places of the index as it has rows. A source that is
read again mostly sends its rows in the order in which they came before, and so do their heads lie in the table: where a
page's heads were found, those of the next page follow. So that stretch of the table is read first, and the index is
asked for what was not in it. Either way a row is known only where a current head bears its mark now.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from store.connection import Connection, transaction
from store.copying import array_of

#: A head as it is asked for: mark, key, and the block it lies in and its place there.
_HEAD: Final = struct.Struct(">16s32sIH")
_ASKED: Final = (
    "select string_agg(mark || key || tidsend(ctid), '') from record_head "
    "where octet_length(mark) = 16 and octet_length(key) = 32 and "
)
#: A stretch is at most a block for so many rows asked about; heads are 30 and more a block where they lie together.
_ROWS_A_BLOCK: Final = 4
_SPARE_BLOCKS: Final = 16


class KnownRows:
    """Asks for the known rows of one resource; for one connection that nobody else uses meanwhile."""

    def __init__(self, connection: Connection, resource: str) -> None:
        self._connection = connection
        self._resource = resource
        self._stretch: tuple[int, int] | None = None

    def of(self, marks: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Mark to key of every current record whose row bears one of these marks."""
        found: dict[bytes, bytes] = {}
        with transaction(self._connection) as cursor:
            # Until the server has counted a table that a first load filled, it takes most of it for found, and reads
            # all of it for every page.
            cursor.execute("set local enable_seqscan to off")
            if self._stretch is not None:
                found = self._in_stretch(cursor, self._stretch, marks)
            if len(found) < len(marks):
                missing = [mark for mark in marks if mark not in found] if found else marks
                found |= self._by_index(cursor, missing)
        return found

    def _in_stretch(self, cursor: Any, stretch: tuple[int, int], marks: Sequence[bytes]) -> dict[bytes, bytes]:
        begin, end = stretch
        cursor.execute(
            _ASKED + "ctid >= %s::tid and ctid < %s::tid and resource = %s",
            (f"({begin},0)", f"({end},0)", self._resource),
        )
        heads = _heads(cursor)
        there = {mark: key for mark, key, _, _ in heads}
        found = {mark: there[mark] for mark in marks if mark in there}
        self._stretch = None
        if 2 * len(found) >= len(marks):
            first = next(block for mark, _, block, _ in heads if mark in found)
            last = next(block for mark, _, block, _ in reversed(heads) if mark in found)
            self._go_on(last, last - first + 1, len(marks))
        return found

    def _by_index(self, cursor: Any, marks: Sequence[bytes]) -> dict[bytes, bytes]:
        cursor.execute(_ASKED + "mark = any(%s::bytea[])", (array_of(marks),))
        heads = _heads(cursor)
        if self._stretch is None and heads:
            blocks = sorted(block for _, _, block, _ in heads)
            middle, half = blocks[len(blocks) // 2], blocks[len(blocks) * 3 // 4] - blocks[len(blocks) // 4]
            if half * _ROWS_A_BLOCK <= len(blocks) + _SPARE_BLOCKS:
                self._go_on(middle, 2 * half + 1, len(marks))
        return {mark: key for mark, key, _, _ in heads}

    def _go_on(self, last: int, blocks: int, rows: int) -> None:
        """Where the next page's heads should lie: behind this page's, in a little more room than it took."""
        room = min(blocks + blocks // 4, rows // _ROWS_A_BLOCK) + _SPARE_BLOCKS
        self._stretch = (last, last + room)


def _heads(cursor: Any) -> list[tuple[bytes, bytes, int, int]]:
    """Mark, key, block and place, in the order of the answer."""
    told = cursor.fetchone()[0]
    return [] if told is None else list(_HEAD.iter_unpack(told))
