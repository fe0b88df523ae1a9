"""The hub itself behind the pages: its verbs, their results cut down to what a page may show."""

from __future__ import annotations

from collections.abc import Sequence

from core.settings import Settings
from hub import issuing_stops, readiness
from hub.context import open_hub
from hub.report import summarise
from hub.returns import loops
from hub.signing_ready import SigningWatch
from hub.sources import source_states
from web.port import LicenceRow, Overview, ReturnRow, SourceRow, SourceState, StopRow


class HubVerbs:
    """Opens the hub for each call: a connection belongs to one thread, and a database may come back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signing = SigningWatch()

    def overview(self) -> Overview:
        with open_hub(self._settings) as hub:
            states = source_states(hub)
            found = summarise(hub, states)
            sources = tuple(
                SourceRow(
                    department=state.department,
                    resource=state.resource,
                    title=state.title,
                    state=SourceState(state.state),
                    last_collected=state.last_read,
                    pulled=state.pulled,
                    accepted=state.accepted,
                    unchanged=state.unchanged,
                    quarantined=state.quarantined,
                    open_quarantine=state.open_quarantine,
                    drift_signals=state.drift_signals,
                    due=state.due,
                    due_verified=state.due_verified,
                )
                for state in states
            )
            stopped = tuple(
                StopRow(issuing_stops.title_of(one.licence_type), one.number, one.version, one.since, one.code)
                for one in issuing_stops.standing(hub)
            )
        return Overview(
            sources=sources,
            licences=tuple(LicenceRow(kind.title, kind.issued, kind.packed) for kind in found.types),
            waiting=len(found.waiting),
            not_granted=found.not_granted,
            stopped=stopped,
        )

    def returns(self) -> Sequence[ReturnRow]:
        with open_hub(self._settings) as hub:
            return tuple(
                ReturnRow(
                    department=loop.department,
                    resource=loop.resource,
                    title=loop.title,
                    by_hand=loop.by_hand,
                    **loop.stages,
                    next_due=loop.next_due,
                    next_due_verified=loop.next_due_verified,
                )
                for loop in loops(hub)
            )

    def check_ready(self) -> None:
        with open_hub(self._settings) as hub:
            readiness.check(hub, self._signing)
