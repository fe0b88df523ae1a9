"""A record's released fields as an answer carries them: labelled, typed, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hub.answer import Fact
from hub.wording import as_json, in_words
from schemas.records import Record
from schemas.registry import model


def facts(record: Record, names: Sequence[str]) -> tuple[Fact, ...]:
    """The fields in the order given, and no others."""
    told = []
    for name in names:
        value = getattr(record, name)
        told.append(Fact(name, label(record.schema_name, name), as_json(value), in_words(value)))
    return tuple(told)


@cache
def label(resource: str, name: str) -> str:
    """A field's Chinese label; KeyError for one the schema has not."""
    return model(resource).label(name)[0]
