"""The only things a requirement can say about a record; whatever else is wanted has to be added here first."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from schemas.dates import Validity, current_day
from schemas.declared import Declared
from schemas.records import Record


class Condition(Declared):
    """One statement about one field; exactly one of the seven is set.

    Attributes:
        field: English field name of the material's schema.
        equals: the value it must have.
        one_of: values of which it must have one; written `in` in TOML.
        not_past: it is a date or validity that has not passed (the day itself still counts).
        present: it has any value.
        yes: it is a yes-or-no field and says yes.
        full_years: it is a date, and at least so many full years have passed since: an age that is asked for
            without the birth date being given out.
        within_days: it is a date that lies at most so many days back, such as the birth of a newborn child.
    """

    field: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = Field(default=None, alias="in", min_length=1)
    not_past: bool | None = None
    present: bool | None = None
    yes: bool | None = None
    full_years: Annotated[int, Field(gt=0)] | None = None
    within_days: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        flags = [self.not_past or None, self.present or None, self.yes or None]
        said = [self.equals, self.one_of, self.full_years, self.within_days, *flags]
        if sum(part is not None for part in said) != 1:
            raise ValueError(
                "a condition says exactly one of: equals, in, not_past = true, present = true, yes = true, "
                "full_years, within_days"
            )
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """The values it compares with; none for the other kinds."""
        return (self.equals,) if self.equals is not None else self.one_of or ()

    def holds(self, record: Record, *, today: date | None = None) -> bool:
        """Whether the record meets it; a field without value meets nothing.

        Args:
            record: a record of the material's schema.
            today: the day that dates are compared with; the system clock's when left out.
        """
        value = getattr(record, self.field)
        if value is None:
            return False
        if self.yes:
            return value is True
        if self.not_past or self.full_years or self.within_days:
            return self._dated(value, today or current_day())
        return bool(self.present) or value in self.values

    def _dated(self, value: Any, today: date) -> bool:
        if isinstance(value, Validity):
            return value.covers(today)
        if self.full_years:
            birthday_to_come = (today.month, today.day) < (value.month, value.day)
            return bool(today.year - value.year - birthday_to_come >= self.full_years)
        if self.within_days:
            return bool(0 <= (today - value).days <= self.within_days)
        return bool(today <= value)
