"""A database value as JSON, without losing a digit."""

from __future__ import annotations

from datetime import date, datetime
from datetime import time as daytime
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON: dates in ISO form, numbers with a fraction as the text they are."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime | date | daytime):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="backslashreplace")
    return str(value)
