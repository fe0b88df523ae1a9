"""The logs that each have a task of their own: named here, since what keeps them is long to import for a DAG file."""

from __future__ import annotations

from typing import Final

#: A test holds them against those the hub keeps.
LOGS: Final = ("audit", "register", "archive", "transfer")
