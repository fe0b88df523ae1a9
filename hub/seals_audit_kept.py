"""The latest audit of the register, kept for the staff's page: counts, and the first licences that break the rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.settings import Settings
from hub.files import write_durably
from hub.seals_audit import AuditRow, Standing
from hub.seals_audit_out import reseal_command, to_do
from hub.seals_tally import Tally

#: So many licences are kept with the counts; the command lists them all.
_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class LatestAudit:
    """What the page shows.

    Attributes:
        standings: of every standing its key, its words and how many licences.
        rows: licences that do not keep the rule, at most 500, each with `standing_zh` and `to_do` besides its own.
        wrong: how many there are of them.
        reseal: commands that give our own new versions, each with how many.
    """

    at: datetime
    files: int
    wrong: int
    standings: tuple[tuple[str, str, int], ...]
    rows: tuple[dict[str, Any], ...]
    reseal: tuple[tuple[str, int], ...]


class Kept:
    """Gathers what is kept while an audit runs."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._tally = Tally()
        self._rows: list[dict[str, Any]] = []

    def add(self, row: AuditRow) -> None:
        """One licence's row."""
        self._tally.add(row)
        if row.standing is not Standing.KEEPS and len(self._rows) < _KEPT:
            self._rows.append({**row.to_dict(), "standing_zh": row.standing.zh, "to_do": to_do(row)})

    def write(self, settings: Settings) -> None:
        """Keep it in place of the one before. Raises DiskRefuses."""
        told = {
            "at": self._at.isoformat(),
            "files": self._tally.files,
            "wrong": self._tally.wrong,
            "standings": [(one.value, one.zh, number) for one, number in self._tally.standings.items()],
            "rows": self._rows,
            "reseal": [(reseal_command(code), number) for code, number in sorted(self._tally.reseal.items())],
        }
        write_durably(_file(settings), json.dumps(told, ensure_ascii=False).encode())


def latest(settings: Settings) -> LatestAudit | None:
    """The latest audit of the register; None when there was none, or what was kept of it is no more readable."""
    try:
        told = json.loads(_file(settings).read_bytes())
        return LatestAudit(
            at=datetime.fromisoformat(told["at"]),
            files=told["files"],
            wrong=told["wrong"],
            standings=tuple((key, words, number) for key, words, number in told["standings"]),
            rows=tuple(told["rows"]),
            reseal=tuple((command, number) for command, number in told["reseal"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(settings: Settings) -> Path:
    return settings.home / "audits" / "seals-of-the-register.json"
