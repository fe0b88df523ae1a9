"""What a service item consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum, StrEnum
from types import NoneType
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import Field, model_validator

from schemas.dates import Validity
from schemas.declared import Declared
from schemas.identifiers.citizen import CitizenId
from schemas.items.conditions import Condition
from schemas.records import Record
from schemas.registry import MODELS


class LicenceStep(StrEnum):
    """What a granted case does to a licence: begins it, or takes it a step further; in the register's own words."""

    ISSUE = "issue"
    CHANGE = "change"
    RENEW = "renew"
    REPLACE = "replace"
    CANCEL = "cancel"

    @property
    def draws(self) -> bool:
        """Whether the step ends in a document, whose face is filled from the case's own evidence."""
        return self is not LicenceStep.CANCEL


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


class Level(StrEnum):
    """Where an item is handled."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


class Way(StrEnum):
    """How a material is obtained without the applicant, and with him at the end; in the order they are tried."""

    LICENCE = "licence"
    SHARED = "shared"
    LIVE = "live"
    PROMISE = "promise"
    UPLOAD = "upload"


class Trust(StrEnum):
    """How far a value can be relied on, A most (国办函〔2016〕108号); which source has which level is our own guess."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    def reaches(self, wanted: Trust) -> bool:
        """Whether a value of this level satisfies a rule that asks for `wanted`."""
        return self.value <= wanted.value


class Purpose(Declared):
    """What the item's facts may be used for, and by which law.

    Attributes:
        code: a word of `schemas.items.purposes`.
        basis: title of one of the item's legal bases.
    """

    code: str
    basis: str


class Agreement(Declared):
    """Another resource that says the same; where the two differ the material is in conflict.

    Attributes:
        field: field of the material's own record.
        resource, there: the other record about the same subject, and its field.
    """

    field: str
    resource: str
    there: str


class LicenceWay(Declared):
    """An electronic licence that stands for the material: a record of a licence resource, or one the hub issued.

    Exactly one of `resource` and `type` is set; `type` is the id of a licence type of this hub.
    """

    resource: str | None = None
    type: str | None = None
    requirement: tuple[Condition, ...] = ()
    release: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.resource is None) == (self.type is None):
            raise ValueError("a licence is named by `resource` or by `type`, not by both")
        if self.resource is not None:
            _check_fields(self.resource, self.release, self.requirement)
            if not self.release:
                raise ValueError("a licence record needs the fields it may `release`")
        elif self.requirement or self.release:
            raise ValueError("a licence of this hub releases its number, name and validity, and nothing is to be said")
        return self


class PromiseWay(Declared):
    """告知承诺: the applicant's written word in place of the material (国办发〔2020〕42号).

    Attributes:
        clause: what is promised, in the words the applicant signs.
        verify_within_days: working days within which the bureau checks it.
        verified: whether that number has been confirmed.
    """

    clause: str
    verify_within_days: Annotated[int, Field(gt=0)]
    verified: bool


class Material(Declared):
    """A fact the item needs, in place of a paper.

    Attributes:
        code: M1, M2 … unique within the item.
        resource: the schema the fact is a record of.
        role: whom the record speaks of.
        requirement: all of it must hold for one and the same record; empty means a record must exist.
        release: the only fields a lookup may hand out.
        ways: how it is obtained, tried in this order, which is always that of `Way`.
        max_age_days: an older reading of the resource is stale; None where the source's own cycle decides.
        trust: the lowest level that satisfies.
        agree: records of other resources that must not say otherwise.
        licence, promise: particulars of these two ways.
        upload: name of the paper that is brought when nothing else gives the fact.
    """

    code: Annotated[str, Field(pattern=r"^M[1-9][0-9]?$")]
    name: str
    resource: str
    role: str
    requirement: tuple[Condition, ...] = ()
    release: tuple[str, ...] = Field(min_length=1)
    ways: tuple[Way, ...] = (Way.SHARED,)
    max_age_days: Annotated[int, Field(gt=0)] | None = None
    trust: Trust = Trust.C
    agree: tuple[Agreement, ...] = ()
    licence: LicenceWay | None = None
    promise: PromiseWay | None = None
    upload: str | None = None

    @model_validator(mode="after")
    def _speaks_of_real_fields(self) -> Self:
        _check_fields(self.resource, self.release, self.requirement)
        for agreement in self.agree:
            _check_fields(self.resource, (agreement.field,), ())
            _check_fields(agreement.resource, (agreement.there,), ())
        return self

    @model_validator(mode="after")
    def _ways_are_told(self) -> Self:
        if not self.ways or list(self.ways) != sorted(set(self.ways), key=list(Way).index):
            raise ValueError(f"`ways` are some of {', '.join(Way)}, each once and in this order")
        for way, told in ((Way.LICENCE, self.licence), (Way.PROMISE, self.promise), (Way.UPLOAD, self.upload)):
            if (way in self.ways) != (told is not None):
                raise ValueError(f"`{way.value}` stands in `ways` just when `{way.value}` says how")
        return self

    @property
    def resources(self) -> frozenset[str]:
        """Every resource the material may be read from."""
        others = {agreement.resource for agreement in self.agree}
        licence = {self.licence.resource} if self.licence and self.licence.resource else set()
        return frozenset({self.resource} | others | licence)

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
        licence_type: id of the licence that a granted case leads to; None where it leads to none here.
        licence_step: what a granted case does to that licence; `issue` unless the file says otherwise.
        version, in_force_from: of this description; a case stays with the one in force when it began.
        changed_by: why this version differs from the one before it: the document that ordered it.
        organ: who handles the item, as a person knows it.
        levels: where it is handled; an item delegated to streets names `street`.
        purposes: what its facts may be asked for. Nothing is released for another purpose.
    """

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{31}$")]
    code_verified: bool
    name: str
    licence_type: str | None = None
    licence_step: LicenceStep | None = None
    version: Annotated[int, Field(gt=0)] = 1
    in_force_from: date = date(2026, 1, 1)
    changed_by: str | None = None
    organ: str = "区行政审批局"
    levels: tuple[Level, ...] = (Level.DISTRICT,)
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    purposes: tuple[Purpose, ...] = ()
    roles: Mapping[str, Role]
    materials: tuple[Material, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _leads_to_a_licence_by_issuing_it(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("licence_type") is not None and "licence_step" not in given:
            return {**given, "licence_step": LicenceStep.ISSUE}
        return given

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.licence_step is not None and self.licence_type is None:
            raise ValueError("a step of a licence needs the `licence_type` it is a step of")
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
        titles = {basis.title for basis in self.legal_basis}
        for purpose in self.purposes:
            if purpose.basis not in titles:
                raise ValueError(f"the basis of purpose {purpose.code} is none of the item's legal bases")
        return self

    def _check_naming(self, name: str, source: NamedBy) -> None:
        model = _known(source.resource)
        if source.field not in model.model_fields or _kind(model, source.field) is not CitizenId:
            raise ValueError(f"{name}: {source.resource}.{source.field} is no citizen number")
        if source.role not in self.roles or self.roles[source.role].named_by is not None:
            raise ValueError(f"{name} must be named by a record about the applicant")

    @property
    def issues(self) -> bool:
        """Whether a granted case begins a licence, not a later step of one."""
        return self.licence_step is LicenceStep.ISSUE

    @property
    def office(self) -> str:
        """Credit code of the office that handles the item."""
        return self.code[:18]

    @property
    def resources(self) -> tuple[str, ...]:
        """Every resource a lookup for this item may touch, sorted."""
        naming = {role.named_by.resource for role in self.roles.values() if role.named_by}
        return tuple(sorted(naming.union(*(material.resources for material in self.materials))))

    def material(self, code: str) -> Material:
        """The material of a code; KeyError when the item has none."""
        return {material.code: material for material in self.materials}[code]


def _known(resource: str) -> type[Record]:
    if resource not in MODELS:
        raise ValueError(f"there is no schema {resource}")
    return MODELS[resource]


def _check_fields(resource: str, release: Iterable[str], requirement: Iterable[Condition]) -> None:
    model = _known(resource)
    for name in (*release, *(condition.field for condition in requirement)):
        if name not in model.model_fields:
            raise ValueError(f"{resource} has no field {name}")
    for condition in requirement:
        _check_values(model, condition)


def _check_values(model: type[Record], condition: Condition) -> None:
    """A misspelt state would simply never hold; so it is refused here."""
    kind = _kind(model, condition.field)
    if isinstance(kind, type) and issubclass(kind, Enum):
        for value in condition.values:
            if value not in {member.value for member in kind}:
                raise ValueError(f"{condition.field} is never {value}")
    if condition.not_past and kind not in (date, Validity):
        raise ValueError(f"{condition.field} is neither a date nor a validity")
    if (condition.full_years or condition.within_days) and kind is not date:
        raise ValueError(f"{condition.field} is no date")
    if condition.yes and kind is not bool:
        raise ValueError(f"{condition.field} is no yes-or-no field")
    if condition.values and kind is bool:
        raise ValueError(f"{condition.field} is a yes-or-no field; say yes = true")


def _kind(model: type[Record], name: str) -> Any:
    """What a field holds when it holds something."""
    kind: Any = model.model_fields[name].annotation
    told = [part for part in get_args(kind) if part is not NoneType]
    if NoneType in get_args(kind) and len(told) == 1:
        kind = told[0]
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind
