"""The declared service items, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from schemas.declared import read_folder
from schemas.errors import DeclarationBroken, ItemUnknown
from schemas.items.model import ServiceItem

FOLDER = Path(__file__).parent


def load(folder: Path = FOLDER) -> Mapping[str, ServiceItem]:
    """Item code to item, for every TOML file of a folder.

    Raises:
        DeclarationBroken: a file is no declaration, or two files declare the same code.
    """
    declared = read_folder(folder, ServiceItem)
    items = {item.code: item for item in declared}
    if len(items) != len(declared):
        raise DeclarationBroken(f"two files in {folder.name}/ declare the same item code; nothing was loaded")
    return MappingProxyType(items)


@cache
def all_items() -> Mapping[str, ServiceItem]:
    """The items this release declares."""
    return load()


def item(code: str) -> ServiceItem:
    """The item of a code.

    Raises:
        ItemUnknown: none is declared under it.
    """
    found = all_items().get(code)
    if found is None:
        raise ItemUnknown(
            f"no service item is declared under this code ({len(code)} characters); nothing was looked up. "
            f"Declared are {', '.join(known.name for known in all_items().values())}: see schemas/items/."
        )
    return found
