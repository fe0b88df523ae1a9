"""Rows known by their bytes: the store is asked for a page while the next one is read, or for everything at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final

from hub.context import Hub
from store import heads
from store.connection import Connection, connect
from store.known_marks import KnownMarks, read_known

#: From so many expected rows on, reading all marks once costs less than asking for each.
ENOUGH: Final = 50_000
#: Keys of changed records kept beside the marks; a batch that changes more asks page by page again.
_MOST_CHANGED: Final = 50_000


class Recogniser:
    """Asks in a thread with a connection of its own, one question after the other.

    Args:
        at_once: the resource whose marks are all read at the first question; None to ask page by page.
    """

    def __init__(self, hub: Hub, at_once: str | None = None) -> None:
        self._url = hub.settings.database_url
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recognise")
        self._connection: Connection | None = None
        self._at_once = at_once
        self._all: KnownMarks | None = None
        # A page is asked about before the one in front of it is judged, and while the one before that may still land.
        self._last = deque[set[bytes]](maxlen=2)
        self._changed: set[bytes] = set()

    def ask(self, marks: Sequence[bytes]) -> Future[Mapping[bytes, bytes]]:
        """Mark to key of the rows that stand just so in the store, or stood so when this batch began."""
        return self._thread.submit(self._ask, marks)

    def note(self, keys: Iterable[bytes]) -> None:
        """The next page's records that are new, changed or judged anew: nothing said of them before holds."""
        page = set(keys)
        self._last.append(page)
        if self._at_once is not None:
            self._changed |= page
            if len(self._changed) > _MOST_CHANGED:
                self._at_once, self._all = None, None

    @property
    def moved(self) -> set[bytes]:
        """Keys of records that may not be as an answer says."""
        return set().union(self._changed, *self._last)

    def _ask(self, marks: Sequence[bytes]) -> Mapping[bytes, bytes]:
        if self._connection is None:
            self._connection = connect(self._url)
        if self._at_once is not None and self._all is None:
            self._all = read_known(self._connection, self._at_once)
            if self._all is None:
                self._at_once = None
        known = self._all
        return known.of(marks) if known is not None else heads.known_by_mark(self._connection, marks)

    def __enter__(self) -> Recogniser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
