"""A volume as a page shows it: to its holder, and to an archivist who found it. Each look is in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archive.stages import VolumePart
from hub.caller import Caller
from hub.context import Hub
from hub.find_packages import find
from hub.my_data import Looked, looked
from hub.retrieval_errors import AskedUnfit
from hub.retrieval_lists import looked_into
from hub.retrieval_parts import Holder, Scope
from hub.volume import volume_of
from hub.volume_parts import Volume
from store import transfers
from store.transfers import Transfer

#: The parts of a volume, in their order.
PARTS: Final = tuple(part.value for part in VolumePart)
#: How far back in a holder's log uses of its archive are looked for.
_ENTRIES: Final = 200


def own_volume(hub: Hub, holder: Holder) -> Volume:
    """The volume of who signed in.

    Raises:
        HolderNotHeld: there is none.
    """
    return looked_into(hub, holder)


def found_volume(hub: Hub, party: str, caller: Caller) -> Volume:
    """The volume of a party that a search gave.

    Raises:
        SearchNotAllowed: the caller may not search.
        NobodyFiled: there is no such party.
    """
    find(hub, "", caller, party=party, limit=1)
    return volume_of(hub, party)


def uses_of(hub: Hub, holder: Holder, limit: int) -> list[Looked]:
    """Who else asked for the holder's archive or looked into it, the newest first, as 我的数据 tells it."""
    entries = looked(hub, holder.subject, limit=_ENTRIES)
    return [one for one in entries if one.of_archive and not one.own][:limit]


def moves_of(hub: Hub, holder: Holder) -> list[Transfer]:
    """Transfers 迁移调档 of the holder's archive to another district or from one, the newest first."""
    return transfers.of_subject(hub.connection, hub.vault, holder.subject)


def scope_of(files: Sequence[str], parts: Sequence[str]) -> Scope:
    """What of a volume is meant; with neither all of it.

    Raises:
        AskedUnfit: there is no such part.
    """
    if unknown := set(parts) - set(PARTS):
        raise AskedUnfit(
            f"a volume has the parts {', '.join(PARTS)}, and not {len(unknown)} of those that were asked for; nothing "
            "was taken in."
        )
    return Scope(tuple(dict.fromkeys(files)), tuple(VolumePart(part) for part in dict.fromkeys(parts)))
