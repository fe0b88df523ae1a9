"""What a service item consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.dates import Validity
from schemas.declared import Declared
from schemas.identifiers.citizen import CitizenId
from schemas.items.conditions import Condition
from schemas.records import Record
from schemas.registry import MODELS


class LegalBasis(Declared):
    """A law or regulation the item rests on. Clause numbers are given only once somebody has read them."""

    title: str
    verified: bool


class NamedBy(Declared):
    """How a role's number is found: in a field of a record about another role."""

    role: str
    resource: str
    field: str


class Role(Declared):
    """Somebody the item needs facts about.

    Attributes:
        kinds: which kinds of subject can fill it.
        named_by: None for the one whose number is asked for or stands on the application.
    """

    kinds: tuple[Literal["citizen", "company"], ...] = Field(min_length=1)
    named_by: NamedBy | None = None


class Material(Declared):
    """A fact the item needs, in place of a paper.

    Attributes:
        code: M1, M2 … unique within the item.
        resource: the schema the fact is a record of.
        role: whom the record speaks of.
        requirement: all of it must hold for one and the same record; empty means a record must exist.
        release: the only fields a lookup may hand out.
    """

    code: Annotated[str, Field(pattern=r"^M[1-9][0-9]?$")]
    name: str
    resource: str
    role: str
    requirement: tuple[Condition, ...] = ()
    release: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _speaks_of_real_fields(self) -> Self:
        model = _known(self.resource)
        for name in (*self.release, *(condition.field for condition in self.requirement)):
            if name not in model.model_fields:
                raise ValueError(f"{self.resource} has no field {name}")
        for condition in self.requirement:
            _check_values(model, condition)
        return self

    def holds(self, record: Record, *, today: date | None = None) -> bool:
        """Whether this one record meets the whole requirement."""
        return all(condition.holds(record, today=today) for condition in self.requirement)

    def proof(self, records: Iterable[Record], *, today: date | None = None) -> Record | None:
        """The first of the records that meets the requirement, None when none does."""
        return next((record for record in records if self.holds(record, today=today)), None)

    def labels(self) -> dict[str, str]:
        """Released field to its Chinese label, in the order of release."""
        model = MODELS[self.resource]
        return {name: model.label(name)[0] for name in self.release}


class ServiceItem(Declared):
    """A service item and everything a lookup or an approval asks of it.

    Attributes:
        code: 31 characters: office 18, level 1, basic code 12.
        code_verified: False as long as the main number in the code is a placeholder.
        licence_type: id of the licence that a granted case leads to.
    """

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{31}$")]
    code_verified: bool
    name: str
    licence_type: str
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    roles: Mapping[str, Role]
    materials: tuple[Material, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if "applicant" not in self.roles or self.roles["applicant"].named_by is not None:
            raise ValueError("an item has a role `applicant` that nobody else names")
        for name, role in self.roles.items():
            if role.named_by is not None:
                self._check_naming(name, role.named_by)
        codes = [material.code for material in self.materials]
        if len(set(codes)) != len(codes):
            raise ValueError("two materials bear the same code")
        for material in self.materials:
            if material.role not in self.roles:
                raise ValueError(f"{material.code} speaks of a role {material.role} that is not declared")
        return self

    def _check_naming(self, name: str, source: NamedBy) -> None:
        field = _known(source.resource).model_fields.get(source.field)
        if field is None or field.annotation is not CitizenId:
            raise ValueError(f"{name}: {source.resource}.{source.field} is no citizen number")
        if source.role not in self.roles or self.roles[source.role].named_by is not None:
            raise ValueError(f"{name} must be named by a record about the applicant")

    @property
    def office(self) -> str:
        """Credit code of the office that handles the item."""
        return self.code[:18]

    @property
    def resources(self) -> tuple[str, ...]:
        """Every resource a lookup for this item may touch, sorted."""
        naming = {role.named_by.resource for role in self.roles.values() if role.named_by}
        return tuple(sorted(naming | {material.resource for material in self.materials}))

    def material(self, code: str) -> Material:
        """The material of a code; KeyError when the item has none."""
        return {material.code: material for material in self.materials}[code]


def _known(resource: str) -> type[Record]:
    if resource not in MODELS:
        raise ValueError(f"there is no schema {resource}")
    return MODELS[resource]


def _check_values(model: type[Record], condition: Condition) -> None:
    """A misspelt state would simply never hold; so it is refused here."""
    kind = model.model_fields[condition.field].annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        for value in condition.values:
            if value not in {member.value for member in kind}:
                raise ValueError(f"{condition.field} is never {value}")
    if condition.not_past and kind not in (date, Validity, date | None, Validity | None):
        raise ValueError(f"{condition.field} is neither a date nor a validity")
