"""The declared licence types, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from core.own_types import RETENTION, own_types
from schemas.declared import read_folder
from schemas.errors import DeclarationBroken, LicenceTypeUnknown
from schemas.licence_types.model import LicenceType

FOLDER = Path(__file__).parent


def load(folder: Path = FOLDER, *, own: Path | None = None) -> Mapping[str, LicenceType]:
    """Id to licence type, for every TOML file of a folder.

    Args:
        own: a further folder, the bureau's own, which need not be there. What it says of a type wins.

    Raises:
        DeclarationBroken: a file is no declaration, or two share an id, a type code or a number format.
    """
    kinds: dict[str, LicenceType] = {}
    for one in (folder, own) if own is not None and own.is_dir() else (folder,):
        declared = read_folder(one, LicenceType, besides=(RETENTION,))
        if len({kind.id for kind in declared}) != len(declared):
            raise DeclarationBroken(f"two files in {one.name}/ share an id; nothing was loaded")
        kinds |= {kind.id: kind for kind in declared}
    for what in ("type_code", "number_format"):
        if len({getattr(kind, what) for kind in kinds.values()}) != len(kinds):
            raise DeclarationBroken(f"two licence types share a {what}; nothing was loaded")
    return MappingProxyType(kinds)


@cache
def all_licence_types() -> Mapping[str, LicenceType]:
    """The licence types that this release or the bureau declares."""
    return load(own=own_types())


def forget() -> None:
    """Read the files again at the next question."""
    all_licence_types.cache_clear()


def licence_type(name: str) -> LicenceType:
    """The licence type of an id.

    Raises:
        LicenceTypeUnknown: none is declared under it.
    """
    found = all_licence_types().get(name)
    if found is None:
        raise LicenceTypeUnknown(
            f"no licence type is called {name!r}; nothing was issued. Declared are "
            f"{', '.join(sorted(all_licence_types()))}: see `hub licence-type list`."
        )
    return found
