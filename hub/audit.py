"""The audit log: entries get their numbers, heads are sealed, proofs are made, and the whole of it is verified."""

from __future__ import annotations

from hub.kept_log import KeptLog
from hub.log_heads import Head
from hub.log_report import Finding, LogReport
from hub.log_sequencer import Sequencer
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


KEPT = KeptLog(LOG, audit_bodies.read, audit_bodies.outside)
#: What a log can do; `hub.kept_log.KeptLog` says what each does and raises.
sequence, seal_head, verify, export = KEPT.sequence, KEPT.seal_head, KEPT.verify, KEPT.export
head, size, behind = KEPT.head, KEPT.size, KEPT.behind
inclusion, consistency = KEPT.inclusion, KEPT.consistency
