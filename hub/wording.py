"""Values of a record in the words a person reads."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from schemas.dates import Validity, chinese_date
from schemas.identifiers.holder import HolderNumber
from schemas.identifiers.value import Identifier
from schemas.money import Money


def in_words(value: Any) -> str:
    """A field's value as text; an absent one is empty."""
    if value.__class__ is str:  # most are
        return str(value)
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case HolderNumber():
            return value.number
        case Identifier():
            return str(value.text)
        case Validity() | Money():
            return value.chinese
        case Decimal():
            return f"{value:,f}"
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return chinese_date(value)
        case _:
            return str(value)


def as_json(value: Any) -> str | int | float | bool | None:
    """A field's value as JSON can say it; dates as YYYY-MM-DD, amounts and decimals as text, so that nothing rounds."""
    if value.__class__ is str:
        return str(value)
    match value:
        case None | bool() | int() | float():
            return value
        case HolderNumber():
            return value.number
        case Identifier() | Validity() | Money():
            return value.text
        case Decimal():
            return f"{value:f}"
        case Enum():
            return str(value.value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
