"""The audit log: entries get their numbers, heads are sealed, proofs are made, and the whole of it is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.context import Hub
from hub.kept_log import KeptLog
from hub.log_heads import Head
from hub.log_report import Finding, LogReport
from hub.log_sequencer import Sequencer
from hub.log_verify import Body
from store import audit, audit_bodies

__all__ = [
    "KEPT",
    "LOG",
    "Finding",
    "Head",
    "LogReport",
    "Sequencer",
    "behind",
    "consistency",
    "export",
    "head",
    "inclusion",
    "seal_head",
    "sequence",
    "size",
    "verify",
]

LOG = audit.LOG


class _Bodies:
    """Where the entries of the audit log stand."""

    def __init__(self, hub: Hub) -> None:
        self._connection = hub.connection

    def read(self, entries: Sequence[str]) -> dict[str, Body]:
        found = audit_bodies.read(self._connection, entries)
        return {entry: Body(one.body, one.faults) for entry, one in found.items()}

    def outside(self, limit: int) -> Iterator[str]:
        return audit_bodies.outside(self._connection, limit)


KEPT = KeptLog(LOG, _Bodies)
#: What a log can do; `hub.kept_log.KeptLog` says what each does and raises.
sequence, seal_head, verify, export = KEPT.sequence, KEPT.seal_head, KEPT.verify, KEPT.export
head, size, behind = KEPT.head, KEPT.size, KEPT.behind
inclusion, consistency = KEPT.inclusion, KEPT.consistency
