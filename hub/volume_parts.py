"""What a holder's volume 卷 says: its numbers and names, whom it followed, its packages in order, its licences.

What the catalogue keeps of a number is its keyed hash, so a number stands in a volume only where the caller typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archive.stages import VolumePart
from core.clock import second_text
from schemas.licence_life import Status


@dataclass(frozen=True, slots=True, repr=False)
class BornNumber:
    """A number of the party.

    Attributes:
        kind: company, registration_number, organisation_code, citizen or other.
        since: the earliest day it is known to have been borne; `until` the last, None while it is.
        basis: what says that it is this party's, in words.
        number: in clear where it is the one the caller typed, else None.
    """

    kind: str
    since: date
    until: date | None
    basis: str
    number: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: without the number."""
        return {"kind": self.kind, "since": _iso(self.since), "until": _iso(self.until), "basis": self.basis}


@dataclass(frozen=True, slots=True, repr=False)
class BornName:
    """A name the party was filed under; of persons there are none."""

    name: str
    since: date

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"name": self.name, "since": _iso(self.since)}


@dataclass(frozen=True, slots=True, repr=False)
class Follows:
    """One party followed another: `party` and its last name are of the other one.

    Attributes:
        before: whether the other one is the earlier of the two.
        kind: 个转企, 合并, 分立.
        names: of the other one, the last first; empty for a person.
    """

    party: str
    before: bool
    kind: str
    happened_on: date
    basis: str
    names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "party": self.party,
            "direction": "earlier" if self.before else "later",
            "kind": self.kind,
            "on": _iso(self.happened_on),
            "basis": self.basis,
            "names": list(self.names),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One package of the volume.

    Attributes:
        place: 顺序号, from 1.
        party: whose it is; `inherited` where that is one the holder followed.
        archive_code: 档号, None while none is assigned.
        part: 设立, 变更, 备案, 迁移, 注销 or 监督.
        outcome: 准予, 不予 or 撤回.
        licence_version: of the document in it; None where there is none, or it came from elsewhere.
        sha256: None for a package older than the archive's log.
        path: below the hub's home.
        origin: the transfer by which it came; `moved` the one by which another archive took it over.
        verdict: of its last four-property check 四性检测 (valid, invalid, cannot_tell), None where there was none.
    """

    place: int
    file_no: str
    party: str
    inherited: bool
    archive_code: str | None
    project_no: str
    item: str
    item_name: str
    part: str
    outcome: str
    licence_number: str | None
    licence_version: int | None
    accepted_on: date
    decided_on: date
    retention: str
    organ: str
    size: int
    sm3: bytes
    sha256: bytes | None
    path: str
    origin: str | None
    moved: str | None
    verdict: str | None
    checked_at: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "place": self.place,
            "file_no": self.file_no,
            "party": self.party,
            "inherited": self.inherited,
            "archive_code": self.archive_code,
            "project_no": self.project_no,
            "item": self.item,
            "item_name": self.item_name,
            "part": self.part,
            "outcome": self.outcome,
            "licence_number": self.licence_number,
            "licence_version": self.licence_version,
            "accepted_on": _iso(self.accepted_on),
            "decided_on": _iso(self.decided_on),
            "retention": self.retention,
            "organ": self.organ,
            "bytes": self.size,
            "sm3": self.sm3.hex(),
            "sha256": self.sha256.hex() if self.sha256 is not None else None,
            "origin": self.origin,
            "moved": self.moved,
            "verdict": self.verdict,
            "checked_at": second_text(self.checked_at),
        }


@dataclass(frozen=True, slots=True)
class HeldLicence:
    """A licence of the party, or of one it followed: how it stands today."""

    number: str
    licence_type: str
    title: str
    status: Status
    valid_until: date | None
    inherited: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "number": self.number,
            "licence_type": self.licence_type,
            "title": self.title,
            "status": self.status.value,
            "valid_until": _iso(self.valid_until),
            "inherited": self.inherited,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Volume:
    """The volume of one party.

    Attributes:
        party: its id; `kind` is company, citizen or other.
        follows: successions in both directions, over all steps that lead here and the next one onward.
        entries: by part, then day of decision, then file number.
        as_of: the moment it was drawn up.
    """

    party: str
    kind: str
    numbers: Sequence[BornNumber]
    names: Sequence[BornName]
    follows: Sequence[Follows]
    entries: Sequence[Entry]
    licences: Sequence[HeldLicence]
    as_of: datetime

    @property
    def name(self) -> str | None:
        """The name it was filed under last; None for a person."""
        return self.names[-1].name if self.names else None

    @property
    def number(self) -> str | None:
        """The number the caller typed."""
        return next((one.number for one in self.numbers if one.number is not None), None)

    @property
    def bytes(self) -> int:
        """Of all packages."""
        return sum(entry.size for entry in self.entries)

    @property
    def by_part(self) -> Mapping[str, int]:
        """How many packages stand in each part, in the order of the parts; those that are empty too."""
        return {part.value: sum(entry.part == part for entry in self.entries) for part in VolumePart}

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: no number of the holder is in it."""
        return {
            "party": self.party,
            "kind": self.kind,
            "numbers": [one.to_dict() for one in self.numbers],
            "names": [one.to_dict() for one in self.names],
            "follows": [one.to_dict() for one in self.follows],
            "entries": [one.to_dict() for one in self.entries],
            "licences": [one.to_dict() for one in self.licences],
            "totals": {"packages": len(self.entries), "bytes": self.bytes, "by_part": dict(self.by_part)},
            "as_of": second_text(self.as_of),
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
