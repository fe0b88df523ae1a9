"""UUIDs of version 7 (RFC 9562): a moment, then chance. They sort by time and need nobody's permission."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime) -> UUID:
    """A new one for this moment: 48 bits of milliseconds, 12 bits of what is left below one, 62 random bits."""
    milliseconds, rest = divmod((at - _EPOCH) // timedelta(microseconds=1), 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | ((rest * 4096 // 1000) << 64) | (2 << 62) | secrets.randbits(62))
