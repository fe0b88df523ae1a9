"""Values of a record in the words a person reads."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from schemas.dates import Validity, chinese_date
from schemas.identifiers.value import Identifier
from schemas.money import Money

_CURRENCIES = {"CNY": "人民币", "USD": "美元", "HKD": "港元", "EUR": "欧元", "JPY": "日元"}


def in_words(value: Any) -> str:
    """A field's value as text; an absent one is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Identifier():
            return str(value.text)
        case Validity():
            return value.chinese
        case Money():
            return money_in_words(value)
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


def money_in_words(value: Money) -> str:
    """`500 万元人民币`, `1.5 亿元人民币`, `30 万美元`: in 万 or 亿 where that stays exact and short."""
    unit, amount = "", value.amount
    for name, size in (("亿", Decimal(100_000_000)), ("万", Decimal(10_000))):
        scaled = value.amount / size
        if value.amount >= size and scaled == round(scaled, 4):
            unit, amount = name, scaled
            break
    number = f"{amount.normalize():,f}"
    currency = _CURRENCIES.get(value.currency, value.currency)
    return f"{number} {unit}元{currency}" if value.currency == "CNY" else f"{number} {unit}{currency}"
