"""Capital and amounts: every shape of the real registers, with made-up numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import AmountRefused
from schemas.money import CURRENCIES, Money, parse_amount, parse_capital

#: Shapes seen among the companies of the district and province, and what they mean.
SHAPES = {
    "35(万元人民币)": "350000 CNY",
    "1,234(万元人民币)": "12340000 CNY",
    "35(万元)": "350000 CNY",
    "1,234(万元)": "12340000 CNY",
    "35(万)": "350000 CNY",
    "1,234(万)": "12340000 CNY",
    "35万元人民币": "350000 CNY",
    "1234万元人民币": "12340000 CNY",
    "35万人民币": "350000 CNY",
    "29.7万人民币": "297000 CNY",
    "1,234.5600(万元人民币)": "12345600 CNY",
    "31.6000(万元人民币)": "316000 CNY",
    "1,234.5(万元)": "12345000 CNY",
    "1,234.5(万)": "12345000 CNY",
    "31.6(万)": "316000 CNY",
    "1,234,567.8912(万元)": "12345678912 CNY",
    "35(万美元)": "350000 USD",
    "1,234(万美元)": "12340000 USD",
    "31.6(万美元)": "316000 USD",
    "1,234.5(万美元)": "12345000 USD",
    "35万美元": "350000 USD",
    "35(万港币)": "350000 HKD",
    "1,234(万港币)": "12340000 HKD",
    "31.6(万港币)": "316000 HKD",
    "35万港币": "350000 HKD",
    "1,234(万日元)": "12340000 JPY",
    "35万日元": "350000 JPY",
    "35(万欧元)": "350000 EUR",
    "35(万英镑)": "350000 GBP",
    "39(万新加坡元)": "390000 SGD",
    "774(万法国法郎)": "7740000 FRF",
    "35(万德国马克)": "350000 DEM",
    "35(万加拿大元)": "350000 CAD",
    "35(万澳大利亚元)": "350000 AUD",
    "35(万瑞士法郎)": "350000 CHF",
    "35(万韩元)": "350000 KRW",
    # other writings that say one thing only
    "1.2亿元": "120000000 CNY",
    "3亿美元": "300000000 USD",
    "人民币1,000万元": "10000000 CNY",
    "人民币500元": "500 CNY",
    "500元": "500 CNY",
    "500元人民币": "500 CNY",
    "RMB100万元": "1000000 CNY",
    "USD 35万": "350000 USD",
    "￥35万元": "350000 CNY",
    "３５（万元）": "350000 CNY",
    " 35 (万元) ": "350000 CNY",
    "35（万元人民币）": "350000 CNY",
    "0.0003(万元)": "3 CNY",
    "0.00001(万元)": "0.1 CNY",
    "0(万元)": "0 CNY",
}


@pytest.mark.parametrize(("text", "meant"), SHAPES.items())
def test_every_shape_is_read_as_what_it_means(text: str, meant: str) -> None:
    money = parse_capital(text)
    assert money.text == meant
    assert money.notes == ("N-007",)
    assert Money.of_text(money.text) == money


@pytest.mark.parametrize(
    "text",
    [
        "", "LEONARD", "N/A", "若干万元", "1O0(万元)", "12.3.4(万元)", "以章程为准", "壹佰万元", "(万元)",
        "万元", "35", "1,234", "-35(万元)", "35(万元", "35万元)", "35(千瓦)", "35万万元", "人民币35万美元",
        "1,23(万元)", "12,34.5(万元)", ",123(万元)", "1e5(万元)", "35 - 40万元", "½(万元)", "٣(万元)",
        "99999999999999999(万元)", "35(万元) 注", "¥",
    ],
)  # fmt: skip
def test_a_shape_not_understood_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(AmountRefused) as refusal:
        parse_capital(text)
    assert refusal.value.reasons == ("R-050",)
    assert len(text) < 2 or text not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["8,8800000(万元人民币)", "1,0000000(万)", "31,8000000(万)", "5000000(万)", "700000(万元人民币)"]
)
def test_a_number_that_lost_its_point_is_refused(text: str) -> None:
    with pytest.raises(AmountRefused):
        parse_capital(text)


@pytest.mark.parametrize("text", ["10888(万元)", "50000(万元)", "10000万元人民币", "123456(万元)", "500,000(万元)"])
def test_a_large_number_that_lost_nothing_is_read(text: str) -> None:
    assert parse_capital(text).amount >= 10**8


def test_a_bare_number_needs_a_column_that_says_its_unit() -> None:
    assert parse_capital("30.5", bare_unit="万元").text == "305000 CNY"
    assert parse_capital("30万元", bare_unit="万元").text == "300000 CNY"
    with pytest.raises(AmountRefused):
        parse_capital("30.5")


@given(
    st.decimals(min_value=0, max_value=10**8, places=4, allow_nan=False),
    st.sampled_from(sorted(CURRENCIES)),
    st.booleans(),
    st.booleans(),
)
def test_any_amount_in_any_currency_is_read_exactly(
    number: Decimal, currency: str, grouped: bool, brackets: bool
) -> None:
    figure = f"{number:,f}" if grouped else f"{number:f}"
    unit = f"万{currency}"
    money = parse_capital(figure + (f"({unit})" if brackets else unit))
    assert money.amount == number * 10_000
    assert money.currency == CURRENCIES[currency]
    assert Money.of_text(money.text) == money


def test_a_licence_shows_it_as_people_write_it() -> None:
    assert parse_capital("1,000(万元人民币)").chinese == "1000万元"
    assert parse_capital("29.75(万美元)").chinese == "29.75万美元"
    assert parse_capital("800元").chinese == "800元"
    assert parse_capital("1亿港币").chinese == "10000万港币"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("-3.00", "-3"),
        ("0.00", "0"),
        ("12元", "12"),
        ("１２", "12"),
        (".5", "0.5"),
    ],
)
def test_an_amount_in_yuan_is_read(text: str, amount: str) -> None:
    assert str(parse_amount(text)) == amount


@pytest.mark.parametrize(
    "text", ["", "12.3.4", "1O0.00", "约三千", "若干", "壹佰点五", "1,2,3", "12万元", "--3", "NaN", "Infinity"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountRefused):
        parse_amount(text)
