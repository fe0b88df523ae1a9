"""Where the hub stands: what was pulled, accepted and set aside, what was issued and packed, what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.clock import Clock
from core.settings import Settings
from hub.context import Hub, open_hub
from hub.register import IssuedLicence, WaitingApproval, issued, waiting_approvals
from hub.sources import SourceState, source_states
from schemas.reasons import meaning
from store import ended_cases, figures, quarantine


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """One resource: `pulled` = `accepted` + `unchanged` + `quarantined`, over all batches; reasons of open entries."""

    resource: str
    title: str
    department: str
    state: str
    pulled: int
    accepted: int
    unchanged: int
    quarantined: int
    open_quarantine: int
    reasons: tuple[tuple[str, str, int], ...]

    @property
    def reason_counts(self) -> list[str]:
        """`R-011 ×3`, most frequent first."""
        return [f"{code} ×{count}" for code, _, count in self.reasons]


@dataclass(frozen=True, slots=True)
class TypeSummary:
    """How many licences of one type were issued, and how many of their cases are packed."""

    licence_type: str
    title: str
    issued: int
    packed: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the end of a run tells.

    `sources` are those that can be read, or once were; `not_open` names the others, whose empty counts would
    look like a balance. `packed_ended` counts the packages of cases that ended without a licence.
    """

    sources: tuple[SourceSummary, ...]
    not_open: tuple[str, ...]
    types: tuple[TypeSummary, ...]
    licences: tuple[IssuedLicence, ...]
    waiting: tuple[WaitingApproval, ...]
    not_granted: int
    packed_ended: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "sources": [asdict(source) for source in self.sources],
            "not_open": list(self.not_open),
            "types": [asdict(kind) for kind in self.types],
            "licences": [licence.to_dict() for licence in self.licences],
            "waiting": [row.to_dict() for row in self.waiting],
            "not_granted": self.not_granted,
            "packed_ended": self.packed_ended,
        }


def summary(settings: Settings, clock: Clock | None = None) -> Summary:
    """The present state of the hub.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    with open_hub(settings, clock) as hub:
        return summarise(hub)


def summarise(hub: Hub, states: Sequence[SourceState] | None = None) -> Summary:
    """The same on a connection that is open already, with the sources' states where the caller has them."""
    read = source_states(hub) if states is None else states
    licences = issued(hub)
    by_type = Counter(licence.licence_type for licence in licences)
    packed = Counter(licence.licence_type for licence in licences if licence.package_path)
    titles = {licence.licence_type: licence.type_title for licence in licences}
    reasons: dict[str, list[tuple[str, str, int]]] = {}
    for resource, code, count in quarantine.counts_by_reason(hub.connection):
        reasons.setdefault(resource, []).append((code, meaning(code).chinese, count))
    told = [state for state in read if state.open or state.pulled]
    return Summary(
        sources=tuple(_source(state, tuple(reasons.get(state.resource, ()))) for state in told),
        not_open=tuple(state.resource for state in read if not state.open),
        types=tuple(TypeSummary(name, titles[name], by_type[name], packed[name]) for name in sorted(by_type)),
        licences=tuple(licences),
        waiting=tuple(waiting_approvals(hub)),
        not_granted=sum(1 for row in figures.standings(hub.connection) if row.state == "not_granted"),
        packed_ended=ended_cases.packed(hub.connection),
    )


def _source(state: SourceState, reasons: tuple[tuple[str, str, int], ...]) -> SourceSummary:
    return SourceSummary(
        state.resource,
        state.title,
        state.department,
        state.state,
        state.pulled,
        state.accepted,
        state.unchanged,
        state.quarantined,
        state.open_quarantine,
        reasons,
    )
