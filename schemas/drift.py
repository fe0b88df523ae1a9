"""Whether a source has changed: what a batch's columns and values say against what is declared and was seen before.

Nothing here refuses a record; that is `schemas.judge`. One bad value is a matter of one record. Drift is
what happens to a column: it is new, it is gone, or a noticeable share of its values is of another kind.
No value of the source leaves this file, only counts. A column nobody knows may bear a value as its name: before a
profile is stored, `schemas.drift_names` veils it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from math import sqrt
from typing import Any, Final

from schemas.judge import faults_of_value
from schemas.payload import plain_type
from schemas.records.base import Record
from schemas.registry import model
from schemas.text import narrowed, trimmed

#: Codes that say "this is another kind of thing", as against "this one value is wrong": a wrong check
#: character or a date in the future is a fault of a record, not of the column.
_OTHER_TYPE: Final = frozenset({"R-002", "R-004", "R-010", "R-020", "R-030", "R-040", "R-050", "R-070"})
_OTHER_VALUE: Final = "R-003"
_GARBLED: Final = "R-006"

_NEARLY_ALL: Final = 0.9

#: By how many standard deviations a count may differ from the usual one before it is more than chance.
_CHANCE: Final = 4

#: How the detail of a change begins that shows only beside an earlier batch.
COMPARED: Final = "before "

_SHAPES: Final = (
    ("year and month", re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])", re.ASCII)),
    ("date yyyyMMdd", re.compile(r"[12]\d{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)),
    ("date yyyy-MM-dd", re.compile(r"\d{4}-\d{1,2}-\d{1,2}", re.ASCII)),
    ("date, otherwise written", re.compile(r"\d{4}[/.年]\d{1,2}[/.月]\d{1,2}日?", re.ASCII)),
    ("date and time", re.compile(r"\d{4}[-/]?\d{1,2}[-/]?\d{1,2}[T ]?\d{1,2}:?\d{2}.*", re.ASCII)),
    ("whole number", re.compile(r"[+-]?\d+", re.ASCII)),
    ("number", re.compile(r"[+-]?[\d,]*\.\d+", re.ASCII)),
    ("letters and digits", re.compile(r"[0-9A-Za-z._/-]+", re.ASCII)),
)


class ChangeKind(StrEnum):
    """What happened to a column."""

    UNKNOWN = "unknown column"
    MISSING = "missing column"
    EMPTIED = "emptied column"
    TYPE = "changed type"
    VALUES = "changed value set"
    GARBLED = "garbled text"


@dataclass(frozen=True, slots=True)
class Change:
    """One column that is not as it was.

    Attributes:
        column: the source's name of it, in lower case.
        count: values (rows, for a whole column) concerned, out of `of`.
        detail: what it was and what it is now, never a value.
    """

    kind: ChangeKind
    column: str
    count: int
    of: int
    detail: str = ""

    def __str__(self) -> str:
        told = f"{self.kind.value} {self.column}: {self.count} of {self.of}"
        return f"{told} ({self.detail})" if self.detail else told


@dataclass(slots=True)
class ColumnProfile:
    """What was seen of one column: how many values are there, in what shapes, and what they were refused for."""

    present: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def merged(self, other: ColumnProfile) -> ColumnProfile:
        """Both together, as a new one."""
        return ColumnProfile(self.present + other.present, self.shapes + other.shapes, self.refused + other.refused)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"present": self.present, "shapes": dict(self.shapes), "refused": dict(self.refused)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ColumnProfile:
        """Back from `to_dict`."""
        return cls(stored["present"], Counter(stored["shapes"]), Counter(stored["refused"]))


@dataclass(slots=True)
class Profile:
    """What was seen of a batch, or of a sample of it; holds counts only, so it may be stored beside the batch.

    Attributes:
        schema_name: by which the values were tried.
        rows: how many rows were looked at.
        columns: by the source's column names in lower case; a column nobody knows is among them.
    """

    schema_name: str
    rows: int = 0
    columns: dict[str, ColumnProfile] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "schema": self.schema_name,
            "rows": self.rows,
            "columns": {name: seen.to_dict() for name, seen in sorted(self.columns.items())},
        }

    def merged(self, other: Profile) -> Profile:
        """Both together; two profiles of different schemas have nothing to say together."""
        if other.schema_name != self.schema_name:
            raise ValueError("profiles of two schemas cannot be merged")
        columns = dict(self.columns)
        for name, seen in other.columns.items():
            columns[name] = columns[name].merged(seen) if name in columns else seen
        return Profile(self.schema_name, self.rows + other.rows, columns)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Profile:
        """Back from `to_dict`."""
        columns = {name: ColumnProfile.from_dict(seen) for name, seen in stored["columns"].items()}
        return cls(stored["schema"], stored["rows"], columns)


def profile(schema_name: str, rows: Iterable[Mapping[str, Any]]) -> Profile:
    """Look at rows under the source's column names; a sample of a thousand tells as much as all of them.

    Raises:
        SchemaUnknown: no model bears the name.
    """
    cls = model(schema_name)
    found = Profile(schema_name)
    for row in rows:
        found.rows += 1
        for name, value in row.items():
            column = _source_name(cls, str(name))
            seen = found.columns.setdefault(column, ColumnProfile())
            if (shape := shape_of(value)) is None:
                continue
            seen.present += 1
            seen.shapes[shape] += 1
            if column in cls.field_of:
                seen.refused.update(faults_of_value(schema_name, column, value))
    return found


def changes(
    now: Profile,
    *,
    before: Profile | None = None,
    columns: Collection[str] = (),
    optional: Collection[str] = (),
    ignored: Collection[str] = (),
    tolerance: float = 0.05,
) -> tuple[Change, ...]:
    """What has changed, sorted by column; empty when nothing has.

    Args:
        now: the batch.
        before: an earlier batch, when there is one: shapes are compared with it.
        columns: the declared columns; the schema's own where left out.
        optional: those of them that may be missing.
        ignored: further columns the source is known to have.
        tolerance: a share of a column's values up to which they are faults of records, not drift.
    """
    cls = model(now.schema_name)
    declared = {name.lower() for name in columns} or set(cls.field_of)
    passed_over = {name.lower() for name in (*ignored, *cls.ignored)}
    found = [
        Change(ChangeKind.UNKNOWN, name, seen.present, now.rows)
        for name, seen in now.columns.items()
        if name not in declared and name not in passed_over and name not in cls.field_of
    ]
    if now.rows:
        found += [
            Change(ChangeKind.MISSING, name, now.rows, now.rows)
            for name in declared - {name.lower() for name in optional} - now.columns.keys()
        ]
    for name, seen in now.columns.items():
        if name in cls.field_of:
            earlier = before.columns.get(name) if before is not None else None
            found += _of_column(cls, name, seen, earlier, now.rows, tolerance)
    return tuple(sorted(found, key=lambda change: (change.column, change.kind)))


def shape_of(value: object) -> str | None:
    """In what form a value comes, None where there is no value; the words are for people and stay as they are."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "number, not as text"
    if isinstance(value, float | Decimal):
        return "fraction, not as text"
    if isinstance(value, datetime | date):
        return "date, not as text"
    if not isinstance(value, str):
        return "structure"
    bare = narrowed(trimmed(value))
    if not bare or bare.upper() == "N/A":
        return None
    return next((name for name, form in _SHAPES if form.fullmatch(bare)), "text")


def _source_name(cls: type[Record], name: str) -> str:
    return cls.columns.get(name) or cls.columns.get(name.lower()) or name.lower()


def _of_column(
    cls: type[Record], name: str, seen: ColumnProfile, before: ColumnProfile | None, rows: int, tolerance: float
) -> list[Change]:
    found = []
    if seen.present == 0:
        if before is not None and before.present:
            found.append(Change(ChangeKind.EMPTIED, name, rows, rows, f"{before.present} values before"))
        return found
    enough = seen.present * tolerance
    other = sum(count for code, count in seen.refused.items() if code in _OTHER_TYPE)
    for kind, count in (
        (ChangeKind.TYPE, other),
        (ChangeKind.VALUES, seen.refused[_OTHER_VALUE]),
        (ChangeKind.GARBLED, seen.refused[_GARBLED]),
    ):
        if count > enough:
            found.append(Change(kind, name, count, seen.present, f"now {_usual(seen)}"))
    if before is not None and before.present:
        # Still readable, and yet the source writes it in a way it did not write it before.
        # A few records always were written otherwise: those shapes are no news, unless they become many.
        rare = {shape for shape in seen.shapes if before.shapes[shape] <= before.present * tolerance}
        fresh = sum(seen.shapes[shape] for shape in rare)
        usual = seen.present * sum(before.shapes[shape] for shape in rare) / before.present
        # What people write has no shape to keep: a column of text has changed when nearly all of it has.
        text = plain_type(cls.model_fields[cls.field_of[name]].annotation) is str
        if fresh > (seen.present * _NEARLY_ALL if text else enough + usual + _CHANCE * sqrt(usual)):
            shown = Change(
                ChangeKind.TYPE, name, fresh, seen.present, f"{COMPARED}{_usual(before)}, now {_usual(seen)}"
            )
            # One column is told of once a kind: by what more of its values show.
            by_itself = [change for change in found if change.kind is ChangeKind.TYPE]
            if all(change.count < shown.count for change in by_itself):
                found = [change for change in found if change not in by_itself] + [shown]
    return found


def _usual(seen: ColumnProfile) -> str:
    return max(seen.shapes, key=lambda shape: (seen.shapes[shape], shape), default="nothing")
