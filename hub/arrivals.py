"""Arrivals: whether a source holds rows that nobody has collected yet, asked about each second and reading none.

What is asked is one count behind a place in the source's own time; no row leaves the source, so nothing that is told
of an arrival can be about a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from connectors.endpoints import Endpoints
from connectors.port import Source, Watchable
from connectors.registry import open_source
from core.errors import HubError
from core.settings import Settings
from hub.collect import open_declaration
from store import arrivals
from store.arrivals import Mark
from store.connection import Connection, connect

#: More rows than so many are not counted: that there are some is enough.
_ENOUGH: Final = 1_000
#: A last batch of more rows than so many is not counted again.
_LONGEST_COUNT: Final = 20_000
#: How long after telling of an arrival a collect may take to end before it is told again; seconds, doubled each time.
_PATIENCE: Final = 60.0
_LONGEST_PATIENCE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one resource's source holds that is not collected.

    Attributes:
        waiting: rows, at most `_ENOUGH`.
        late: whether all of them lie before the mark, as rows do that were committed after later ones.
        mark: where collecting stands.
    """

    waiting: int
    late: bool
    mark: Mark


class Watch:
    """Looks at a few resources again and again; keeps one connection to the hub's database and one to each source.

    Not for two threads at once.

    Raises:
        UnknownResource, SourceNotConfigured: a resource cannot be read.
    """

    def __init__(self, settings: Settings, resources: Sequence[str]) -> None:
        endpoints = Endpoints.load(settings.sources_file)
        self._sources = {name: open_source(open_declaration(name), endpoints) for name in resources}
        self._url = settings.database_url
        self._store: Connection | None = None

    def look(self) -> dict[str, Look]:
        """What waits at each source now.

        Raises:
            StoreUnavailable, SourceUnavailable, SourceRefused, SourceGarbled: no answer; the next look connects anew.
        """
        if self._store is None:
            self._store = connect(self._url)
        try:
            marks = arrivals.marks(self._store, list(self._sources))
            return {name: _look(source, marks[name]) for name, source in self._sources.items()}
        except HubError:
            self.close()  # where one connection broke the others may have too
            raise

    def close(self) -> None:
        """Close every connection."""
        self._forget_store()
        for source in self._sources.values():
            if isinstance(source, Watchable):
                source.close()

    def _forget_store(self) -> None:
        if self._store is not None:
            with suppress(Exception):
                self._store.close()
            self._store = None


def look_once(settings: Settings, resources: Sequence[str]) -> dict[str, Look]:
    """One look; raises as `Watch`."""
    watch = Watch(settings, resources)
    try:
        return watch.look()
    finally:
        watch.close()


def _look(source: Source, mark: Mark) -> Look:
    if mark.counted_from is not None and mark.counted <= _LONGEST_COUNT:
        # One count tells of what came behind the mark and of what was committed late before it.
        more = _behind(source, mark.counted_from, mark.counted + _ENOUGH) - mark.counted
        if more <= 0:
            return Look(0, False, mark)
        return Look(more, _behind(source, mark.position, 1) == 0, mark)
    return Look(_behind(source, mark.position, _ENOUGH), False, mark)


def _behind(source: Source, cursor: Mapping[str, object], at_most: int) -> int:
    if isinstance(source, Watchable):
        return source.behind(cursor, at_most=at_most)
    return min(source.count(cursor) or 0, at_most)


class Teller:
    """Decides when an arrival is told: once, and again only when a collect ended without reading it, or none came.

    While a collect is on its way more rows may come; they are read by it, or seen and told when it has ended. So a
    burst is one telling, and nothing that arrives is left to the schedule.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, int] = {}
        self._told_at = float("-inf")
        self._patience = _PATIENCE

    def consider(self, looks: Mapping[str, Look]) -> dict[str, int]:
        """What is to be told now, rows by resource; empty: nothing."""
        waiting = {name: look for name, look in looks.items() if look.waiting > 0}
        if not waiting:
            self._told, self._patience = {}, _PATIENCE
            return {}
        on_its_way = any(looks[name].mark.batch == batch for name, batch in self._told.items() if name in looks)
        # Late rows that a collect did not find will not be found by the next one a second later.
        futile = bool(self._told) and all(look.late and not look.mark.brought for look in waiting.values())
        if on_its_way or futile:
            if self._clock() < self._told_at + self._patience:
                return {}
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
        else:
            self._patience = _PATIENCE
        self._told = {name: look.mark.batch for name, look in waiting.items()}
        self._told_at = self._clock()
        return {name: look.waiting for name, look in waiting.items()}
