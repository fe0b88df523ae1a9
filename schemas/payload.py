"""Records as bytes: one form that is stored and digested, and the way back without judging again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter, methodcaller
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

from core.clock import SHANGHAI
from schemas.dates import Validity
from schemas.errors import PayloadUnreadable
from schemas.identifiers.value import Identifier
from schemas.money import Money
from schemas.records.base import Record
from schemas.registry import model

#: Names the schema and its version inside the payload; sorts before every field.
MARK: Final = "$schema"

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_new = object.__new__
_set = object.__setattr__


def canonical(record: Record) -> bytes:
    """The record's one form: UTF-8 JSON, keys sorted, absent fields left out, the schema's version first."""
    mark, writers, _ = _plan(type(record))
    values = record.__dict__
    out: dict[str, Any] = {MARK: mark}
    for name, write in writers:
        value = values[name]
        if value is not None:
            out[name] = value if write is None else write(value)
    return _encode_json(out)


def restore(schema_name: str, payload: bytes) -> Record:
    """The record that `canonical` wrote. It is not judged again: the store vouches for its bytes.

    Notes of the first reading are not in the payload and do not come back.

    Raises:
        SchemaUnknown: no model bears the name.
        PayloadUnreadable: the bytes are no record of this schema and version.
    """
    cls = model(schema_name)
    mark, _, readers = _plan(cls)
    try:
        stored = _decode_json(payload)
        if stored[MARK] != mark:
            raise PayloadUnreadable(
                f"{schema_name}: a stored record is of another schema version than {mark}; it was not used. "
                "Collect the resource again from its start, or migrate its payloads."
            )
        values: dict[str, Any] = {}
        for name, read in readers:
            value = stored.get(name)
            values[name] = value if value is None or read is None else read(value)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        raise PayloadUnreadable(
            f"{schema_name}: stored bytes are no record of this schema; they were not used. "
            "Check the store's integrity, then collect the resource again from its start."
        ) from None
    record = _new(cls)
    _set(record, "__dict__", values)
    _set(record, "__pydantic_fields_set__", values.keys() & stored.keys())
    _set(record, "__pydantic_extra__", None)
    _set(record, "__pydantic_private__", None)
    return record


_Convert = Callable[[Any], Any] | None


@cache
def _plan(cls: type[Record]) -> tuple[str, list[tuple[str, _Convert]], list[tuple[str, _Convert]]]:
    writers: list[tuple[str, _Convert]] = []
    readers: list[tuple[str, _Convert]] = []
    for name in sorted(cls.model_fields):
        write, read = _converters(plain_type(cls.model_fields[name].annotation))
        writers.append((name, write))
        readers.append((name, read))
    readers.sort(key=lambda pair: list(cls.model_fields).index(pair[0]))
    return f"{cls.schema_name}/{cls.schema_version}", writers, readers


def plain_type(annotation: Any) -> Any:
    """The type inside Annotated and `| None`."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, UnionType):
            (annotation,) = (part for part in get_args(annotation) if part is not NoneType)
        else:
            return annotation


def _converters(kind: Any) -> tuple[_Convert, _Convert]:
    if kind in (str, int, bool):
        return None, None
    if issubclass(kind, Identifier):
        return attrgetter("text"), kind.from_stored
    if issubclass(kind, Enum):
        return attrgetter("value"), {member.value: member for member in kind}.__getitem__
    if kind is Money:
        return attrgetter("text"), Money.of_text
    if kind is Validity:
        return attrgetter("text"), lambda text: Validity(None if text == "长期" else date.fromisoformat(text))
    if kind is Decimal:
        return methodcaller("__format__", "f"), Decimal
    if kind is datetime:
        return methodcaller("isoformat"), lambda text: datetime.fromisoformat(text).astimezone(SHANGHAI)
    if kind is date:
        return methodcaller("isoformat"), date.fromisoformat
    raise TypeError(f"a record field of {kind} has no stored form; add one to schemas/payload.py")
