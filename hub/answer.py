"""What a lookup says: material by material its state, the released fields, their source and age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.items.model import Trust, Way


class MaterialState(StrEnum):
    """How a material stands.

    Satisfied: a record meets the requirement and is fresh enough. Stale: it meets it, but is older than declared
    and the department did not answer. Conflicting: two sources say different things. Promised: the applicant gave
    his word. Unmet: there are records, none meets the requirement. Missing: there is none. Unreachable: nobody could
    be asked: the source is not open, was never read, or did not answer.
    """

    SATISFIED = "satisfied"
    PROMISED = "promised"
    STALE = "stale"
    CONFLICTING = "conflicting"
    UNMET = "unmet"
    MISSING = "missing"
    UNREACHABLE = "unreachable"

    @property
    def needs_nothing(self) -> bool:
        """Whether the applicant has nothing to bring for it."""
        return self in (MaterialState.SATISFIED, MaterialState.PROMISED)


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """One released field.

    Attributes:
        field, label: English name and Chinese label.
        value: typed, as JSON can say it: text, number, true or false; a date as YYYY-MM-DD.
        text: as a person reads it.
    """

    field: str
    label: str
    value: str | int | float | bool | None
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """Where facts come from.

    Attributes:
        resource: code of the resource, or `licence` for the hub's own register.
        department, title: as a person reads them.
        trust: level of the source.
        as_of: when the resource was last read to its end, or when the department answered; Asia/Shanghai.
        batch: the batch that brought the record; None for a live answer.
        live: the department was asked for this very lookup.
    """

    resource: str
    department: str
    title: str
    trust: Trust
    as_of: datetime | None
    batch: int | None = None
    live: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "resource": self.resource,
            "department": self.department,
            "title": self.title,
            "trust": self.trust.value,
            "as_of": self.as_of.isoformat(timespec="seconds") if self.as_of else None,
            "batch": self.batch,
            "live": self.live,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Contradiction:
    """One field that two sources tell differently; both stand side by side and nobody chooses.

    Attributes:
        label: the field as a person reads it; `field` is what the other resource calls it.
        here, there: the two values in words.
    """

    label: str
    here: str
    other: Origin
    field: str
    there: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"label": self.label, "here": self.here, "other": self.other.to_dict(), "there": self.there}


@dataclass(frozen=True, slots=True, repr=False)
class MaterialAnswer:
    """One material.

    Attributes:
        role: whom it is about: `applicant`, or a role of the item such as `legal_rep`.
        way: how it was obtained; for one that was not, the first way left: promise or upload, None where none is.
        facts: the released fields, in the item's order; empty unless a record may be shown.
        reason: why it is not satisfied, a word of `hub.weighing.REASONS`; empty when it is.
        note: the same for a person, or what he should know: the department did not answer, so this is of such a day.
        ways_left: what may still be done for it: `promise`, `upload`.
        promise, upload: the clause to be promised, the paper to be brought, where these ways are open.
    """

    code: str
    name: str
    role: str
    state: MaterialState
    way: Way | None
    origin: Origin | None
    facts: tuple[Fact, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    reason: str = ""
    note: str = ""
    ways_left: tuple[Way, ...] = ()
    promise: str | None = None
    upload: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "code": self.code,
            "name": self.name,
            "role": self.role,
            "state": self.state.value,
            "way": self.way.value if self.way else None,
            "origin": self.origin.to_dict() if self.origin else None,
            "facts": [{"field": f.field, "label": f.label, "value": f.value, "text": f.text} for f in self.facts],
            "contradictions": [one.to_dict() for one in self.contradictions],
            "reason": self.reason,
            "note": self.note,
            "ways_left": [way.value for way in self.ways_left],
            "promise": self.promise,
            "upload": self.upload,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Everything the item needs of the one asked about.

    Attributes:
        entry: number of this lookup in the audit log, to be quoted in a question about it.
        subject_masked: the number asked for, its middle hidden; for the clerk to see he has the right one.
    """

    entry: str
    item: str
    item_name: str
    item_version: int
    case_no: str | None
    subject_masked: str
    materials: tuple[MaterialAnswer, ...]

    @property
    def complete(self) -> bool:
        """Whether every material is satisfied or promised: nothing to bring."""
        return all(material.state.needs_nothing for material in self.materials)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "entry": self.entry,
            "item": self.item,
            "item_name": self.item_name,
            "item_version": self.item_version,
            "case_no": self.case_no,
            "subject": self.subject_masked,
            "complete": self.complete,
            "materials": [material.to_dict() for material in self.materials],
        }
