"""A type of licence of which one was found malformed is not issued until a person has looked at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from core.clock import day_text, second_text
from core.errors import Permanent
from hub.context import Hub
from schemas.licence_types import all_licence_types
from store import issuing_stops
from store.issuing_stops import Stop

__all__ = ["IssuingStopped", "Stop", "clear", "demand_open", "is_stopped", "listed", "standing", "title_of", "to_dict"]


class IssuingStopped(Permanent):
    """A type of licence is not issued: one of it was found malformed, and nobody has cleared that."""

    code: ClassVar[str] = "HUB-951"


class NothingStopped(Permanent):
    """A type that was to be cleared is not stopped."""

    code: ClassVar[str] = "HUB-956"


def standing(hub: Hub) -> Sequence[Stop]:
    """The stops nobody has cleared, oldest first."""
    return issuing_stops.standing(hub.connection)


def listed(hub: Hub) -> Sequence[Stop]:
    """All stops, newest first."""
    return issuing_stops.every(hub.connection)


def is_stopped(hub: Hub, licence_type: str) -> bool:
    """Whether this type waits for a person."""
    return bool(issuing_stops.standing(hub.connection, licence_type))


def demand_open(hub: Hub, licence_type: str) -> None:
    """Return when this type may be issued.

    Raises:
        IssuingStopped: it may not; the message names the malformed licence.
    """
    stops = issuing_stops.standing(hub.connection, licence_type)
    if stops:
        first = stops[0]
        raise IssuingStopped(
            f"licences of type {licence_type} are not issued: {first.number} version {first.version} was found "
            f"malformed ({first.code}) on {day_text(first.since)}. Other types go on. Find out "
            f"why (runbook: licence-malformed), then `hub licence-type clear {licence_type} --reason …`."
        )


def clear(hub: Hub, licence_type: str, *, who: str, reason: str) -> int:
    """Let a type be issued again; what was found stays on record, and does not stop the type a second time.

    Raises:
        NothingStopped: it is not stopped.
    """
    cleared = issuing_stops.clear(hub.connection, licence_type, who=who, reason=reason, now=hub.clock.now())
    if not cleared:
        stopped = ", ".join(sorted({one.licence_type for one in issuing_stops.standing(hub.connection)}))
        raise NothingStopped(f"type {licence_type} is not stopped; nothing was changed. Stopped: {stopped or 'none'}.")
    return cleared


def title_of(licence_type: str) -> str:
    """The type's name as printed; its id where it is declared no more."""
    known = all_licence_types().get(licence_type)
    return known.name if known is not None else licence_type


def to_dict(stop: Stop) -> dict[str, object]:
    """For `--json`."""
    return {
        "licence_type": stop.licence_type,
        "since": second_text(stop.since),
        "code": stop.code,
        "number": stop.number,
        "version": stop.version,
        "cleared_at": second_text(stop.cleared_at),
        "cleared_by": stop.cleared_by,
        "reason": stop.reason,
    }
