"""What the store holds for one item about one applicant, and about those his records name: read, not judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.context import Hub
from schemas.items import ServiceItem
from schemas.judge import restore
from schemas.records import Record
from schemas.records.base import Subject
from store import licences
from store.records import select_subject


@dataclass(frozen=True, slots=True)
class Found:
    """A record in force and where it came from."""

    record: Record
    version: int
    batch: int
    since: datetime


@dataclass(frozen=True, slots=True, repr=False)
class OwnLicence:
    """A licence of the hub's own register that is in force, by its metadata elements (GB/T 36903)."""

    licence_type: str
    elements: Mapping[str, str]


#: What departments said just now, by resource and subject.
Answers = Mapping[tuple[str, Subject], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Facts:
    """By role: who fills it, his records by resource, and his licences. A role nobody fills has neither."""

    roles: Mapping[str, Subject | None]
    records: Mapping[str, Mapping[str, Sequence[Found]]]
    licences: Mapping[str, Sequence[OwnLicence]] = field(default_factory=dict)

    @property
    def any_found(self) -> bool:
        """Whether the store holds anything at all of the applicant."""
        return any(self.records["applicant"].values()) or bool(self.licences.get("applicant"))


def read_facts(
    cursor: Any, hub: Hub, item: ServiceItem, applicant: Subject, today: date, answers: Answers | None = None
) -> Facts:
    """Read what the item names, and nothing else: one query a person or company concerned.

    A role that is named by a record (the legal representative by the tax registration) is filled from a record that
    meets the requirement of its material where there is one; what the department said just now goes first.

    Part of the caller's transaction.
    """
    said = answers or {}
    roles: dict[str, Subject | None] = {"applicant": applicant}
    records = {"applicant": _of(cursor, hub, applicant, resources_of(item, "applicant"))}
    own = {"applicant": _licences(cursor, hub, item, "applicant", applicant, today)}
    for name, role in item.roles.items():
        if role.named_by is None:
            continue
        source = role.named_by.resource
        stored = [one.record for one in records["applicant"].get(source, ())]
        naming = _best_first(item, [*said.get((source, applicant), ()), *stored], today)
        number = next((value for record in naming if (value := getattr(record, role.named_by.field))), None)
        subject = Subject("citizen", number.text) if number is not None else None
        roles[name] = subject
        records[name] = _of(cursor, hub, subject, resources_of(item, name)) if subject else {}
        own[name] = _licences(cursor, hub, item, name, subject, today) if subject else ()
    return Facts(roles, records, own)


def _best_first(item: ServiceItem, records: Iterable[Record], today: date) -> list[Record]:
    """Records that meet their material first; the rest as they came."""
    return sorted(
        records,
        key=lambda record: (
            not any(
                material.holds(record, today=today)
                for material in item.materials
                if material.resource == record.schema_name
            )
        ),
    )


def resources_of(item: ServiceItem, role: str) -> list[str]:
    """The resources in which an item reads about a role, sorted."""
    naming = {
        other.named_by.resource for other in item.roles.values() if other.named_by and other.named_by.role == role
    }
    return sorted(naming.union(*(material.resources for material in item.materials if material.role == role)))


def _of(cursor: Any, hub: Hub, subject: Subject, resources: Sequence[str]) -> dict[str, list[Found]]:
    rows = select_subject(cursor, hub.subject(subject.kind, subject.value), resources)
    return {
        resource: [
            Found(restore(resource, row.open(hub.vault).payload), row.version, row.batch, row.valid_from)
            for row in found
        ]
        for resource, found in rows.items()
    }


def _licences(
    cursor: Any, hub: Hub, item: ServiceItem, role: str, subject: Subject, today: date
) -> Sequence[OwnLicence]:
    kinds = [
        material.licence.type
        for material in item.materials
        if material.role == role and material.licence and material.licence.type
    ]
    if not kinds:
        return ()
    rows = licences.of_holder(cursor, hub.subject(subject.kind, subject.value), kinds, today)
    return [
        OwnLicence(row.licence_type, licences.open_facts(hub.vault, row.made_for, row.sealed)["metadata"])
        for row in rows
    ]
