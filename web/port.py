"""What the pages ask of the hub, and the plain values they show. No person's data passes through here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol


class SourceState(StrEnum):
    """How a source stands; the values are the hub's own words."""

    UP_TO_DATE = "up to date"
    LATE = "late"
    MISSING = "missing"
    IN_TROUBLE = "in trouble"
    NEVER_READ = "never read"
    NOT_OPEN = "not open"
    AWAITING = "awaiting permission"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One resource of one department. `pulled` = `accepted` + `unchanged` + `quarantined`.

    `drift_signals` counts columns that have changed; `due` is the first deadline not met yet, None where there is none.
    """

    department: str
    resource: str
    title: str
    state: SourceState
    last_collected: datetime | None
    pulled: int
    accepted: int
    unchanged: int
    quarantined: int
    open_quarantine: int
    drift_signals: int = 0
    due: datetime | None = None
    due_verified: bool = True

    @property
    def balanced(self) -> bool:
        return self.pulled == self.accepted + self.unchanged + self.quarantined

    def to_dict(self) -> dict[str, Any]:
        return {
            "department": self.department,
            "resource": self.resource,
            "title": self.title,
            "state": self.state.value,
            "last_collected": self.last_collected.isoformat() if self.last_collected else None,
            "pulled": self.pulled,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "quarantined": self.quarantined,
            "open_quarantine": self.open_quarantine,
            "balanced": self.balanced,
            "drift_signals": self.drift_signals,
            "due": self.due.isoformat(timespec="seconds") if self.due else None,
            "due_verified": self.due_verified,
        }


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """Licences of one type: how many were issued, and how many of their cases are packed for the archive."""

    title: str
    issued: int
    packed: int


@dataclass(frozen=True, slots=True)
class StopRow:
    """A type of licence that is not issued, and the malformed licence that stopped it."""

    title: str
    number: str
    version: int
    since: datetime
    code: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the home page shows. `stopped` are types of licences that wait for a person."""

    sources: Sequence[SourceRow]
    licences: Sequence[LicenceRow]
    waiting: int
    not_granted: int
    stopped: Sequence[StopRow] = ()


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """Rows set aside of one resource, counted by how far they are on their way back to their owner.

    Attributes:
        by_hand: a person sends a workbook on; otherwise a channel does.
        next_due: the first day on which an answer is due that is still to come.
        answered: the owner sent another row since, which is counted where it stands itself.
    """

    department: str
    resource: str
    title: str
    by_hand: bool
    waiting: int
    handover: int
    sent: int
    overdue: int
    answered: int
    corrected: int
    released: int
    dismissed: int
    next_due: date | None
    next_due_verified: bool

    @property
    def total(self) -> int:
        return self.open + self.closed

    @property
    def open(self) -> int:
        return self.waiting + self.handover + self.sent + self.overdue + self.answered

    @property
    def closed(self) -> int:
        return self.corrected + self.released + self.dismissed

    def to_dict(self) -> dict[str, Any]:
        return {
            "department": self.department,
            "resource": self.resource,
            "title": self.title,
            "by_hand": self.by_hand,
            "waiting": self.waiting,
            "handover": self.handover,
            "sent": self.sent,
            "overdue": self.overdue,
            "answered": self.answered,
            "corrected": self.corrected,
            "released": self.released,
            "dismissed": self.dismissed,
            "total": self.total,
            "next_due": self.next_due.isoformat() if self.next_due else None,
            "next_due_verified": self.next_due_verified,
        }


class StepState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot_tell"
    SKIPPED = "skipped"


class Verbs(Protocol):
    """The hub's verbs the pages need. Each call may block; each may raise a `core.errors.HubError`."""

    def overview(self) -> Overview:
        """Sources, licences and packages as they stand now."""
        ...

    def returns(self) -> Sequence[ReturnRow]:
        """Rows set aside of each resource, by how far they are on their way back."""
        ...

    def check_ready(self) -> None:
        """Return when the hub can answer; raise what keeps it from answering."""
        ...
