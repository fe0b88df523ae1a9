"""One record judged: either a record of the house, or every reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from schemas.payload import canonical, restore
from schemas.reasons import REASONS, Reason, in_order
from schemas.records.base import Misread, Record, arrive
from schemas.records.columns import Reading
from schemas.registry import model

__all__ = ["Judgement", "canonical", "faults_of_value", "judge", "judge_deletion", "restore"]

_PYDANTIC = {
    "missing": "R-001",
    "enum": "R-003",
    "literal_error": "R-003",
    "greater_than_equal": "R-003",
    "less_than_equal": "R-003",
    "string_too_long": "R-004",
}


class Judgement(NamedTuple):
    """What became of one row.

    Attributes:
        record: the record, or None when there is any reason against it.
        reasons: every fault, sorted by field, then code; empty exactly when there is a record.
        notes: what was normalised in accepting or judging it, sorted the same way.
        unknown: source columns the schema does not know, sorted: a sign that the source changed,
            no reason to refuse.
    """

    record: Record | None
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    unknown: tuple[str, ...] = ()


def judge(
    schema_name: str, fields: Mapping[str, Any], *, problem: str | None = None, today: date | None = None
) -> Judgement:
    """Judge one row under the source's column names (any letter case) or the English field names.

    Args:
        schema_name: e.g. `tax.registration`.
        fields: the row; None, empty text and `N/A` are absent values.
        problem: set when the row could not be cut into columns; its fields are then not judged.
        today: the day dates are compared with; the system clock's when left out.

    Raises:
        SchemaUnknown: no model bears the name. A bad row never raises.
    """
    cls = model(schema_name)
    if problem is not None:
        return Judgement(None, (Reason.of("R-005"),))
    reading = Reading(today)
    try:
        record = cls.__pydantic_validator__.validate_python(fields, context=reading)
        reasons: tuple[Reason, ...] = ()
    except ValidationError as error:
        record, reasons = None, _reasons(cls, fields, error, reading)
    notes = _notes(cls, tuple(reading.notes)) if reading.notes else ()
    return Judgement(record, reasons, notes, tuple(sorted(reading.unknown)) if reading.unknown else ())


def judge_deletion(
    schema_name: str, fields: Mapping[str, Any], *, today: date | None = None
) -> str | tuple[Reason, ...]:
    """The key of the record a deletion names, or the reasons why its key cannot be read.

    Only the key's columns are judged: a deletion names the others only as far as they are known.

    Raises:
        SchemaUnknown: no model bears the name.
    """
    cls = model(schema_name)
    reading = Reading(today)
    known, errors = _part(cls, fields, reading)
    wanted = set(cls.key_fields)
    reasons = {reason for reason in errors if reason.field in wanted}
    reasons |= {
        _reason(cls, "R-001", name)
        for name in cls.key_fields
        if getattr(known, name) is None and name not in {reason.field for reason in reasons}
    }
    return in_order(reasons) if reasons else known.key()


def faults_of_value(schema_name: str, column: str, value: object) -> tuple[str, ...]:
    """The R-codes one value would be refused for, judged by itself; empty when it is good or absent.

    Raises:
        SchemaUnknown: no model bears the name.
    """
    cls = model(schema_name)
    reading = Reading()
    try:
        _lenient(cls).__pydantic_validator__.validate_python(arrive(cls, {column: value}, reading), context=reading)
    except ValidationError as error:
        return tuple(sorted({reason.code for reason in _told(cls, error)}))
    return ()


@lru_cache(maxsize=4096)
def _notes(cls: type[Record], noted: tuple[tuple[str, str], ...]) -> tuple[Reason, ...]:
    return in_order(_reason(cls, code, name) for code, name in noted)


def _reason(cls: type[Record], code: str, name: str) -> Reason:
    return Reason.of(code, name, cls.column_of.get(name, ""))


def _reasons(
    cls: type[Record], fields: Mapping[str, Any], error: ValidationError, reading: Reading
) -> tuple[Reason, ...]:
    """All faults: pydantic stops at the columns when one is bad, so the rules across them are asked here."""
    found = set(_told(cls, error))
    if all(line["type"] != "disagreement" for line in error.errors(include_url=False, include_input=False)):
        partial, _ = _part(cls, fields, Reading(reading.today))
        bad = {reason.field for reason in found}
        found |= {_reason(cls, code, name) for code, name in partial.disagreements() if name not in bad}
    return in_order(found)


def _told(cls: type[Record], error: ValidationError) -> list[Reason]:
    told: list[Reason] = []
    for line in error.errors(include_url=False):
        if line["type"] == "disagreement":
            told += [_reason(cls, code, name) for code, name in line["ctx"]["broken"]]
            continue
        name = cls.field_of.get(str(line["loc"][0]), "") if line["loc"] else ""
        if isinstance(line["input"], Misread):
            codes = [line["input"].code]
        else:
            codes = [code for code in line["type"].split("+") if code in REASONS]
        told += [_reason(cls, code, name) for code in codes or [_PYDANTIC.get(line["type"], "R-002")]]
    return told


def _part(cls: type[Record], fields: Mapping[str, Any], reading: Reading) -> tuple[Record, list[Reason]]:
    """What of a bad row is good, as a record whose other fields are None, and the faults of the rest."""
    twin = _lenient(cls)
    arrived = arrive(cls, fields, reading)
    faults: list[Reason] = []
    while True:
        try:
            part = twin.__pydantic_validator__.validate_python(arrived, context=reading)
            break
        except ValidationError as error:
            # Without a bad column its neighbour may be read in another way; what that gives is no fault of the row.
            told = _told(cls, error)
            faults = faults or told
            for reason in told:
                arrived.pop(reason.column, None)
    values = {name: getattr(part, name) for name in cls.model_fields}
    return cls.model_construct(**values), faults


@cache
def _lenient(cls: type[Record]) -> type[BaseModel]:
    """The model with every field optional and no rule across fields."""
    fields: dict[str, Any] = {}
    for name, declared in cls.model_fields.items():
        optional = copy(declared)
        optional.default = None
        fields[name] = (declared.annotation, optional)
    config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    twin: type[BaseModel] = create_model(f"{cls.__name__}Part", __config__=config, **fields)
    return twin
