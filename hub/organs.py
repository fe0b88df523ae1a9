"""Which table of organs this installation goes by: the bureau's own, or in demo mode the one that comes along."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from core.errors import Permanent
from core.settings import Mode, Settings
from schemas.organs import OrganTable, demo_organs, read_organs
from schemas.organs.loader import DEMO


class OrgansUnset(Permanent):
    """Production mode, and there is no table of organs but the made-up one of the demo."""

    code: ClassVar[str] = "HUB-931"


def organs_file(settings: Settings) -> Path:
    """Where the bureau's own table lies."""
    return settings.home / "organs.toml"


def organs_of(settings: Settings) -> OrganTable:
    """The bureau's own table; without one the demo's, which production mode refuses.

    Raises:
        OrgansUnset: production mode, and no table or the demo's.
        OrgansBroken: the table is no such table.
    """
    own = organs_file(settings)
    try:
        found = own.stat()
    except FileNotFoundError:
        table = demo_organs()
    else:
        table = _remembered(own, found.st_mtime_ns, found.st_size)
    if table.demo and settings.mode is Mode.PRODUCTION:
        raise OrgansUnset(
            f"production mode goes by no made-up table of organs; nothing was issued and nothing judged. Write {own} "
            "with the bureau's own organs (docs/seals.md, the organ rule), without `demo = true`."
        )
    return table


def organs_told(settings: Settings) -> dict[str, Any]:
    """The table as it is, for people and for `--json`. Raises as `organs_of`."""
    table = organs_of(settings)
    own = organs_file(settings)
    return {
        "file": str(own if own.exists() else DEMO),
        **table.model_dump(mode="json"),
        "organs": [one.model_dump(mode="json") | {"ours": one is table.own} for one in table.organs],
    }


@lru_cache(maxsize=4)
def _remembered(path: Path, changed: int, size: int) -> OrganTable:
    """Thousands of licences are judged by one table."""
    return read_organs(path)
