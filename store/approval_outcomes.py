"""How each approval stands: issued, waiting and for what, not granted."""

from __future__ import annotations

import json
from datetime import datetime

from store.connection import Connection, transaction


def settle(
    connection: Connection, approval: str, *, item: str, state: str, missing: list[dict[str, str]], now: datetime
) -> None:
    """Note how an approval stands; the same standing again writes nothing."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into approval_outcome as o (approval, item, state, missing, settled_at) "
            "values (%s, %s, %s, %s, %s) on conflict (approval) do update "
            "set item = excluded.item, state = excluded.state, missing = excluded.missing, "
            "settled_at = excluded.settled_at "
            "where (o.state, o.missing, o.item) is distinct from (excluded.state, excluded.missing, excluded.item)",
            (approval, item, state, json.dumps(missing, ensure_ascii=False), now),
        )
