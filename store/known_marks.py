"""All marks of a resource's current records at once, in little memory, for a batch that will ask for most of them.

Marks are keyed hashes, so a question for a page's marks goes to as many random places of the index as it has rows. A
batch that reads everything again asks a million such questions; reading the heads through once in their own order is
ten times cheaper.
"""

from __future__ import annotations

import io
import sys
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

from store.connection import Connection, transaction

#: A mark and a key as they lie in a row of binary COPY: two fields, each with its length in front.
_MARK, _KEY = 16, 32
_ROW: Final = 2 + 4 + _MARK + 4 + _KEY
_HEADER: Final = 19
_FIELDS: Final = b"\x00\x02" + _MARK.to_bytes(4)
#: Marks are told apart by so many of their bytes first.
_PREFIX: Final = 8
_AT_ONCE: Final = 10_000
#: So many rows are 200 MB; a larger resource is asked page by page.
MOST: Final = 3_500_000


class KnownMarks:
    """Mark to key of every current record of a resource as it stood when this was read; 66 bytes each.

    Args:
        rows: what binary COPY gives for (mark, key) in the order of marks.
    """

    def __init__(self, rows: memoryview) -> None:
        self._rows = rows
        first, end = _HEADER + 6, len(rows) - 2
        self._prefixes = array("Q")
        for start in range(first, end, _ROW * _AT_ONCE):
            places = range(start, min(start + _ROW * _AT_ONCE, end), _ROW)
            self._prefixes.frombytes(b"".join([rows[at : at + _PREFIX] for at in places]))
        if sys.byteorder == "little":
            self._prefixes.byteswap()  # COPY writes the first byte first

    def __len__(self) -> int:
        return len(self._prefixes)

    def of(self, marks: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Mark to key of those of these marks that are there."""
        found: dict[bytes, bytes] = {}
        prefixes, rows, count = self._prefixes, self._rows, len(self._prefixes)
        for mark in marks:
            at = bisect_left(prefixes, int.from_bytes(mark[:_PREFIX]))
            while at < count:
                start = _HEADER + at * _ROW + 6
                there = bytes(rows[start : start + _MARK])
                if there == mark:
                    found[mark] = bytes(rows[start + _MARK + 4 : start + _MARK + 4 + _KEY])
                if there[:_PREFIX] != mark[:_PREFIX]:
                    break
                at += 1
        return found


def read_known(connection: Connection, resource: str) -> KnownMarks | None:
    """Every mark of the resource; None where there are too many to hold, or one is not of the usual length."""
    out = io.BytesIO()
    with transaction(connection) as cursor:
        cursor.execute(
            "select count(*), coalesce(bool_and(length(mark) = %s and length(key) = %s), true) from record_head "
            "where resource = %s and mark is not null",
            (_MARK, _KEY, resource),
        )
        count, usual = cursor.fetchone()
        if count > MOST or not usual:
            return None
        cursor.execute("set local work_mem = '96MB'")
        query = cursor.mogrify(
            "copy (select mark, key from record_head where resource = %s and mark is not null order by mark) "
            "to stdout (format binary)",
            (resource,),
        )
        cursor.copy_expert(query.decode(), out)
    return KnownMarks(out.getbuffer())
