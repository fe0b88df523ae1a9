"""The facts an item needs of one applicant, gathered from the store: material by material, with their source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.clock import today
from hub.context import Hub
from schemas.items import Material, ServiceItem
from schemas.judge import restore
from schemas.records import Record
from schemas.records.base import Subject
from store import records


class MaterialState(StrEnum):
    """Satisfied: a record meets the requirement. Unmet: there are records, none meets it. Missing: there is none."""

    SATISFIED = "satisfied"
    UNMET = "unmet"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Found:
    """A record in force and where it came from."""

    record: Record
    version: int
    batch: int
    since: datetime


@dataclass(frozen=True, slots=True)
class MaterialEvidence:
    """What the store holds for one material. `proof` is the record that meets the requirement."""

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
    """Read what the item names, and nothing else: one query a person or company concerned.

    A role that is named by a record (the legal representative by the tax registration) is filled
    from a record that meets the requirement of its material where there is one.
    """
    by_role: dict[str, Mapping[str, list[Found]]] = {"applicant": _of(hub, applicant, _resources(item, "applicant"))}
    roles: dict[str, Subject | None] = {"applicant": applicant}
    for name, role in item.roles.items():
        if role.named_by is None:
            continue
        naming = by_role[role.named_by.role].get(role.named_by.resource, [])
        number = next(
            (
                value
                for found in _best_first(hub, item, naming)
                if (value := getattr(found.record, role.named_by.field))
            ),
            None,
        )
        roles[name] = Subject("citizen", number.text) if number is not None else None
        subject = roles[name]
        by_role[name] = _of(hub, subject, _resources(item, name)) if subject is not None else {}
    read = records.last_complete(hub.connection, item.resources)
    materials = tuple(
        _judge(hub, material, by_role[material.role].get(material.resource, []), read.get(material.resource))
        for material in item.materials
    )
    return Evidence(item, roles, materials)


def _judge(hub: Hub, material: Material, found: list[Found], as_of: datetime | None) -> MaterialEvidence:
    day = today(hub.clock)
    proof = next((one for one in found if material.holds(one.record, today=day)), None)
    if proof is not None:
        return MaterialEvidence(material, MaterialState.SATISFIED, proof, as_of)
    return MaterialEvidence(material, MaterialState.UNMET if found else MaterialState.MISSING, None, as_of)


def _best_first(hub: Hub, item: ServiceItem, found: Iterable[Found]) -> list[Found]:
    """Records that meet their material first; the rest in the store's own order."""
    day = today(hub.clock)
    return sorted(
        found,
        key=lambda one: (
            not any(
                material.holds(one.record, today=day)
                for material in item.materials
                if material.resource == one.record.schema_name
            )
        ),
    )


def _resources(item: ServiceItem, role: str) -> list[str]:
    naming = {
        other.named_by.resource for other in item.roles.values() if other.named_by and other.named_by.role == role
    }
    return sorted(naming | {material.resource for material in item.materials if material.role == role})


def _of(hub: Hub, subject: Subject, resources: list[str]) -> Mapping[str, list[Found]]:
    rows = records.of_subject(hub.connection, hub.vault, hub.subject(subject.kind, subject.value), resources)
    return {
        resource: [Found(restore(resource, row.payload), row.version, row.batch, row.valid_from) for row in found]
        for resource, found in rows.items()
    }
