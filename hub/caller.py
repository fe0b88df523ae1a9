"""Who asks: a clerk, a self-service terminal, a partner's system, or the hub itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_HUB = ("hub", "数据共享枢纽")


class CallerKind(StrEnum):
    """How a caller proved who it is; the value stands in the audit log as the channel."""

    CLERK = "clerk"
    TERMINAL = "terminal"
    PARTNER = "partner"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose identity has been established; what it may ask for is another question (`hub.access`).

    Attributes:
        id: account, terminal number or client id; stands in the audit log as the user.
        name: as a person looked at shall read it.
        organisation, organisation_name: code and name of the organisation it belongs to.
        street: code of the street it works for; None for the whole district.
        place: where it stands, of a terminal.
        roles: words such as `clerk`, `auditor`.
    """

    kind: CallerKind
    id: str
    name: str
    organisation: str
    organisation_name: str
    street: str | None = None
    place: str | None = None
    roles: frozenset[str] = frozenset()


def operator() -> Caller:
    """Whoever runs the command `hub` on the machine: he holds the keys, and is logged as the operator."""
    return Caller(
        CallerKind.SYSTEM, "hub-command", "运行维护人员", "hub", "数据共享枢纽", roles=frozenset({"operator"})
    )


def issuing() -> Caller:
    """The hub itself, gathering what a granted case needs for its licence."""
    return Caller(CallerKind.SYSTEM, "hub-issue", "证照核发", *_HUB, roles=frozenset({"issuing"}))


def closing() -> Caller:
    """The hub itself, closing what is over its time."""
    return Caller(CallerKind.SYSTEM, "hub-clock", "到期处理", *_HUB, roles=frozenset({"closing"}))
