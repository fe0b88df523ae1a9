"""Rows for COPY in PostgreSQL's binary form: sealed bytes go as they are, not as twice as many hexadecimal digits.

The form is that of the manual's page on COPY (section "Binary Format"); every value is its length and its bytes.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER: Final = struct.pack(">h", -1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_BYTEA_OID: Final = 17

_length = struct.Struct(">i").pack
_int4 = struct.Struct(">ii").pack
_int8 = struct.Struct(">iq").pack
NULL: Final = _length(-1)
#: In front of a value of so many bytes; nearly all are short, and a list is asked faster than a function.
_LENGTHS: Final = tuple(map(_length, range(1024)))
_ONE_BYTEA: Final = struct.pack(">iiiii", 1, 0, _BYTEA_OID, 1, 1)


def of_bytes(value: bytes) -> bytes:
    """A bytea, or text that is encoded already."""
    size = len(value)
    return (_LENGTHS[size] if size < len(_LENGTHS) else _length(size)) + value


def of_text(value: str | None) -> bytes:
    """A text, or NULL."""
    return NULL if value is None else of_bytes(value.encode())


def of_int(value: int) -> bytes:
    """An integer (int4)."""
    return _int4(4, value)


def of_bigint(value: int) -> bytes:
    """A bigint (int8)."""
    return _int8(8, value)


def of_moment(value: datetime) -> bytes:
    """A timestamptz: microseconds since 2000."""
    since = value - _EPOCH
    return of_bigint((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def of_array(values: Sequence[bytes]) -> bytes:
    """A bytea[] of one dimension; an empty one has none."""
    if len(values) == 1:
        return of_bytes(_ONE_BYTEA + of_bytes(values[0]))
    if not values:
        return of_bytes(struct.pack(">iii", 0, 0, _BYTEA_OID))
    head = struct.pack(">iiiii", 1, 0, _BYTEA_OID, len(values), 1)
    return of_bytes(head + b"".join(map(of_bytes, values)))


def array_of(values: Iterable[bytes]) -> str:
    """A parameter for `%s::bytea[]`: one literal, where a Python list would become an expression of many."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def of_json(value: Mapping[str, Any]) -> bytes:
    """A jsonb: the number of its form, and the text."""
    return of_bytes(b"\x01" + json.dumps(dict(value), ensure_ascii=False).encode())


def of_bool(value: bool) -> bytes:
    """A boolean."""
    return of_bytes(b"\x01" if value else b"\x00")


class CopyRows:
    """Collects rows of already encoded values and copies them in one go.

    Args:
        table: its name.
        columns: in the order of the values of each row.
    """

    def __init__(self, table: str, *columns: str) -> None:
        self._statement = f"copy {table} ({', '.join(columns)}) from stdin (format binary)"
        self._count = struct.pack(">h", len(columns))
        self._parts: list[bytes] = [_HEADER]

    def add(self, *values: bytes) -> None:
        """One row."""
        self._parts.append(self._count)
        self._parts += values

    def copy(self, cursor: Any) -> None:
        """Send what was collected; nothing where nothing was."""
        if len(self._parts) > 1:
            self._parts.append(_TRAILER)
            data = b"".join(self._parts)
            self._parts = [_HEADER]
            # In one piece: for every piece the driver takes Python's lock again, and another thread may hold it long.
            cursor.copy_expert(self._statement, io.BytesIO(data), size=len(data))
