"""The register of moves in and out 迁入迁出登记: the Merkle log `transfer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.context import Hub
from hub.kept_log import KeptLog
from schemas.transfer import Move, Side, State
from store import transfer_entries
from store.transfer_entries import Entry

LOG: Final = transfer_entries.LOG
KEPT = KeptLog(LOG, transfer_entries.read, transfer_entries.outside)
#: Entries shown at most.
MOST: Final = 1_000


def entries(hub: Hub, transfer: str | None = None) -> list[Entry]:
    """The moves of one transfer or of all, the newest first."""
    return transfer_entries.listed(hub.connection, transfer, MOST)


def entry_to_dict(entry: Entry) -> Mapping[str, Any]:
    """For `--json`."""
    return entry.said


def words(said: Mapping[str, Any]) -> str:
    """One move in Chinese, such as `迁入：出具回执 → 已出回执`."""
    try:
        return f"{Side(said['side']).chinese}：{Move(said['move']).chinese} → {State(said['after']).chinese}"
    except (KeyError, ValueError):
        return "—"
