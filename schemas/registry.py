"""Which model judges which schema name.

Every `Record` of a file in `schemas/records/` that names its schema is found by itself: who adds a
department adds a file and nothing else.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from schemas import records
from schemas.errors import SchemaClash, SchemaUnknown
from schemas.records.base import Record


def models_of(package: ModuleType) -> dict[str, type[Record]]:
    """Every model of a package's files by its schema name, sorted.

    Raises:
        SchemaClash: two models bear one name.
    """
    found: dict[str, type[Record]] = {}
    for file in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        module = import_module(f"{package.__name__}.{file.name}")
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, Record)) or value.__module__ != module.__name__:
                continue
            if (name := vars(value).get("schema_name")) is None:
                continue
            if name in found:
                raise SchemaClash(
                    f"{found[name].__module__}.{found[name].__name__} and {module.__name__}.{value.__name__} both "
                    f"bear the schema name {name!r}; nothing was judged. Give one of them another name."
                )
            found[name] = value
    return dict(sorted(found.items()))


MODELS: Mapping[str, type[Record]] = MappingProxyType(models_of(records))


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
