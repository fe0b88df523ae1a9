"""Rows known by their bytes: the store is asked for a page while the next one is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from hub.context import Hub
from store.connection import Connection, connect
from store.known_rows import KnownRows


class Recogniser:
    """Asks in a thread with a connection of its own, one question after the other."""

    def __init__(self, hub: Hub, resource: str) -> None:
        self._url = hub.settings.database_url
        self._resource = resource
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recognise")
        self._connection: Connection | None = None
        self._known: KnownRows | None = None

    def ask(self, marks: Sequence[bytes]) -> Future[Mapping[bytes, bytes]]:
        """Mark to key of the rows that stand just so in the store."""
        return self._thread.submit(self._ask, marks)

    def _ask(self, marks: Sequence[bytes]) -> Mapping[bytes, bytes]:
        if self._connection is None or self._known is None:
            self._connection = connect(self._url)
            self._known = KnownRows(self._connection, self._resource)
        return self._known.of(marks)

    def __enter__(self) -> Recogniser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
