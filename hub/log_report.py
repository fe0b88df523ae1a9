"""What a look through a whole log found: each fault with the entry it concerns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from core.clock import SHANGHAI

#: So many are named; of the rest it is told how many there are.
MOST_NAMED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    Attributes:
        kind: one of `changed`, `removed`, `inserted`, `reordered`, `gap`, `column`, `tile`, `head`, `renewal`, `file`,
            `waiting`.
        text: what is wrong, in words.
        number: place in the log, from 0; `entry`: the entry's own number, which holds its time.
    """

    kind: str
    text: str
    number: int | None = None
    entry: str | None = None

    @property
    def at(self) -> datetime | None:
        """When the entry was made, as its own number says."""
        if self.entry is None or (read := UUID(self.entry)).version != 7:
            return None
        return datetime.fromtimestamp((read.int >> 80) / 1000, UTC).astimezone(SHANGHAI)

    def line(self) -> str:
        """For a person."""
        which = "" if self.number is None else f"number {self.number} "
        if self.entry is not None:
            moment = f" of {self.at:%Y-%m-%d %H:%M:%S}" if self.at else ""
            which += f"(entry {self.entry}{moment}) "
        return f"{self.kind}: {which}{self.text}"

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "kind": self.kind,
            "text": self.text,
            "number": self.number,
            "entry": self.entry,
            "at": self.at.isoformat(timespec="milliseconds") if self.at else None,
        }


@dataclass(slots=True)
class LogReport:
    """The whole result.

    Attributes:
        entries, heads: how many were looked at; `waiting`: without a number.
        covered: entries that a signed head covers; `files`: heads that lie outside the database.
        signers: who signed the heads.
        notes: what is worth knowing and no fault.
        unsure: what could not be judged.
    """

    log: str
    entries: int = 0
    heads: int = 0
    waiting: int = 0
    covered: int = 0
    files: int = 0
    signers: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def unnamed(self) -> int:
        """How many faults there are beyond those named."""
        return self.counts.total() - len(self.findings)

    def found(self, kind: str, text: str, number: int | None = None, entry: str | None = None) -> None:
        """One more fault."""
        self.counts[kind] += 1
        if len(self.findings) < MOST_NAMED:
            self.findings.append(Finding(kind, text, number, entry))

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "log": self.log,
            "sound": self.sound,
            "entries": self.entries,
            "covered": self.covered,
            "heads": self.heads,
            "files": self.files,
            "waiting": self.waiting,
            "signers": self.signers,
            "counts": dict(self.counts),
            "findings": [one.to_dict() for one in self.findings],
            "unnamed": self.unnamed,
            "notes": self.notes,
            "unsure": self.unsure,
        }
