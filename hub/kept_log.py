"""One append-only log as the hub keeps it: entries get numbers, heads are sealed, proofs are made, all is verified.

What the entries are is not known here; a log brings its name and where its bodies stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.clock import SHANGHAI
from hub import log_proofs, log_sealing, log_verify
from hub.context import Hub, OnStep, no_step
from hub.log_heads import Head
from hub.log_report import LogReport
from hub.log_verify import OnRead
from store import log_heads as stored
from store import merkle_log
from store.connection import Connection, transaction
from store.log_bodies import Body

_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class KeptLog:
    """The log of a name.

    Attributes:
        read: what the database holds of entries of these numbers, those that are there.
        outside: entries that neither have a number nor wait for one, so many at most.
    """

    name: str
    read: Callable[[Connection, Sequence[str]], dict[str, Body]]
    outside: Callable[[Connection, int], Iterator[str]]

    def sequence(self, hub: Hub) -> int:
        """Give every committed entry that waits its number; how many. 0 also while another process does it.

        Raises:
            LogShrunk: the log is shorter than its newest signed head; nothing was numbered.
            StoreUnavailable: the database does not answer.
        """
        total = 0
        while done := merkle_log.sequence(hub.connection, self.name):
            total += done
        return total

    def seal_head(self, hub: Hub, on_step: OnStep = no_step) -> Head:
        """Number what waits, then sign a head over all of it. Raises as `hub.log_sealing.seal` does."""
        self.sequence(hub)
        return log_sealing.seal(hub, self.name, on_step)

    def head(self, hub: Hub) -> Head | None:
        """The newest signed head; None before the first."""
        return stored.newest(hub.connection, self.name)

    def size(self, hub: Hub) -> int:
        """How many entries have a number."""
        with transaction(hub.connection) as cursor:
            return merkle_log.size(cursor, self.name)

    def behind(self, hub: Hub) -> float:
        """Seconds the oldest waiting entry has waited; 0 when none waits. More than some: no sequencer works."""
        return merkle_log.waiting_seconds(hub.connection, self.name)

    def verify(self, hub: Hub, *, patience: float = 60.0, on_read: OnRead | None = None) -> LogReport:
        """Look through the whole log; see `hub.log_verify.verify`."""
        return log_verify.verify(hub, self, patience=patience, on_read=on_read)

    def inclusion(self, hub: Hub, entry: str) -> dict[str, Any]:
        """The proof that an entry is in the log; see `hub.log_proofs.inclusion_proof`."""
        return log_proofs.inclusion_proof(hub, self.name, entry)

    def consistency(self, hub: Hub, first: int, second: int | None = None) -> dict[str, Any]:
        """The proof that head `first` is the beginning of head `second`; see `hub.log_proofs.consistency_proof`."""
        return log_proofs.consistency_proof(hub, self.name, first, second)

    def export(self, hub: Hub, first: int = 0, end: int | None = None) -> Iterator[str]:
        """Numbered entries as lines of JSON: number, entry, leaf, and the body as the text its leaf is of."""
        last = self.size(hub) if end is None else end
        for start in range(first, last, _AT_ONCE):
            leaves = merkle_log.leaves(hub.connection, self.name, start, min(last, start + _AT_ONCE))
            found = self.read(hub.connection, [leaf.entry for leaf in leaves])
            for leaf in leaves:
                body = found.get(leaf.entry)
                line = {
                    "number": leaf.seq,
                    "entry": leaf.entry,
                    "leaf": leaf.leaf.hex(),
                    "body": None if body is None else body.body.decode("utf-8", "backslashreplace"),
                }
                yield json.dumps(line, ensure_ascii=False)


def head_line(found: Head) -> str:
    """One head in words."""
    moment = f"{found.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    stamped = "with a timestamp" if found.stamp is not None else f"without a timestamp ({found.unstamped})"
    return f"head {found.number}: {found.size:,} entries, root {found.root.hex()}, {moment}, {stamped}"
