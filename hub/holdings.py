"""The archive's log 归档登记, and the holdings held against it: every package in the table, and on disk.

A package's digest list lies in it and its SM3 in a table; a forger with the database in his hands swaps all of them.
The log he cannot change so that its signed heads, whose files lie elsewhere, still fit.
"""

from __future__ import annotations

from typing import Any, Final

from core.digest import sha256, sm3
from hub.archive_store import ArchiveRefuses, ArchiveStore, PackageGone
from hub.context import Hub
from hub.kept_log import KeptLog
from hub.log_proofs import EntryUnknown
from hub.log_report import LogReport
from hub.log_verify import OnRead
from store import archive_entries
from store.archive_entries import Holding

LOG: Final = archive_entries.LOG
_MOST_GONE: Final = 1_000


KEPT = KeptLog(LOG, archive_entries.read, archive_entries.outside)


def verify(hub: Hub, *, files: bool = True, patience: float = 60.0, on_read: OnRead | None = None) -> LogReport:
    """Look through the log, then hold table and, unless told otherwise, the files on disk against it.

    What says otherwise is a finding: of kind `table`, or of kind `package` for a file that is gone or is another one.

    Raises:
        StoreUnavailable: the database does not answer.
        ArchiveAway, HoldingsAway: the store of the packages does not answer, or is not there.
        ArchiveRefuses, ArchiveUnset: it refuses.
    """
    store = ArchiveStore.of(hub.settings) if files else None
    report = KEPT.verify(hub, patience=patience, on_read=on_read)
    older = 0
    for holding in archive_entries.holdings(hub.connection):
        if holding.entry is None:
            older += 1
            continue
        said = archive_entries.said_in(holding.body or b"")
        if said is None:
            continue  # the log's own look has named it
        if (holding.sm3.hex(), (holding.sha256 or b"").hex(), holding.size, holding.file_no) != (
            said["sm3"], said["sha256"], said["bytes"], said["file_no"],
        ):  # fmt: skip
            report.found(
                "table", f"package {holding.file_no}: the table has other digests than the entry", None, holding.entry
            )
        if store is not None and (fault := _file_fault(store, holding, said)) is not None:
            report.found("package", f"package {holding.file_no}: {fault}", None, holding.entry)
    for entry, file_no in archive_entries.gone(hub.connection, _MOST_GONE):
        report.found("table", f"package {file_no}: no row of archive_package is left of it", None, entry)
    if older:
        report.notes.append(f"{older:,} packages are older than the log; `hub prepare` enters them")
    return report


def inclusion_of(hub: Hub, file_no: str) -> dict[str, Any]:
    """The proof that a package stands in the log, by its electronic file number.

    Raises:
        EntryUnknown: no entry tells of it.
        EntryWaits: it has no number yet.
        LogShrunk: leaves or tiles are missing.
    """
    entry = archive_entries.of_package(hub.connection, file_no)
    if entry is None:
        raise EntryUnknown(f"the log `{LOG}` holds no package of this number. Take the number from the package's name.")
    return KEPT.inclusion(hub, entry)


def enter_older(hub: Hub) -> int:
    """Enter packages of a release before the log, as far as their files are those that were recorded; how many."""
    store, entered = ArchiveStore.of(hub.settings), 0
    for holding in archive_entries.holdings(hub.connection):
        if holding.entry is not None:
            continue
        try:
            data = store.get(holding.path)
        except (PackageGone, ArchiveRefuses):
            continue
        if sm3(data) == holding.sm3:
            archive_entries.enter_older(hub.connection, holding, sha256=sha256(data), now=hub.clock.now())
            entered += 1
    return entered


def _file_fault(store: ArchiveStore, holding: Holding, said: dict[str, Any]) -> str | None:
    try:
        data = store.get(holding.path)
    except (PackageGone, ArchiveRefuses) as error:
        store.demand_available()
        return f"its file cannot be read: {error.message}"
    if sm3(data).hex() != said["sm3"] or sha256(data).hex() != said["sha256"]:
        return "its file is not the one that was taken in"
    return None
