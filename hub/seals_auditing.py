"""The audit of seals as a verb: of folders, for whoever has files; of the register, for this bureau's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.clock import SHANGHAI, Clock, SystemClock
from core.settings import Settings
from hub.context import Hub
from hub.organs import organs_of
from hub.seals_audit import Asked, AuditRow, Ground
from hub.seals_audit_kept import Kept
from hub.seals_audit_out import Outputs, check_outputs
from hub.seals_audit_run import run
from hub.seals_tally import Tally
from hub.seals_walk import Walk, count
from store import licences

#: Rows of the register read at once.
_PAGE = 1000
#: Told how many files are done, of how many.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the results go; None for what is not wanted."""

    table: Path | None = None
    page: Path | None = None
    reports: Path | None = None

    def check(self) -> None:
        """Raise AuditOutputRefused when one cannot go where it is asked for."""
        check_outputs(
            [path for path in (self.table, self.page) if path is not None],
            [self.reports] if self.reports is not None else [],
        )


@dataclass(frozen=True, slots=True)
class Audited:
    """What came of an audit.

    Attributes:
        other: files below the folders that are no licence by their name.
        closed: folders that could not be read.
        reports: files written for other organs.
    """

    tally: Tally
    at: datetime
    other: int
    closed: int
    reports: tuple[Path, ...]


def audit_folders(
    settings: Settings,
    folders: Sequence[Path],
    wanted: Wanted,
    *,
    anchors: Sequence[bytes] | None = None,
    clock: Clock | None = None,
    on_row: Callable[[AuditRow], None],
    on_progress: OnProgress,
) -> Audited:
    """Look at every OFD and PDF below some folders. Nothing that is read is written to; needs no database.

    Args:
        anchors: certificates to trust in place of this hub's own.
        on_row: told each file's row, those that keep the rule too.

    Raises:
        AuditOutputRefused: a result cannot go where it is asked for.
        OrgansUnset, OrgansBroken: there is no table of organs to judge by.
        CertificateRefused, PressMalformed: what is trusted cannot be read.
        DiskRefuses: a Retryable; a result could not be written.
    """
    walk = Walk(folders)
    what = "、".join(str(one) for one in folders)
    at = (clock or SystemClock()).now()
    ground = _ground(settings, anchors, at)
    return _audit(ground, walk, count(walk), wanted, what, on_row, on_progress, walk)


def audit_register(
    hub: Hub,
    wanted: Wanted,
    *,
    anchors: Sequence[bytes] | None = None,
    on_row: Callable[[AuditRow], None],
    on_progress: OnProgress,
) -> Audited:
    """Look at the current document of every licence of the register; the outcome is kept for the staff's page. Raises
    as `audit_folders`."""
    ground = _ground(hub.settings, anchors, hub.clock.now())
    number = licences.count_current(hub.connection)
    kept = Kept(ground.at)

    def take(row: AuditRow) -> None:
        kept.add(row)
        on_row(row)

    done = _audit(ground, _registered(hub), number, wanted, "证照登记簿", take, on_progress, None)
    kept.write(hub.settings)
    return done


def _registered(hub: Hub) -> Iterator[Asked]:
    after = ""
    while page := licences.current_files(hub.connection, after, _PAGE):
        for one in page:
            yield Asked(str(hub.settings.home / one.path), one.path, one.sm3, one.number, one.status)
        after = page[-1].number


def _ground(settings: Settings, anchors: Sequence[bytes] | None, at: datetime) -> Ground:
    given = None if anchors is None else tuple(anchors)
    return Ground(organs_of(settings), settings, given, at, at.astimezone(SHANGHAI).date())


def _audit(
    ground: Ground,
    files: Iterable[Asked],
    number: int,
    wanted: Wanted,
    what: str,
    on_row: Callable[[AuditRow], None],
    on_progress: OnProgress,
    walk: Walk | None,
) -> Audited:
    wanted.check()
    outputs = Outputs(
        table=wanted.table,
        page=wanted.page,
        reports=wanted.reports,
        what=what,
        bureau=ground.table.own.name,
        at=ground.at,
    )
    with outputs:
        for row in run(ground, files, number, lambda done: on_progress(done, number)):
            outputs.add(row)
            on_row(row)
    return Audited(
        outputs.tally,
        ground.at,
        0 if walk is None else walk.other,
        0 if walk is None else walk.closed,
        tuple(outputs.reports),
    )
