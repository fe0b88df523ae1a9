"""The only things a requirement can say about a record; whatever else is wanted has to be added here first."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from schemas.dates import Validity, current_day
from schemas.declared import Declared
from schemas.records import Record


class Condition(Declared):
    """One statement about one field; exactly one of the four is set.

    Attributes:
        field: English field name of the material's schema.
        equals: the value it must have.
        one_of: values of which it must have one; written `in` in TOML.
        not_past: it is a date or validity that has not passed (the day itself still counts).
        present: it has any value.
    """

    field: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = Field(default=None, alias="in", min_length=1)
    not_past: bool | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [self.equals, self.one_of, self.not_past or None, self.present or None]
        if sum(part is not None for part in said) != 1:
            raise ValueError("a condition says exactly one of: equals, in, not_past = true, present = true")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """The values it compares with; none for the other two kinds."""
        return (self.equals,) if self.equals is not None else self.one_of or ()

    def holds(self, record: Record, *, today: date | None = None) -> bool:
        """Whether the record meets it; a field without value meets nothing.

        Args:
            record: a record of the material's schema.
            today: the day `not_past` compares with; the system clock's when left out.
        """
        value = getattr(record, self.field)
        if value is None:
            return False
        if self.not_past:
            day = today or current_day()
            return value.covers(day) if isinstance(value, Validity) else bool(day <= value)
        return bool(self.present) or value in self.values
