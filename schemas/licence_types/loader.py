"""The declared licence types, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from schemas.declared import read_folder
from schemas.errors import DeclarationBroken, LicenceTypeUnknown
from schemas.licence_types.model import LicenceType

FOLDER = Path(__file__).parent


def load(folder: Path = FOLDER) -> Mapping[str, LicenceType]:
    """Id to licence type, for every TOML file of a folder.

    Raises:
        DeclarationBroken: a file is no declaration, or two share an id or a type code.
    """
    declared = read_folder(folder, LicenceType)
    kinds = {kind.id: kind for kind in declared}
    if len(kinds) != len(declared) or len({kind.type_code for kind in declared}) != len(declared):
        raise DeclarationBroken(f"two files in {folder.name}/ share an id or a type code; nothing was loaded")
    return MappingProxyType(kinds)


@cache
def all_licence_types() -> Mapping[str, LicenceType]:
    """The licence types this release declares."""
    return load()


def licence_type(name: str) -> LicenceType:
    """The licence type of an id.

    Raises:
        LicenceTypeUnknown: none is declared under it.
    """
    found = all_licence_types().get(name)
    if found is None:
        raise LicenceTypeUnknown(
            f"no licence type is called {name!r}; nothing was issued. Declared are "
            f"{', '.join(sorted(all_licence_types()))}: see schemas/licence_types/."
        )
    return found
