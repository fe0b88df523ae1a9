"""The append-only logs this hub keeps, by name."""

from __future__ import annotations

from typing import Final

from hub import audit, holdings, licence_register, transfer_register
from hub.kept_log import KeptLog

LOGS: Final = (audit.KEPT, licence_register.KEPT, holdings.KEPT, transfer_register.KEPT)
#: Their names.
NAMES: Final = tuple(log.name for log in LOGS)


def kept(name: str) -> KeptLog:
    """The log of a name."""
    return next(log for log in LOGS if log.name == name)
