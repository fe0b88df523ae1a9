"""How records come in: the one shape every department is read through.

An adapter (one file per protocol) turns a department's system into pages of raw bytes, and a
page into records. It never judges a record, never writes to the store and keeps no state of its
own: where it stands is the cursor, which the caller stores in the same transaction as the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from core.edition import written
from core.errors import Permanent, Rejected, Retryable

#: Where a resource's reading stands. JSON-serialisable, opaque to everybody but its adapter;
#: an empty mapping means "from the beginning".
Cursor = Mapping[str, Any]


class Operation(StrEnum):
    """What a source says happened to a record (the column `cd_operation` of the exchange tables)."""

    INSERT = "I"
    UPDATE = "U"
    DELETE = "D"


#: Cuts a row's bytes into its values under the source's names, and says what is wrong where it cannot.
Cut = Callable[[bytes], tuple[Mapping[str, Any], str | None]]


@dataclass(frozen=True, slots=True)
class RawPage:
    """Bytes exactly as the department sent them, kept before anything reads them.

    `number` counts from 1 and goes on across runs, since it travels in the cursor. `context` holds
    what is needed to read the bytes later without the source (encoding, header line, file name);
    it is stored beside them. `next_cursor` is where reading goes on once this page is committed.
    `declared_rows` is the number of rows the source itself says `records` will find, None where it
    does not say. Nothing of the body shows in the repr: it may be a citizen's.
    """

    number: int
    body: bytes = field(repr=False)
    next_cursor: Cursor
    context: Mapping[str, str] = field(default_factory=dict)
    declared_rows: int | None = None


class RawRecord:
    """One row of a page under the source's own column names, not judged yet.

    `raw` is the row's own bytes (or the canonical JSON of it where the page is one document), so
    that a quarantined row can be given back as it came. `problem` is set when the row could not
    be cut into columns at all, e.g. "7 values under 6 names"; its `fields` then hold what there is.
    `edition` says where the source itself puts this edition of the record in time, see `core.edition`; None where
    nothing is known of it.
    Nothing of the row shows in the repr: it may be a citizen's.
    """

    __slots__ = ("_copy", "_cut", "_edition", "_fields", "_problem", "operation", "position", "raw")

    def __init__(
        self,
        position: int,
        fields: Mapping[str, Any],
        raw: bytes,
        operation: Operation = Operation.INSERT,
        problem: str | None = None,
        edition: str | None = None,
    ) -> None:
        self.position = position
        self.raw = raw
        self.operation = operation
        self._copy: tuple[str, str] | None = None
        self._edition = edition
        self._fields: Mapping[str, Any] = fields
        self._problem = problem
        self._cut: Cut | None = None

    @classmethod
    def uncut(cls, position: int, raw: bytes, cut: Cut, copy: tuple[str, str] | None = None) -> RawRecord:
        """A row that is cut into columns only when somebody looks at them: a row known by its bytes never is.

        Args:
            copy: order and copy of its edition, of which its position is the place; None where nothing is known of it.
        """
        row = cls.__new__(cls)
        row.position = position
        row.raw = raw
        row.operation = Operation.INSERT
        row._copy = copy
        row._edition = None
        row._cut = cut
        return row

    @property
    def fields(self) -> Mapping[str, Any]:
        """The row's values under the source's names."""
        if self._cut is not None:
            self._look(self._cut)
        return self._fields

    @property
    def problem(self) -> str | None:
        """Why the row is no row of columns, None where it is one."""
        if self._cut is not None:
            self._look(self._cut)
        return self._problem

    @property
    def edition(self) -> str | None:
        """The row's place among the editions of its record; None where nothing is known of it."""
        return self._edition if self._copy is None else written(*self._copy, self.position)

    def _look(self, cut: Cut) -> None:
        self._fields, self._problem = cut(self.raw)
        self._cut = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawRecord) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]  # rows are compared, not looked up

    def _all(self) -> tuple[object, ...]:
        return self.position, dict(self.fields), self.raw, self.operation, self.problem, self.edition

    def __repr__(self) -> str:
        return f"RawRecord(position={self.position}, operation={self.operation.value})"


class Source(Protocol):
    """One resource of one department, ready to be read."""

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Every page after `cursor`, in order, ending where the source has no more for now.

        Calling it again with the `next_cursor` of a page already seen continues behind that page.

        Raises:
            SourceUnavailable: no answer, a timeout, HTTP 5xx or 429, a dropped connection.
            SourceRefused: the department refuses us (credentials, signature, unknown resource).
            SourceGarbled: an answer that is not what the protocol promises (HTML, half a page,
                the same page twice, HTTP 200 with an error inside that is not known to pass).
            FileRefused: one file is bad; reading goes on behind it with the error's `next_cursor`.
            CursorRefused: `cursor` was not made by this adapter.
        """
        ...

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of a kept page; needs the page only, not the source.

        Raises:
            SourceGarbled: the bytes are not a page of this protocol.
        """
        ...

    def count(self, cursor: Cursor) -> int | None:
        """How many rows the source itself says lie behind `cursor`; None where it cannot say."""
        ...

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """How many rows the source now says lie behind `after` and not behind `until`; None where it cannot say.

        Asked when a batch has read another number of rows than `count` said before it: the source may have
        gone on meanwhile, and then says so.
        """
        ...

    def acknowledge(self, cursor: Cursor) -> None:
        """Tell the department that everything up to `cursor` is durable here; nothing where it wants no receipt.

        Call it once the page with this `next_cursor` is committed, and once more with the stored cursor
        before reading begins, since a crash may lie between the two. Saying it twice changes nothing.

        Raises:
            SourceUnavailable, SourceRefused: not told; the rows stay ours and the next call tells it.
        """
        ...


def rows_between(source: Source, after: Cursor, until: Cursor) -> int | None:
    """The difference of two counts: a `recount` for sources that count what lies behind a cursor."""
    behind, further = source.count(after), source.count(until)
    return None if behind is None or further is None else behind - further


@runtime_checkable
class Timed(Protocol):
    """A source whose cursor is a point of the source's own time, so that it can be set back or found ahead of ours."""

    def rewound(self, cursor: Cursor, by: timedelta) -> Cursor:
        """The cursor set back by so much time; what is read again is known and changes nothing.

        A row that was committed late bears a time that reading has passed already; only so is it found.
        """
        ...

    def moment(self, cursor: Cursor) -> datetime | None:
        """The source's own time at which a cursor stands, in Asia/Shanghai; None before the first row."""
        ...


@runtime_checkable
class Splittable(Source, Protocol):
    """A source that can be read in parts at the same time, each part a range of the record's key."""

    def split(self, cursor: Cursor, parts: int) -> tuple[Cursor, list[tuple[str | None, str | None]]]:
        """Up to where reading goes (the newest row there is now), and at most `parts` ranges of the key.

        A range is its lower bound (included; None: open) and its upper bound (excluded; None: open). Together the
        ranges hold every key once, so that no two parts read editions of one record.
        """
        ...

    def part(self, lower: str | None, upper: str | None, until: Cursor) -> Source:
        """The same source, of which only one range of the key and nothing behind `until` is read."""
        ...


@runtime_checkable
class Watchable(Protocol):
    """A source that can be asked each second whether it holds more: one short question over a connection it keeps."""

    def behind(self, cursor: Cursor, *, at_most: int) -> int:
        """How many rows lie behind `cursor`; no more than `at_most` are counted. One try, no repetition.

        Raises:
            SourceUnavailable, SourceRefused, SourceGarbled: no answer; the next question connects anew.
        """
        ...

    def close(self) -> None:
        """Close what is kept open."""
        ...


@runtime_checkable
class Askable(Protocol):
    """A source that answers about one citizen or company right now, while somebody waits at a counter.

    Which kinds it can be asked about stands under `[live]` of its declaration. It keeps connections open between
    questions and may be asked by several threads at once. A number never stands in a message, nor in a log of ours.
    """

    def ask(self, kind: Literal["citizen", "company"], number: str, *, seconds: float) -> list[RawRecord]:
        """What the source says of this person now: the record that stands, not the editions before it; empty: nothing.

        One try, no repetition. The rows are not judged; a source may answer with somebody else's, and the caller looks.

        Args:
            number: 18 characters, normalised: a citizen number or a credit code.
            seconds: a hard limit for everything: connecting, signing in, asking, reading.

        Raises:
            SourceUnavailable: no answer within the time, or none at all.
            SourceRefused: the department says no.
            SourceGarbled: an answer that is none; unlike a page its bytes are not kept.
            NotAskable: nothing is declared for this kind (`connectors.asking`).
            NoRoomToAsk: the rate agreed with the department leaves no room within the time; nothing was sent.
        """
        ...

    def close(self) -> None:
        """Give the kept connections back; may be called twice."""
        ...


class SourceUnavailable(Retryable):
    """The department's system does not answer now; `retry_after_s` is set when it said when to come back."""

    code: ClassVar[str] = "HUB-101"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceRefused(Permanent):
    """The department's system answers and says no: credentials, signature or unknown resource."""

    code: ClassVar[str] = "HUB-102"


class SourceGarbled(Retryable):
    """An answer that is not what the protocol promises; tried again, the bytes are in `body`."""

    code: ClassVar[str] = "HUB-103"

    def __init__(self, message: str, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body


class FileRefused(Rejected):
    """A file that is not what it says it is; `body` is kept and reported, nothing of it lands."""

    code: ClassVar[str] = "HUB-104"

    def __init__(self, message: str, body: bytes = b"", next_cursor: Cursor | None = None) -> None:
        super().__init__(message)
        self.body = body
        self.next_cursor: Cursor | None = next_cursor


class CursorRefused(Permanent):
    """The stored cursor was not made by this adapter, e.g. after a resource changed its protocol."""

    code: ClassVar[str] = "HUB-105"
