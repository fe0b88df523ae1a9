"""Whose licences are the bureau's own to reseal: its own, and those of organs whose business it took over."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from core.errors import Permanent
from core.settings import Settings
from hub.organs import organs_of
from schemas.licence_types import LicenceType, all_licence_types
from schemas.organs import Organ, OrganTable


class OrganNotOurs(Permanent):
    """The organ that was named is neither the bureau nor one that it followed."""

    code: ClassVar[str] = "HUB-935"


def ours(settings: Settings, day: date, asked: str | None = None) -> tuple[tuple[str, str], ...]:
    """Credit codes of organs, each with a licence type (its id) that is the bureau's today, whoever of them issued it.

    Args:
        asked: only of this organ, by credit code or a name it bore.

    Raises:
        OrganNotOurs: nothing of it is ours.
        OrgansUnset, OrgansBroken: there is no table of organs to go by.
    """
    table = organs_of(settings)
    named = None
    if asked is not None:
        named = table.by_code(asked) or table.by_name(asked)
        if named is None:
            raise OrganNotOurs(
                f"the table of organs knows no organ of the name or credit code {asked}; nothing was changed. Its "
                "lines are in organs.toml (docs/seals.md)."
            )
    kinds = list(all_licence_types().values())
    found = tuple(
        (organ.credit_code, kind.id)
        for organ in (table.organs if named is None else (named,))
        for kind in kinds
        if _is_ours(table, organ, kind, day)
    )
    if not found and named is not None:
        heir = table.heir(named, day)
        raise OrganNotOurs(
            f"{named.name} is neither this bureau ({table.own.name}) nor an organ it followed; nothing was changed. "
            f"Its licences are {heir.name}'s to reseal: report them to it (`hub seals audit`)."
        )
    return found


def _is_ours(table: OrganTable, organ: Organ, kind: LicenceType, day: date) -> bool:
    owner = table.owner_of(kind.name, kind.type_code)
    if owner is not None and owner.organ != table.bureau:
        return False
    return table.heir(organ, day, kind.name).id == table.bureau
