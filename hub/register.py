"""The licence register as people read it: what was issued, and which approvals wait for what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hub.approvals import Lack, WaitingApproval
from hub.context import Hub
from schemas.licence_types import all_licence_types
from store import figures, licences

__all__ = ["IssuedLicence", "WaitingApproval", "issued", "waiting_approvals"]


@dataclass(frozen=True, slots=True)
class IssuedLicence:
    """A licence of the register; paths are below the hub's home folder.

    `timestamped` tells whether its document carries a timestamp; None as long as it is not sealed.
    """

    approval: str
    licence_type: str
    type_title: str
    number: str
    identifier: str
    state: str
    path: str | None
    package_path: str | None
    timestamped: bool | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def issued(hub: Hub) -> list[IssuedLicence]:
    """Every licence whose number is reserved, in the order of reservation."""
    packages = {package.licence: package.path for package in figures.packages(hub.connection)}
    stamped = licences.timestamped(hub.connection)
    kinds = all_licence_types()
    return [
        IssuedLicence(
            row.case_no,
            row.licence_type,
            kinds[row.licence_type].name if row.licence_type in kinds else row.licence_type,
            row.number,
            row.identifier,
            row.state,
            row.document_path,
            packages.get(row.id),
            stamped.get(row.id),
        )
        for row in licences.every(hub.connection)
    ]


def waiting_approvals(hub: Hub) -> list[WaitingApproval]:
    """Granted approvals without a licence, with everything they lack."""
    return [
        WaitingApproval(row.approval, row.item, tuple(Lack(**lack) for lack in row.missing))
        for row in figures.standings(hub.connection)
        if row.state == "waiting"
    ]
