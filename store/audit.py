"""Who asked what about whom, for which purpose, and what was released; append-only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection, transaction


@dataclass(frozen=True, slots=True)
class Usage:
    """One lookup as it is logged. `released` maps a material's code to the names of the fields given out."""

    caller: str
    organ: str
    item: str
    case_no: str | None
    purpose: str
    subject: bytes | None
    outcome: str
    released: Mapping[str, Sequence[str]]


def append(connection: Connection, usage: Usage, now: datetime) -> None:
    """Write the entry; the answer may leave only after this returned."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into audit (at, caller, organ, item, case_no, purpose, subject, outcome, released) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                now, usage.caller, usage.organ, usage.item, usage.case_no, usage.purpose, usage.subject,
                usage.outcome, json.dumps({key: list(names) for key, names in usage.released.items()}),
            ),
        )  # fmt: skip
