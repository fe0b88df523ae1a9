"""No gap in the numbers 证照编号 is unexplained: type by type and year by year, what each number bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.clock import second_text
from hub.context import Hub
from schemas.licence_types import all_licence_types
from store import licence_life, licence_numbers
from store.licence_numbers import WithoutLicence


@dataclass(frozen=True, slots=True, repr=False)
class Void:
    """A number that was given up, or whose document is being made.

    Attributes:
        reason: why it was given up, in the officer's words; empty while it is being made.
    """

    row: WithoutLicence
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; without the reason, which may name a person."""
        return {
            "number": self.row.number,
            "approval": self.row.approval,
            "reserved_at": second_text(self.row.reserved_at),
            "void": self.row.void,
            "since": self.row.since.isoformat() if self.row.since else None,
            "basis": self.row.basis,
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one type in one year: taken = with a licence + being made + void + missing."""

    licence_type: str
    title: str
    year: int
    taken: int
    licences: int
    making: tuple[Void, ...]
    void: tuple[Void, ...]
    missing: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "licence_type": self.licence_type,
            "title": self.title,
            "year": self.year,
            "taken": self.taken,
            "licences": self.licences,
            "making": [one.to_dict() for one in self.making],
            "void": [one.to_dict() for one in self.void],
            "missing": list(self.missing),
        }


def numbers(hub: Hub) -> list[Numbers]:
    """Every type and year in which a number was taken."""
    kinds = all_licence_types()
    others = [
        Void(row, _reason(hub, row) if row.void else "") for row in licence_numbers.without_licence(hub.connection)
    ]
    found = []
    for one in licence_numbers.years(hub.connection):
        own = [o for o in others if (o.row.licence_type, o.row.year) == (one.licence_type, one.year)]
        found.append(
            Numbers(
                one.licence_type,
                kinds[one.licence_type].name if one.licence_type in kinds else one.licence_type,
                one.year,
                one.last,
                one.licences,
                tuple(o for o in own if not o.row.void),
                tuple(o for o in own if o.row.void),
                one.missing,
            )
        )
    return found


def _reason(hub: Hub, row: WithoutLicence) -> str:
    return licence_life.reasons(hub.connection, hub.vault, row.licence).get(row.entry or "", "")
