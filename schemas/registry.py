"""Which model judges which schema name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.errors import SchemaUnknown
from schemas.records import (
    Accept,
    Company,
    Insurance,
    Marriage,
    Record,
    Result,
    SocialOrg,
    TaxClearance,
    TaxRegistration,
    Vocational,
)

MODELS: Mapping[str, type[Record]] = MappingProxyType(
    {
        model.schema_name: model
        for model in (
            Accept,
            Company,
            Insurance,
            Marriage,
            Result,
            SocialOrg,
            TaxClearance,
            TaxRegistration,
            Vocational,
        )
    }
)


def model(schema_name: str) -> type[Record]:
    """The model of a schema.

    Raises:
        SchemaUnknown: no model bears the name.
    """
    found = MODELS.get(schema_name)
    if found is None:
        raise SchemaUnknown(
            f"no schema is called {schema_name!r}; nothing was judged. Known are {', '.join(names())}. "
            "Correct the name in the declaration, or add a model under schemas/records/."
        )
    return found


def names() -> tuple[str, ...]:
    """All schema names, sorted."""
    return tuple(sorted(MODELS))
