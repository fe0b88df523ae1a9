"""A step of a request as the audit log tells it: the holder sees in 我的数据 who looked at its archive, and for what.

The holder is named under every number it bears, by whichever of them it signs in. What an entry says was given out are
titles of files and names of facts, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from core.clock import SHANGHAI
from core.errors import HubError
from hub.archive_words import RESOURCE
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.retrieval_parts import By, Holder, PickUp
from hub.usage import archive_usage, own_usage
from hub.volume import volume_of
from hub.volume_parts import Volume
from store import archive_parties, audit
from store.archive_requests import Stored
from store.audit import About, Usage
from store.connection import transaction

#: What the audit log calls the purpose of all steps.
PURPOSE: Final = "archive_request"
_ROLE: Final = "applicant"
_COUNTER: Final = frozenset({"clerk", "archivist"})


@dataclass(frozen=True, slots=True, repr=False)
class Whose:
    """Whose archive a step is about.

    Attributes:
        known: the archive has something of the number.
        subjects: keyed hashes of all its numbers; of an unknown holder the one that was typed.
        near: of the number that was typed, see `hub.subjects.Typed.near`.
    """

    known: bool
    subjects: tuple[bytes, ...]
    near: bytes | None = None


def whose(hub: Hub, volume: Volume) -> Whose:
    """The holder of a volume, and those it followed as far as their packages belong to it."""
    parties = dict.fromkeys([volume.party, *(one.party for one in volume.entries)])
    numbers = (one.subject for each in parties for one in archive_parties.identities(hub.connection, each))
    return Whose(True, tuple(numbers))


def about(of: Whose, given: Mapping[str, Sequence[str]] | None = None) -> tuple[About, ...]:
    """The holder, with the names of what was given out by material; nothing where a step gives nothing out."""
    told = {RESOURCE: ()} if given is None else given
    return tuple(About(subject, _ROLE, told, of.near, of.known) for subject in of.subjects)


def usage(by: By | PickUp, what: str, *, of: str | None = None, basis: str = "", told: Sequence[About] = ()) -> Usage:
    """The entry of a step.

    Args:
        what: the step, in the place of an item's name.
        of: number of the request, in the place of a case's.
    """
    if isinstance(by, Holder):
        return replace(own_usage(f"档案查询：{what}", about=tuple(told)), case_no=of)
    if isinstance(by, PickUp):
        nobody = own_usage(f"档案查询：{what}", shown_as="凭提取码领取", about=tuple(told))
        return replace(
            nobody, channel="pick_up", user="pick-up code", user_name="凭提取码领取", case_no=of, purpose=PURPOSE,
            basis=basis,
        )  # fmt: skip
    return archive_usage(by, f"档案查询：{what}", purpose=PURPOSE, basis=basis, about=tuple(told), case_no=of)


def withheld(entry: Usage, told: Mapping[str, Any]) -> Usage:
    """The entry of a request that the holder does not see before a day."""
    until = told.get("withheld_until")
    if not until:
        return entry
    return replace(entry, withheld_until=date.fromisoformat(until), withheld_basis=told["withheld_basis"])


def of_step(
    hub: Hub, by: By | PickUp, what: str, stored: Stored, given: Mapping[str, Sequence[str]] | None = None
) -> Usage:
    """The entry of a step of a request that is written down."""
    who = whose(hub, volume_of(hub, stored.party))
    entry = usage(by, what, of=number_of(stored), basis=stored.terms["basis"], told=about(who, given))
    return withheld(entry, stored.told)


def refuse(hub: Hub, entry: Usage, error: HubError) -> None:
    """Write down that a step was refused."""
    with transaction(hub.connection) as cursor:
        audit.append(cursor, replace(entry, outcome="refused", refusal=error.code), hub.clock.now())


def number(asked_at: datetime, seq: int) -> str:
    """A request's number, as it stands on paper."""
    return f"CX-{asked_at.astimezone(SHANGHAI).year}-{seq:06d}"


def number_of(stored: Stored) -> str:
    """The number of a request that is written down."""
    return number(stored.asked_at, stored.seq)


def account_of(by: By | PickUp) -> tuple[str, str]:
    """Account and name of who takes a step, as they stand beside it."""
    if isinstance(by, Holder):
        return "holder", by.label
    if isinstance(by, PickUp):
        return "pick-up", "凭提取码"
    return by.id, by.name


def is_archivist(by: By | PickUp) -> bool:
    """Whether it is an archivist, who sees every request and decides; whoever runs the command is not one."""
    return isinstance(by, Caller) and "archivist" in by.roles


def is_operator(by: By | PickUp) -> bool:
    """Whether it is whoever runs the command `hub` on the machine, who sees every request and decides none."""
    return isinstance(by, Caller) and "operator" in by.roles and by.organisation == "hub"


def at_counter(by: By | PickUp) -> bool:
    """Whether it is a clerk or archivist, who asks for whoever stands at the counter, or the operator."""
    return is_operator(by) or (
        isinstance(by, Caller) and by.kind is CallerKind.CLERK and not _COUNTER.isdisjoint(by.roles)
    )
