"""How PDF writes its smallest things (ISO 32000-1, 7.3): text, dates, streams, numbered objects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone

#: What stands in a literal string as it is: printable ASCII without the string's own marks.
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) - frozenset("()\\")
#: China Standard Time: licences are dated by the wall clock of the bureau.
_CHINA = timezone(timedelta(hours=8))


def text(value: str) -> bytes:
    """A text string: ASCII as it is, anything else in UTF-16."""
    if _PLAIN.issuperset(value):
        return f"({value})".encode("ascii")
    return f"<feff{value.encode('utf-16-be').hex()}>".encode("ascii")


def day(value: date) -> bytes:
    """A date without a time of day, as the beginning of that day in China."""
    return f"(D:{value:%Y%m%d}000000+08'00')".encode("ascii")


def moment(value: datetime) -> bytes:
    """A date and time to the second, as a clock in China shows it; `value` has a zone."""
    return value.astimezone(_CHINA).strftime("(D:%Y%m%d%H%M%S+08'00')").encode("ascii")


def numbered(number: int, body: bytes) -> bytes:
    """An indirect object."""
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


def stream(number: int, entries: bytes, data: bytes) -> bytes:
    """An indirect stream object; `entries` are those of its dictionary besides Length."""
    return b"%d 0 obj\n<<%b/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (number, entries, len(data), data)


def stream_pieces(number: int, entries: bytes, data: Sequence[bytes]) -> tuple[bytes, ...]:
    """As `stream`, for data in pieces that are not worth being copied together first."""
    size = sum(map(len, data))
    return (b"%d 0 obj\n<<%b/Length %d>>\nstream\n" % (number, entries, size), *data, b"\nendstream\nendobj\n")
