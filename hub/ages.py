"""When each resource was last read to its end; asked of the database at most every other second in a process."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Final

from store.records import select_last_complete

#: Seconds for which an answer is given again.
_KEPT: Final = 2.0


class Ages:
    """To be shared between threads; a lookup asks it for the resources of its item."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[float, datetime | None]] = {}

    def of(self, cursor: Any, resources: Collection[str]) -> Mapping[str, datetime | None]:
        """Resource to the end of its last complete batch, None for one that was never read.

        Part of the caller's transaction.
        """
        since = time.monotonic() - _KEPT
        with self._lock:
            old = [name for name in resources if self._known.get(name, (-1.0, None))[0] < since]
        if old:
            read = select_last_complete(cursor, old)
            now = time.monotonic()
            with self._lock:
                self._known.update({name: (now, read.get(name)) for name in old})
        return {name: self._known[name][1] for name in resources}
