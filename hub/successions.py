"""Who followed whom 主体承继: entered by an archivist, and refused where it contradicts what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from core.clock import today
from core.errors import Permanent, Rejected
from hub.caller import Caller
from hub.context import Hub
from hub.usage import archive_usage
from schemas.records.base import Subject
from store import archive_parties, audit, volumes
from store.archive_parties import Identity, Succession
from store.audit import About
from store.connection import transaction


class SuccessionKind(StrEnum):
    """How one party followed another."""

    CONVERSION = "个转企"
    MERGER = "合并"
    SPLIT = "分立"

    @property
    def ends(self) -> bool:
        """Whether the earlier party ends with it, so that it goes over to one other and takes none over afterwards."""
        return self is not SuccessionKind.SPLIT


class SuccessionRefused(Permanent):
    """A succession that contradicts itself, the numbers, or a succession that is there."""

    code: ClassVar[str] = "HUB-733"


class ArchivistNeeded(Rejected):
    """Whoever asks has not the role of an archivist 档案管理员."""

    code: ClassVar[str] = "HUB-734"


def demand_keeper(caller: Caller, left: str) -> None:
    """Return for a caller who may look into the archive's catalogue, and change what it says.

    Args:
        left: what was not done, as the error says it.

    Raises:
        ArchivistNeeded: the caller may not.
    """
    if not caller.roles & {"archivist", "operator"}:
        raise ArchivistNeeded(f"account {caller.id} has not the role of an archivist; {left}")


def enter(
    hub: Hub, earlier: Subject, later: Subject, kind: SuccessionKind, happened_on: date, basis: str, caller: Caller
) -> Succession:
    """Note that one party followed another, by a number of each; what is there already is left. Logged about both.

    Raises:
        ArchivistNeeded: the caller may not.
        SuccessionRefused: nothing is filed under either, both are one, or it contradicts what is known.
        StoreUnavailable: the database does not answer; nothing was written.
    """
    demand_keeper(caller, "nothing was entered")
    if happened_on > today(hub.clock):
        raise _refused("its day has not come")
    hashes = [hub.subject(one.kind, one.value) for one in (earlier, later)]
    known = [archive_parties.party_of(hub.connection, hashed) for hashed in hashes]
    if known == [None, None]:
        raise _refused("nothing is filed under either number")
    noted = f"{kind.value}：{basis}"
    with transaction(hub.connection) as cursor:
        volumes.hold_successions(cursor)
        parties = [
            archive_parties.hold(cursor, Identity(hashed, subject.kind, happened_on, noted))
            for hashed, subject in zip(hashes, (earlier, later), strict=True)
        ]
        new = Succession(parties[0], parties[1], kind.value, happened_on, basis)
        fault = _fault(new, volumes.every_succession(cursor))
        if fault is not None:
            raise _refused(fault)
        archive_parties.succeed(cursor, new)
        _log(hub, cursor, hashes, "主体承继", basis, caller)
    return new


def take_back(hub: Hub, earlier: Subject, later: Subject, reason: str, caller: Caller) -> Succession:
    """Strike out a succession that was entered wrongly; what was handed over under it stays handed over. Logged about
    both, with the reason.

    Raises:
        ArchivistNeeded: the caller may not.
        SuccessionRefused: there is none from the one to the other.
        StoreUnavailable: the database does not answer; nothing was written.
    """
    demand_keeper(caller, "nothing was struck out")
    hashes = [hub.subject(one.kind, one.value) for one in (earlier, later)]
    parties = [archive_parties.party_of(hub.connection, hashed) for hashed in hashes]
    with transaction(hub.connection) as cursor:
        volumes.hold_successions(cursor)
        there = volumes.every_succession(cursor)
        wrong = next((one for one in there if [one.earlier, one.later] == parties), None)
        if wrong is None:
            raise SuccessionRefused(
                "the succession was not struck out: none is entered from the first number's party to the second's. "
                "Nothing was changed; `hub archive volume` of both tells whom they followed."
            )
        archive_parties.part(cursor, wrong)
        _log(hub, cursor, hashes, "主体承继（撤销登记）", reason, caller)
    return wrong


def _log(hub: Hub, cursor: Any, hashes: Sequence[bytes], what: str, basis: str, caller: Caller) -> None:
    about = tuple(About(hashed, "applicant", {"—": ["archive.succession"]}, None, True) for hashed in hashes)
    usage = archive_usage(caller, what, purpose="archive_succession", basis=basis, about=about)
    audit.append(cursor, usage, hub.clock.now())


def _fault(new: Succession, there: Sequence[Succession]) -> str | None:
    """What a new succession contradicts; None for nothing."""
    if new.earlier == new.later:
        return "both numbers are one party's"
    others = [one for one in there if (one.earlier, one.later) != (new.earlier, new.later)]
    same = next((one for one in there if one not in others), None)
    if same is not None:
        if (same.kind, same.happened_on) != (new.kind, new.happened_on):
            return f"it is there already, as {same.kind} on {same.happened_on.isoformat()}"
        return None
    if new.earlier in _followed(new.later, others):
        return "the later party went before the earlier one, so they would follow each other in a circle"
    for one in others:
        ends = SuccessionKind(one.kind).ends
        if one.earlier == new.earlier and (ends or SuccessionKind(new.kind).ends):
            return f"the earlier party went over to another one on {one.happened_on.isoformat()} ({one.kind})"
        if one.earlier == new.later and ends and one.happened_on < new.happened_on:
            return f"the later party ended on {one.happened_on.isoformat()} ({one.kind})"
        if one.later == new.earlier and SuccessionKind(new.kind).ends and new.happened_on < one.happened_on:
            return f"the earlier party took another one over later, on {one.happened_on.isoformat()} ({one.kind})"
    return None


def _followed(party: str, there: Sequence[Succession]) -> set[str]:
    """All parties that follow one, over as many steps as there are."""
    found: set[str] = set()
    waiting = [party]
    while waiting:
        at = waiting.pop()
        new = {one.later for one in there if one.earlier == at} - found
        found |= new
        waiting += new
    return found


def _refused(why: str) -> SuccessionRefused:
    return SuccessionRefused(
        f"the succession was not entered: {why}. Nothing was written; hold the notice it is taken from against "
        "`hub archive volume` of both parties."
    )
