"""The audit log: entries get their numbers, heads are sealed, proofs are made, and the whole of it is verified."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from core.clock import SHANGHAI
from hub import log_proofs, log_sealing, log_verify
from hub.context import Hub, OnStep, no_step
from hub.log_heads import Head
from hub.log_report import Finding, LogReport
from hub.log_sequencer import Sequencer
from hub.log_verify import Body, OnRead
from store import audit, audit_bodies, merkle_log
from store import log_heads as stored
from store.connection import transaction

__all__ = ["Finding", "Head", "LogReport", "Sequencer"]

LOG = audit.LOG
_AT_ONCE = 2_000


class _Bodies:
    """Where the entries of the audit log stand."""

    def __init__(self, hub: Hub) -> None:
        self._connection = hub.connection

    def read(self, entries: Sequence[str]) -> dict[str, Body]:
        found = audit_bodies.read(self._connection, entries)
        return {entry: Body(one.body, one.faults) for entry, one in found.items()}

    def outside(self, limit: int) -> Iterator[str]:
        return audit_bodies.outside(self._connection, limit)


def sequence(hub: Hub) -> int:
    """Give every committed entry that waits its number; how many. 0 also while another process does it.

    Raises:
        LogShrunk: the log is shorter than its newest signed head; nothing was numbered.
        StoreUnavailable: the database does not answer.
    """
    total = 0
    while done := merkle_log.sequence(hub.connection, LOG):
        total += done
    return total


def seal_head(hub: Hub, on_step: OnStep = no_step) -> Head:
    """Number what waits, then sign a head over all of it. Raises as `hub.log_sealing.seal` does."""
    sequence(hub)
    return log_sealing.seal(hub, LOG, on_step)


def head(hub: Hub) -> Head | None:
    """The newest signed head; None before the first."""
    return stored.newest(hub.connection, LOG)


def size(hub: Hub) -> int:
    """How many entries have a number."""
    with transaction(hub.connection) as cursor:
        return merkle_log.size(cursor, LOG)


def behind(hub: Hub) -> float:
    """Seconds the oldest waiting entry has waited; 0 when none waits. More than some seconds: no sequencer works."""
    return merkle_log.waiting_seconds(hub.connection, LOG)


def verify(hub: Hub, *, patience: float = 60.0, on_read: OnRead | None = None) -> LogReport:
    """Look through the whole log; see `hub.log_verify.verify`."""
    return log_verify.verify(hub, LOG, _Bodies(hub), patience=patience, on_read=on_read)


def inclusion(hub: Hub, entry: str) -> dict[str, Any]:
    """The proof that an entry is in the log; see `hub.log_proofs.inclusion_proof`."""
    return log_proofs.inclusion_proof(hub, LOG, entry)


def consistency(hub: Hub, first: int, second: int | None = None) -> dict[str, Any]:
    """The proof that head `first` is the beginning of head `second`; see `hub.log_proofs.consistency_proof`."""
    return log_proofs.consistency_proof(hub, LOG, first, second)


def export(hub: Hub, first: int = 0, end: int | None = None) -> Iterator[str]:
    """Numbered entries as lines of JSON: number, entry, leaf, and the body as the text its leaf is of."""
    last = size(hub) if end is None else end
    bodies = _Bodies(hub)
    for start in range(first, last, _AT_ONCE):
        leaves = merkle_log.leaves(hub.connection, LOG, start, min(last, start + _AT_ONCE))
        found = bodies.read([leaf.entry for leaf in leaves])
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
