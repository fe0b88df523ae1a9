"""The facts an approval needs of one applicant, gathered from the store: material by material, with their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import today
from hub.answer import MaterialState
from hub.context import Hub
from hub.facts import Found, read_facts
from schemas.items import Material, ServiceItem
from schemas.records import Record
from schemas.records.base import Subject
from store.connection import transaction
from store.records import select_last_complete

__all__ = ["Evidence", "Found", "MaterialEvidence", "MaterialState", "gather"]


@dataclass(frozen=True, slots=True)
class MaterialEvidence:
    """What the store holds for one material: satisfied, unmet or missing. `proof` meets the requirement."""

    material: Material
    state: MaterialState
    proof: Found | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All materials of an item for one applicant, and who was found to fill each role."""

    item: ServiceItem
    roles: Mapping[str, Subject | None]
    materials: tuple[MaterialEvidence, ...]

    @property
    def complete(self) -> bool:
        """Whether every material is satisfied."""
        return all(part.state is MaterialState.SATISFIED for part in self.materials)

    def proof(self, code: str) -> Record | None:
        """The record that satisfies a material, None when none does."""
        return next((part.proof.record for part in self.materials if part.material.code == code and part.proof), None)


def gather(hub: Hub, item: ServiceItem, applicant: Subject) -> Evidence:
    """Read what the item names, and nothing else. A licence's face is drawn from stored records only, so that it can be
    drawn again: nobody is asked live, and no promise stands in for a record.
    """
    day = today(hub.clock)
    with transaction(hub.connection) as cursor:
        facts = read_facts(cursor, hub, item, applicant, day)
        read = select_last_complete(cursor, item.resources)
    parts = []
    for material in item.materials:
        found = facts.records[material.role].get(material.resource, ())
        proof = next((one for one in found if material.holds(one.record, today=day)), None)
        state = MaterialState.UNMET if found else MaterialState.MISSING
        if proof is not None:
            state = MaterialState.SATISFIED
        parts.append(MaterialEvidence(material, state, proof, read.get(material.resource)))
    return Evidence(item, facts.roles, tuple(parts))
