"""Amounts of money in the forms companies' capital is written in, each read in one way only or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from schemas.errors import AmountRefused
from schemas.text import narrowed, trimmed

#: Chinese names of currencies and their ISO 4217 codes, the ones replaced by the euro included:
#: capital registered in 1995 is still on file in French francs.
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {
        "人民币": "CNY",
        "人民币元": "CNY",
        "美元": "USD",
        "美金": "USD",
        "港币": "HKD",
        "港元": "HKD",
        "港圆": "HKD",
        "日元": "JPY",
        "日圆": "JPY",
        "日币": "JPY",
        "欧元": "EUR",
        "英镑": "GBP",
        "新加坡元": "SGD",
        "新加坡币": "SGD",
        "新台币": "TWD",
        "台币": "TWD",
        "澳门元": "MOP",
        "澳门币": "MOP",
        "澳元": "AUD",
        "澳大利亚元": "AUD",
        "加元": "CAD",
        "加拿大元": "CAD",
        "新西兰元": "NZD",
        "瑞士法郎": "CHF",
        "瑞典克朗": "SEK",
        "丹麦克朗": "DKK",
        "挪威克朗": "NOK",
        "韩元": "KRW",
        "韩圆": "KRW",
        "泰铢": "THB",
        "林吉特": "MYR",
        "马来西亚林吉特": "MYR",
        "卢布": "RUB",
        "法国法郎": "FRF",
        "比利时法郎": "BEF",
        "德国马克": "DEM",
        "意大利里拉": "ITL",
        "荷兰盾": "NLG",
        "奥地利先令": "ATS",
        "西班牙比塞塔": "ESP",
    }
)
_CODES: Final = frozenset(CURRENCIES.values()) | {"RMB"}
_NAMES: Final = {code: name for name, code in reversed(tuple(CURRENCIES.items()))}
_MULTIPLIERS: Final = {
    "": 1,
    "百": 100,
    "千": 1000,
    "万": 10**4,
    "十万": 10**5,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
    "万亿": 10**12,
}
_CURRENCY: Final = "|".join(sorted((*CURRENCIES, *_CODES), key=len, reverse=True))
_SHAPE: Final = re.compile(
    rf"(?P<before>{_CURRENCY})?\s*[¥￥]?\s*(?P<number>[\d,]*\.?\d+|[\d,]+\.)\s*(?P<bracket>\()?\s*"
    rf"(?P<times>万亿|十万|百万|千万|[百千万亿])?(?P<yuan>[元圆])?\s*(?P<after>{_CURRENCY})?\s*(?(bracket)\))",
    re.IGNORECASE | re.ASCII,
)
_GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_PLAIN: Final = re.compile(r"\d{1,15}(\.\d{1,8})?|\.\d{1,8}", re.ASCII)
_LOST_POINT: Final = re.compile(r"[0-9]{2,}0000")
_AMOUNT: Final = "金额"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's own unit (yuan, dollar, yen), never in 万.

    Attributes:
        amount: exact, without exponent or trailing zeros.
        currency: ISO 4217.
        notes: N-codes of how it was read; they do not count in comparisons.
    """

    amount: Decimal
    currency: str
    notes: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def text(self) -> str:
        """`300000 CNY`: the form records are stored in."""
        return f"{self.amount:f} {self.currency}"

    @classmethod
    def of_text(cls, text: str) -> Money:
        """Back from `text`; for what this room itself wrote."""
        amount, currency = text.split(" ")
        return cls(Decimal(amount), currency)

    @property
    def chinese(self) -> str:
        """The form that stands on a licence: 30万元, 120.5万美元, 800元."""
        name = _NAMES.get(self.currency, self.currency)
        unit = "元" if self.currency == "CNY" else name
        if self.amount >= 10_000:
            return f"{_tidy(self.amount / 10_000):f}万{unit}"
        return f"{self.amount:f}{unit}"


@lru_cache(maxsize=16384)
def parse_capital(text: str, *, bare_unit: str = "") -> Money:
    """Read a capital such as `30(万元)`, `1,000(万元人民币)`, `29.7万人民币`, `2,000.5(万美元)`, `人民币1亿元`.

    Without a currency it is yuan: `30(万元)` and `30(万)` mean 300,000 CNY, because the registers
    that leave the currency out name every foreign one. `bare_unit` (`万元`) is for a column that is
    itself defined in a unit, where a number may stand alone; otherwise a number without 万 and
    without a currency is refused, since some sources count in yuan and some in 万.

    Two writings are refused although they look like numbers, because a decimal point has been lost
    in them: broken thousands (`8,8800000(万元)`, which was 8,880.0000) and an ungrouped number that
    ends in the four zeros of the missing fraction (`5000000(万)` for a shop: 500.0000, not 500 亿).

    Raises:
        AmountRefused: R-050, any shape not listed here; never a guess.
    """
    plain = narrowed(trimmed(text))
    found = _SHAPE.fullmatch(plain)
    if found is None:
        raise AmountRefused("资本数额", "R-050")
    number, times, yuan = found["number"], found["times"], found["yuan"]
    before, after = found["before"], found["after"]
    if before and after and _iso(before) != _iso(after):
        raise AmountRefused("资本数额", "R-050")
    currency = _iso(before or after or "人民币")
    if not (before or after or times or yuan):
        if not bare_unit:
            raise AmountRefused("资本数额", "R-050")
        times = bare_unit.rstrip("元")
    if times and found["bracket"] and _LOST_POINT.fullmatch(number):
        raise AmountRefused("资本数额", "R-050")
    return Money(_tidy(_number(number) * _MULTIPLIERS[times or ""]), currency, ("N-007",))


@lru_cache(maxsize=4096)
def parse_amount(text: str) -> Decimal:
    """Read an amount of a column defined in yuan: `1234.50`, `1,234.50`, `-3.00`, `1234.50元`.

    Raises:
        AmountRefused: R-050, any other shape (also 万: a yuan column that says 万 contradicts itself).
    """
    plain = narrowed(trimmed(text)).removesuffix("元")
    sign = -1 if plain.startswith("-") else 1
    return _tidy(sign * _number(plain[1:] if sign < 0 else plain))


def _iso(name: str) -> str:
    if name in CURRENCIES:
        return CURRENCIES[name]
    return "CNY" if name.upper() == "RMB" else name.upper()


def _number(text: str) -> Decimal:
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        raise AmountRefused(_AMOUNT, "R-050")
    return Decimal(text)


def _tidy(amount: Decimal) -> Decimal:
    """Without trailing zeros and without the exponent `normalize` would leave."""
    amount = amount.normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount
