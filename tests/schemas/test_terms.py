"""The word list names things that exist, and everything of this room that has a name of its own."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from schemas import identifiers
from schemas.items import all_items
from schemas.licence_types import all_licence_types
from schemas.registry import MODELS

TERMS = (Path(__file__).parents[2] / "docs" / "terms.md").read_text(encoding="utf-8")


def test_every_code_name_of_this_room_exists() -> None:
    named = re.findall(r"`(schemas\.[\w.]+)`", TERMS)
    assert len(named) > 25
    for name in named:
        assert _exists(name), name


def test_every_resource_item_and_licence_type_is_listed() -> None:
    for name, model in MODELS.items():
        assert f"| `{name}` | `schemas.records.{model.__name__}` |" in TERMS
    for item in all_items().values():
        if item.licence_type is None:
            assert f"| {item.name} | – | – |" in TERMS, item.name
        else:
            kind = all_licence_types()[item.licence_type]
            assert f"| {item.name} | {kind.name} | `{kind.id}` |" in TERMS


def test_every_identifier_is_listed() -> None:
    for name in ("CitizenId", "CreditCode", "DivisionCode", "LicenceId", "HolderCodeType"):
        assert hasattr(identifiers, name)
        assert f"schemas.identifiers.{name}" in TERMS


def _exists(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            fields = getattr(found, "model_fields", {})
            if not hasattr(found, attribute) and attribute not in fields:
                return False
            found = getattr(found, attribute, None)
        return True
    return False
