"""Lands one page while the next is read and judged: PostgreSQL works on one core, Python on another."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from connectors.port import RawPage
from core.errors import HubError
from hub.context import Hub
from store.batches import Batch, Counts
from store.connection import Connection, connect
from store.errors import PartsCollided
from store.landing import JudgedPage, land_page
from store.vault import Vault


@dataclass(frozen=True, slots=True)
class Landed:
    """A page that is durable, and what became of its rows."""

    page: RawPage
    counts: Counts


class Lander:
    """At most one page is under way; pages land in the order they are handed over.

    The thread has a connection and a vault of its own, since a connection has one transaction at a time.

    Args:
        new: nothing of the resource was there before the batch; then records are not looked up before they are
            written, until one of them is met a second time.
    """

    def __init__(self, hub: Hub, batch: Batch, *, new: bool = False) -> None:
        self._hub = hub
        self._new = new
        self._batch = batch
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="land")
        self._connection: Connection | None = None
        self._vault: Vault | None = None
        self._under_way: tuple[RawPage, Future[Counts]] | None = None

    def hand_over(self, page: RawPage, judged: JudgedPage, expected_position: Mapping[str, Any]) -> None:
        """Begin to land a page; the one before it must have been waited for."""
        if self._under_way is not None:
            raise RuntimeError("the page before is still under way")
        now = self._hub.clock.now()
        work = self._thread.submit(self._land, page, judged, expected_position, now)
        self._under_way = (page, work)

    def wait(self) -> Landed | None:
        """The page under way once it is durable; None where none is.

        Raises:
            BatchMoved, StoreUnavailable: it did not land; nothing of it was written.
        """
        if self._under_way is None:
            return None
        page, work = self._under_way
        self._under_way = None
        return Landed(page, work.result())

    def _land(self, page: RawPage, judged: JudgedPage, expected: Mapping[str, Any], now: Any) -> Counts:
        if self._connection is None or self._vault is None:
            self._connection = connect(self._hub.settings.database_url)
            self._vault = Vault.open(self._connection, self._hub.settings.keys)
        land = partial(
            land_page,
            self._connection,
            self._vault,
            self._batch,
            judged,
            expected_position=expected,
            next_position=page.next_cursor,
            now=now,
        )
        if self._new:
            try:
                return land(new=True)
            except PartsCollided:  # a record that an earlier page brought; nothing of this one was written
                self._new = False
        return land()

    def __enter__(self) -> Lander:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(HubError):  # whatever ended the reading is what is told
            self.wait()
        self._thread.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()
