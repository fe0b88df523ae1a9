"""The declared service items, read once; of an item with several versions the one in force on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from core.own_types import ITEMS, own_types
from schemas.dates import current_day
from schemas.declared import read_folder
from schemas.errors import DeclarationBroken, ItemNotInForce, ItemUnknown
from schemas.items.abolished import ABOLISHED_FILE, asked_again, load_abolished
from schemas.items.model import ServiceItem
from schemas.items.purposes import PURPOSES_FILE, all_purposes, load_purposes

FOLDER = Path(__file__).parent
#: Files of the folder that are no items.
NO_ITEMS = frozenset({PURPOSES_FILE, ABOLISHED_FILE})

Versions = Mapping[str, tuple[ServiceItem, ...]]


def load(folder: Path = FOLDER, *, own: Path | None = None) -> Versions:
    """Item code to every version of the item, the earliest first, for every TOML file of a folder.

    A folder without a list of purposes of its own goes by the one of this release.

    Args:
        own: a further folder, the bureau's own, which need not be there.

    Raises:
        DeclarationBroken: a file is no declaration, names a purpose that is not listed, asks for a proof that was
            abolished, or two files declare the same code from the same day on or with numbers of version that do not
            rise with their days.
    """
    declared = read_folder(folder, ServiceItem, besides=NO_ITEMS)
    if own is not None and own.is_dir():
        declared += read_folder(own, ServiceItem, besides=NO_ITEMS)
    known = load_purposes(folder) if (folder / PURPOSES_FILE).exists() else all_purposes()
    proofs = load_abolished(folder)
    for one in declared:
        trouble = wrong_purposes(one, known)
        if again := asked_again(one, proofs):
            trouble = f"it asks for {again[0][2].name}, which was abolished on {again[0][2].since}"
        if trouble:
            raise DeclarationBroken(f"{one.name} in {folder.name}/: {trouble}; nothing was loaded.")
    grouped: dict[str, list[ServiceItem]] = {}
    for one in declared:
        grouped.setdefault(one.code, []).append(one)
    items = {code: tuple(sorted(found, key=lambda one: one.in_force_from)) for code, found in grouped.items()}
    for versions in items.values():
        if trouble := wrong_versions(versions):
            raise DeclarationBroken(f"{versions[0].name} in {folder.name}/: {trouble}; nothing was loaded.")
    return MappingProxyType(items)


def wrong_purposes(one: ServiceItem, known: Mapping[str, object]) -> str:
    """What is wrong with the purposes of an item; empty when nothing is."""
    named = [purpose.code for purpose in one.purposes]
    if not named:
        return "it names no purpose, so nobody could ask for anything"
    if strange := sorted(set(named) - set(known)):
        return f"it names the purpose {', '.join(strange)}, which {PURPOSES_FILE} does not list"
    if len(set(named)) != len(named):
        return "it names one purpose twice"
    return ""


def wrong_versions(versions: Sequence[ServiceItem]) -> str:
    """What is wrong with the versions of one item, sorted by their days; empty when nothing is."""
    for earlier, later in pairwise(versions):
        if earlier.in_force_from == later.in_force_from:
            return f"two files declare the same item code in force from {later.in_force_from}"
        if earlier.version >= later.version:
            return (
                f"version {later.version} is in force from {later.in_force_from}, after version {earlier.version}; "
                "a later version needs a higher number"
            )
    return ""


@cache
def all_versions() -> Versions:
    """Every version of the items that this release or the bureau declares."""
    return load(own=own_types() / ITEMS)


def forget() -> None:
    """Read the files again at the next question."""
    all_versions.cache_clear()
    _in_force.cache_clear()


def all_items(on: date | None = None) -> Mapping[str, ServiceItem]:
    """Item code to item, as in force on a day; today's when left out. An item that begins later is not among them."""
    return _in_force(on or current_day())


@lru_cache(maxsize=16)
def _in_force(on: date) -> Mapping[str, ServiceItem]:
    found = {code: in_force(versions, on) for code, versions in all_versions().items()}
    return MappingProxyType({code: one for code, one in found.items() if one is not None})


def in_force(versions: Sequence[ServiceItem], on: date) -> ServiceItem | None:
    """The last version that began by the day; None where the first begins later."""
    return next((one for one in reversed(versions) if one.in_force_from <= on), None)


def item(code: str, *, on: date | None = None, version: int | None = None) -> ServiceItem:
    """The item of a code.

    Args:
        on: as in force on that day, such as the day a case began; today when left out.
        version: that very version, whenever it was in force; `on` does not count then.

    Raises:
        ItemUnknown: none is declared under the code.
        ItemNotInForce: one is, but it begins later, or has no such version.
    """
    versions = all_versions().get(code)
    if versions is None:
        raise ItemUnknown(
            f"no service item is declared under this code ({len(code)} characters); nothing was looked up. "
            "`hub items list` shows what is declared, `hub items find` looks for a name."
        )
    if version is not None:
        found = next((one for one in versions if one.version == version), None)
    else:
        found = in_force(versions, on or current_day())
    if found is None:
        lacking = (
            f"there is no version {version}" if version is not None else f"nothing is in force on {on or 'this day'}"
        )
        told = ", ".join(f"version {one.version} from {one.in_force_from}" for one in versions)
        raise ItemNotInForce(f"{versions[0].name}: {lacking}; nothing was looked up. Declared are {told}.")
    return found
