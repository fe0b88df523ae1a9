"""What a licence type consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from string import Formatter
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from schemas.dates import Validity
from schemas.declared import Declared
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.holder import HolderNumber
from schemas.items import LicenceStep, ServiceItem, all_items
from schemas.records import Accept, Record, Result
from schemas.registry import MODELS

#: What the hub itself knows about a licence it is issuing, by face field name.
LICENCE_FIELDS = frozenset({"number", "identifier", "issued_on", "validity"})
ISSUER_FIELDS = frozenset({"name", "credit_code"})


#: As the context of a validation: a type whose parts are each right is taken, however they stand to each other.
LOOSE: Final = "loose"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a type whose parts are each right, and where in its file."""

    place: tuple[int | str, ...]
    text: str


class ValidityRule(Declared):
    """How long a licence is valid: a number of years, or 长期.

    Attributes:
        renewal: whether the years of a renewed licence are counted from the day after the old end, or from the day
            of the decision.
        remind_days: how many days before the last one the holder is reminded, the earliest reminder first.
        verified: whether somebody has read the rule in a law in force; it speaks of `renewal` too.
    """

    years: Annotated[int, Field(ge=1, le=50)] | None = None
    long_term: bool = False
    renewal: Literal["from_end", "from_decision"] = "from_end"
    remind_days: tuple[Annotated[int, Field(ge=1, le=366)], ...] = (90, 30, 7)
    verified: bool

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.years is None) is not self.long_term:
            raise ValueError("a validity has either years or long_term = true")
        if list(self.remind_days) != sorted(set(self.remind_days), reverse=True):
            raise ValueError("`remind_days` are days before the last one, each once, the largest first")
        return self

    def renewed(self, until: date, decided_on: date) -> Validity:
        """The validity of a licence that was valid until a day and is renewed by a decision of another.

        One that had ended by then is counted from the decision whatever the rule says: nothing is made valid backwards.
        """
        begins = until + timedelta(days=1)
        return self.from_day(begins if self.renewal == "from_end" and begins > decided_on else decided_on)

    def from_day(self, issued_on: date) -> Validity:
        """The validity of a licence issued on a day; its last day is the one before the anniversary."""
        if self.years is None:
            return Validity(None)
        try:
            anniversary = issued_on.replace(year=issued_on.year + self.years)
        except ValueError:  # issued on 29 February, and that year has none
            anniversary = date(issued_on.year + self.years, 3, 1)
        return Validity(anniversary - timedelta(days=1))


class FaceField(Declared):
    """One line of a licence's face.

    Attributes:
        key: the line's name in the licence's drawing template.
        label: as printed.
        source: evidence (a material's record), accept or result (the bureau's own case tables), licence (what
            the hub assigns), issuer (the issuing organ) or text (always the same).
        material: the material's code, for evidence.
        field: the field's English name, for all but text.
        text: the words, for text.
        personal: whether it tells of a natural person, so that the public verification page masks it.
    """

    key: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    label: str
    source: Literal["evidence", "accept", "result", "licence", "issuer", "text"]
    material: str | None = None
    field: str | None = None
    text: str | None = None
    personal: bool = False

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.source == "evidence") is not (self.material is not None):
            raise ValueError(f"{self.label}: evidence and nothing else names a material")
        if (self.source == "text") is not (self.text is not None) or (self.source == "text") is (
            self.field is not None
        ):
            raise ValueError(f"{self.label}: a text has its words, everything else its field")
        if self.source in ("accept", "result") and (
            text := _not_shown(Accept if self.source == "accept" else Result, self.label, self.field)
        ):
            raise ValueError(text)
        if self.source == "licence" and self.field not in LICENCE_FIELDS:
            raise ValueError(f"{self.label}: the hub assigns {', '.join(sorted(LICENCE_FIELDS))}, not {self.field}")
        if self.source == "issuer" and self.field not in ISSUER_FIELDS:
            raise ValueError(
                f"{self.label}: of an issuer {', '.join(sorted(ISSUER_FIELDS))} are known, not {self.field}"
            )
        return self


class LicenceType(Declared):
    """A kind of licence.

    Attributes:
        id: short name used in addresses and file names.
        type_code: credit code of the defining authority and a 3-digit sequence, for the identifier.
        type_code_verified: False as long as it is a placeholder.
        item: code of the service item whose granting begins it; items of later steps name the type, not it them.
        number_format: `{year}` and `{seq}` are filled in; sequences start again every year.
        seals: names of the seals that go on it, in order, as the hub's seal register calls them.
        sheets: which sheets one document holds, 正本 first; each has a drawing template.
        face: the lines of its face, in order.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: str
    type_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}[0-9]{3}$")]
    type_code_verified: bool
    item: str
    number_format: str
    validity: ValidityRule
    seals: tuple[str, ...] = Field(min_length=1)
    sheets: tuple[Literal["original", "copy"], ...] = ("original", "copy")
    face: tuple[FaceField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self, info: ValidationInfo) -> Self:
        if info.context != LOOSE and (found := [problem.text for problem in self.problems()]):
            raise ValueError("; ".join(found))
        return self

    def problems(self) -> Iterator[Problem]:
        """What its parts say against each other, against the items that name it, and against the records."""
        yield from self._of_number()
        for what in ("label", "key"):
            told = [getattr(line, what) for line in self.face]
            for place, one in enumerate(told):
                if one in told[:place]:
                    yield Problem(("face", place, what), f"two lines of the face bear the {what} {one}")
        if self.sheets not in (("original",), ("original", "copy")):
            yield Problem(("sheets",), '`sheets` are ["original"] or ["original", "copy"]')
        yield from self._of_items()

    def _of_number(self) -> Iterator[Problem]:
        try:
            named = [name for _, name, _, _ in Formatter().parse(self.number_format) if name is not None]
            shown = {
                self.number_format.format(year=year, seq=seq) for year in (2026, 2027) for seq in (1, 2, 11, 99999)
            }
        except (ValueError, LookupError, TypeError, AttributeError):
            named, shown = [], set()
        if sorted(named) != ["seq", "year"] or len(shown) != 8:
            yield Problem(("number_format",), "a number format holds {year} and {seq} once each")

    def _of_items(self) -> Iterator[Problem]:
        begins = all_items().get(self.item)
        if begins is None:
            yield Problem(("item",), f"no item in force has the code {self.item}")
        elif begins.licence_type != self.id:
            yield Problem(("item",), f"the item {begins.name} leads to {begins.licence_type or 'no licence'}")
        elif not begins.issues:
            yield Problem(("item",), f"the item {begins.name} is a later step of this licence and does not begin it")
        for one in self.items:
            if one.issues and one.code != self.item:
                yield Problem(("item",), f"a second item begins this licence: {one.name}")
            if one.licence_step is LicenceStep.RENEW and self.validity.long_term:
                yield Problem(("validity",), f"{one.name} renews a licence that has no end")
            if one.licence_step is not None and one.licence_step.draws:
                yield from self._of_release(one)

    def _of_release(self, item: ServiceItem) -> Iterator[Problem]:
        """What the face shows comes from the evidence of the case it is drawn for, whichever step that is."""
        for place, line in enumerate(self.face):
            if line.source != "evidence":
                continue
            material = next((known for known in item.materials if known.code == line.material), None)
            if material is None or line.field not in material.release:
                text = f"{line.label}: {item.name} does not release {line.material}.{line.field}"
                yield Problem(("face", place, "field"), text)
                continue
            if text := _not_shown(MODELS[material.resource], line.label, line.field):
                yield Problem(("face", place, "field"), text)

    @property
    def items(self) -> tuple[ServiceItem, ...]:
        """Every item in force whose granting takes a licence of this type a step, the first one included."""
        return tuple(one for one in all_items().values() if one.licence_type == self.id)

    def number(self, year: int, seq: int) -> str:
        """The licence's number; `seq` counts from 1 within the year."""
        if seq < 1:
            raise ValueError("sequences count from 1")
        return self.number_format.format(year=year, seq=seq)


def _not_shown(model: type[Record], label: str, name: str | None) -> str:
    """Why a field of a record cannot stand on a face; empty when it can."""
    field = model.model_fields.get(name or "")
    if field is None:
        return f"{label}: {model.schema_name} has no field {name}"
    if field.annotation in (CitizenId, HolderNumber):
        return f"{label}: a citizen's number does not go on a licence's face"
    return ""
