"""The licence register 证照登记簿: every publication and every change of state, numbered, sealed, proved, verified.

A Merkle log as the audit log. Nobody need trust the hub's database: who holds an old head can have it proved that
nothing under it was rewritten, and `verify` names a table that says something else than the register.
"""

from __future__ import annotations

from typing import Any, ClassVar

from core.errors import Permanent
from hub import register_tables
from hub.context import Hub
from hub.kept_log import KeptLog
from hub.log_proofs import EntryUnknown
from hub.log_report import LogReport
from hub.log_verify import OnRead
from store import register_bodies, register_entries

LOG = register_entries.LOG


class RegisterNotSound(Permanent):
    """The licence register, or a table beside it, is not what was signed."""

    code: ClassVar[str] = "HUB-929"


KEPT = KeptLog(LOG, register_bodies.read, register_bodies.outside)
#: What a log can do; `hub.kept_log.KeptLog` says what each does and raises.
sequence, seal_head, export = KEPT.sequence, KEPT.seal_head, KEPT.export
head, size, behind = KEPT.head, KEPT.size, KEPT.behind
inclusion, consistency = KEPT.inclusion, KEPT.consistency


def verify(hub: Hub, *, patience: float = 60.0, on_read: OnRead | None = None) -> LogReport:
    """Look through the whole log, then hold the tables against it; what says otherwise is a finding of kind `table`.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    report = KEPT.verify(hub, patience=patience, on_read=on_read)
    older = 0
    for looked in register_tables.look(hub):
        older += looked.older
        for fault in looked.faults:
            report.found("table", fault.text, fault.number, fault.entry)
    if older:
        report.notes.append(f"{older:,} documents are older than the register; no entry tells of them")
    return report


def require_sound(hub: Hub) -> LogReport:
    """The report of `verify`, where nothing was found.

    Raises:
        RegisterNotSound: something was.
    """
    report = verify(hub)
    if not report.sound:
        told = "; ".join(finding.line() for finding in report.findings[:3])
        raise RegisterNotSound(
            f"the licence register is not sound, {report.counts.total()} findings: {told}. Keep database and files as "
            "they are; `hub register verify` names all (runbook: log-changed)."
        )
    return report


def entry_of(hub: Hub, identifier: str) -> str:
    """The entry that tells that a document was published; by its licence identifier.

    Raises:
        EntryUnknown: no published document bears it.
    """
    found = register_bodies.of_document(hub.connection, identifier)
    if found is None:
        raise EntryUnknown(
            f"the log `{LOG}` holds no publication of a document of this identifier. Take it from the document's face."
        )
    return found


def inclusion_of(hub: Hub, identifier: str) -> dict[str, Any]:
    """The proof that the publication of a document is in the register.

    Raises:
        EntryUnknown: no published document bears the identifier.
        EntryWaits: it has no number yet.
        LogShrunk: leaves or tiles are missing.
    """
    return inclusion(hub, entry_of(hub, identifier))
