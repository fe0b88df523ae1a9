"""What every adapter that can be asked about one citizen or company shares."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from connectors.declaration import Declaration
from connectors.live import Kind, LiveQuestion
from connectors.port import Operation, RawRecord, SourceGarbled, SourceRefused, SourceUnavailable
from core.errors import Permanent, Retryable

T = TypeVar("T")

#: More rows about one number than any resource has for one person are no answer to the question.
MOST_ROWS: Final = 200


class NotAskable(Permanent):
    """A resource cannot be asked about this kind of person: its declaration has no `[live]` for it."""

    code: ClassVar[str] = "HUB-150"


class NoRoomToAsk(Retryable):
    """The rate agreed with the department leaves no room for a question within its time; nothing was sent."""

    code: ClassVar[str] = "HUB-151"


class Once(Generic[T]):
    """Something made when it is first needed, by one thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self.made: T | None = None

    def get(self) -> T:
        """The one there is."""
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made


def question_of(declaration: Declaration, kind: Kind) -> LiveQuestion:
    """The declared question about this kind of person.

    Raises:
        NotAskable: there is none.
    """
    live = declaration.live
    if live is None or not live.names(kind):
        raise NotAskable(
            f"{declaration.name} cannot be asked about a {kind}. Nothing was sent; what is stored stands. Where the "
            "department offers it, declare it under [live]."
        )
    return live


def spellings(kind: Kind, number: str) -> tuple[str, ...]:
    """How a department may have written the number: as it is, with a small x, and as the 15 digits of before 1999."""
    found = [number]
    if kind == "citizen" and len(number) == 18:
        if number.endswith("X"):
            found.append(number[:17] + "x")
        if number[6:8] == "19":
            found.append(number[:6] + number[8:17])
    return tuple(found)


def is_about(fields: Mapping[str, Any], names: Iterable[str], written: Iterable[str]) -> bool:
    """Whether one of the named fields holds the number in one of its spellings."""
    return any(str(fields.get(name) or "").strip() in written for name in names)


def standing(records: Iterable[RawRecord], key: tuple[str, ...]) -> list[RawRecord]:
    """Of several editions of a record the last one, and none where that withdraws it; in order.

    A row that cannot be read has no key and stays, so that whoever judges it says so.
    """
    unreadable: list[RawRecord] = []
    last: dict[tuple[Any, ...], RawRecord] = {}
    for record in records:
        if record.problem is not None:
            unreadable.append(record)
            continue
        named = tuple(record.fields.get(name) for name in key)
        last.pop(named, None)
        last[named] = record
    return [*unreadable, *(one for one in last.values() if one.operation is not Operation.DELETE)]


def not_too_many(rows: Sequence[T]) -> Sequence[T]:
    """The rows of one number, as they are.

    Raises:
        SourceGarbled: more than one person has; which of them would be left out, nobody could say.
    """
    if len(rows) > MOST_ROWS:
        raise SourceGarbled(f"more than {MOST_ROWS} rows about one number")
    return rows


def asked(resource: str, call: Callable[[], list[RawRecord]]) -> list[RawRecord]:
    """What `call` gives; its errors name the resource and say what is left.

    Raises:
        SourceUnavailable, SourceRefused, SourceGarbled, NoRoomToAsk: as `call` does. No bytes are kept of a garbled
            answer: they may be a citizen's, and nobody files them.
    """
    kept = "Nothing of it is stored; what was collected before stands"
    try:
        return list(not_too_many(call()))
    except SourceUnavailable as error:
        raise SourceUnavailable(f"{resource}: asked live, {error.message}. {kept}.", error.retry_after_s) from None
    except SourceGarbled as error:
        raise SourceGarbled(f"{resource}: asked live, {error.message}. {kept}.") from None
    except SourceRefused as error:
        raise SourceRefused(f"{resource}: asked live, {error.message} {kept}.") from None
    except NoRoomToAsk as error:
        raise NoRoomToAsk(f"{resource}: asked live, {error.message}. Nothing was sent; ask again.") from None


def left(deadline: float) -> float:
    """Seconds until the deadline (of `time.monotonic`).

    Raises:
        SourceUnavailable: none.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise SourceUnavailable("no answer in the time given")
    return seconds
