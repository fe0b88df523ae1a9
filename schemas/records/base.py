"""What every record is: a frozen pydantic model that reads a source's own columns in any letter case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from schemas.identifiers.citizen import CitizenId, Sex
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.legacy import is_organisation_code_shape, is_registration_number_shape
from schemas.text import LIKELY, SUSPECT, garbled, narrowed, trimmed

SubjectKind = Literal["citizen", "company", "registration_number", "organisation_code", "case", "other"]

#: Columns of every exchange table that say how a row travelled, not what it says.
TRAVEL_COLUMNS = frozenset({"row_guid", "cd_batch", "cd_operation", "cd_time", "data_source"})


class Subject(NamedTuple):
    """Whom or what a record speaks of; a record is found under each of its subjects.

    Attributes:
        kind: citizen and company by their number, registration_number and organisation_code by a number from before
            2015, see `legacy_subjects`; a case by its project number, other by a document's.
        value: the number itself; the repr shows it masked.
    """

    kind: SubjectKind
    value: str

    def __repr__(self) -> str:
        return f"Subject({self.kind}, {self.value[:2]}{'*' * max(len(self.value) - 4, 1)}{self.value[-2:]})"


def legacy_subjects(
    code: CreditCode | None, registration_no: str | None, organisation_code: str | None
) -> tuple[Subject, ...]:
    """An organisation under the numbers it had before 2015, so that who has only one of those finds it.

    The organisation code lives on as characters 9 to 17 of the credit code; it is written without its hyphen. What
    has not the shape of such a number is none.

    Args:
        code: the credit code, where there is one.
        registration_no: 注册号, 15 digits.
        organisation_code: 组织机构代码, 9 characters, as a column of the record gives it.
    """
    found = [] if code is None else [Subject("organisation_code", code.organisation_code)]
    if organisation_code is not None and is_organisation_code_shape(stated := organisation_code.upper()):
        found.append(Subject("organisation_code", stated.replace("-", "")))
    if registration_no is not None and is_registration_number_shape(registration_no):
        found.append(Subject("registration_number", registration_no))
    return tuple(dict.fromkeys(found))


class Misread:
    """Stands in for a value that cannot be judged; every column kind refuses it, `code` says why."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        self.code = code

    def __repr__(self) -> str:
        return f"Misread({self.code})"


_GARBLED = Misread("R-006")
_CLASHING = Misread("R-005")


class Record(BaseModel):
    """Base of all records. `model_validate` takes a row under the source's column names.

    Outer blanks are removed, `N/A` and empty text read as absent, garbled text is refused; then
    every column is judged by its kind, and last the rules that span columns. Errors carry R-codes
    as their types and never a value; `schemas.judge` turns them into reasons.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    schema_name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    #: Fields that together name the record, in the order they are joined.
    key_fields: ClassVar[tuple[str, ...]]
    #: Source columns known and left out on purpose.
    ignored: ClassVar[frozenset[str]] = TRAVEL_COLUMNS
    #: Pairs of fields whose dates must not be in reverse order.
    date_order: ClassVar[tuple[tuple[str, str], ...]] = ()
    #: Column name in lower and upper case, and English field name, to column name; an ignored one to "".
    columns: ClassVar[Mapping[str, str]]
    #: Field name to column name, and back.
    column_of: ClassVar[Mapping[str, str]]
    field_of: ClassVar[Mapping[str, str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.column_of = {name: str(field.validation_alias or name) for name, field in cls.model_fields.items()}
        cls.field_of = {column: name for name, column in cls.column_of.items()}
        cls.columns = {
            known: column for name, column in cls.column_of.items() for known in (name, column.upper(), column)
        } | dict.fromkeys(cls.ignored, "")

    def key(self) -> str:
        """What the source knows the record by, normalised; parts are joined by `+`."""
        return "+".join([_text(getattr(self, name)) for name in self.key_fields])

    @classmethod
    def label(cls, name: str) -> tuple[str, str]:
        """A field's Chinese and English label; KeyError for a field the schema has not."""
        chinese, _, english = str(cls.model_fields[name].description).partition(" / ")
        return chinese, english

    def subjects(self) -> tuple[Subject, ...]:
        """Whom the record speaks of."""
        raise NotImplementedError

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """(R-code, field) of every rule across fields that is broken; a field that is None breaks none."""
        for earlier, later in self.date_order:
            first, second = getattr(self, earlier), getattr(self, later)
            if first is not None and second is not None and second < first:
                yield "R-041", later

    @model_validator(mode="before")
    @classmethod
    def _arrive(cls, row: Any, info: ValidationInfo) -> Any:
        return arrive(cls, row, info.context) if row.__class__ is dict or isinstance(row, Mapping) else row

    @model_validator(mode="after")
    def _agree(self) -> Self:
        broken = list(self.disagreements())
        if broken:
            raise PydanticCustomError("disagreement", "fields of the record contradict each other", {"broken": broken})
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.schema_name}, hidden)"

    __str__ = __repr__


def arrive(cls: type[Record], row: Mapping[Any, Any], reading: Any) -> dict[str, Any]:
    """The row under its columns' names, trimmed, without absent values and garbled text.

    Most rows need no more than new names, so that is tried first.

    Args:
        reading: a `Reading`, which is told what was normalised and which columns are unknown; or None.
    """
    known = cls.columns.get
    arrived: dict[str, Any] = {}
    texts: list[str] = []
    others = 0
    for name, value in row.items():
        column = known(name)
        if value.__class__ is str:
            if column is None or value.strip() is not value:
                return _arrive_carefully(cls, row, reading)
            if value and column:
                arrived[column] = value
                texts.append(value)
        elif column is None:
            return _arrive_carefully(cls, row, reading)
        elif column and value is not None:
            arrived[column] = value
            others += 1
    everything = "\n".join(texts)
    if (
        len(arrived) != len(texts) + others
        or "/A" in everything
        or "/a" in everything
        or (SUSPECT.search(everything) and LIKELY.search(everything))
    ):
        return _arrive_carefully(cls, row, reading)
    return arrived


def _arrive_carefully(cls: type[Record], row: Mapping[Any, Any], reading: Any) -> dict[str, Any]:
    """The row under its columns' names with everything noted that was wrong on the way."""
    notes: list[tuple[str, str]] = [] if reading is None else reading.notes
    unknown: list[str] = [] if reading is None else reading.unknown
    arrived: dict[str, Any] = {}
    for name, value in row.items():
        column = cls.columns.get(name) or cls.columns.get(str(name).lower())
        if not column:
            if column is None:
                unknown.append(str(name))
            continue
        if value.__class__ is str:
            bare = trimmed(value)
            if len(bare) == 3 and narrowed(bare).upper() == "N/A":
                notes.append(("N-004", cls.field_of[column]))
                continue
            if bare and bare != value:
                notes.append(("N-001", cls.field_of[column]))
            value = _GARBLED if garbled(bare) else bare
            if not bare:
                continue
        elif value is None:
            continue
        if column in arrived and not (value.__class__ is str and arrived[column] == value):
            # The same field under two names (NSRMC and nsrmc) with two values: neither can be believed.
            value = _CLASHING
        arrived[column] = value
    return arrived


def person_disagreements(
    number: CitizenId | None, *, born: date | None, born_field: str, sex: Sex | None, sex_field: str
) -> Iterator[tuple[str, str]]:
    """What a citizen number says against the birth date and sex beside it."""
    if number is None:
        return
    if born is not None and born != number.born:
        yield "R-060", born_field
    if sex is not None and sex is not number.sex:
        yield "R-061", sex_field


def _text(value: Any) -> str:
    return value if value.__class__ is str else str(value.text) if hasattr(value, "text") else str(value)
