"""Licence identifiers (GB/T 36904)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import IdentifierRefused
from schemas.identifiers import LicenceId
from schemas.identifiers.licence import check_character

ROOT = "1.2.156.3005.2."
#: Two identifiers of real licences, checked against their issuers' own files.
REAL = (
    ROOT + "11100000000013338W011.11110000000021135M.20230329701.003.Y",
    ROOT + "11100000000013338W009.11330105002500287C.2025052201.002.0",
)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
identifiers = st.builds(
    LicenceId.compose,
    st.just("11420000000000000Y001"),
    st.just("11420112MB0000000M"),
    st.text(ALPHABET, min_size=1, max_size=20),
    st.integers(1, 999),
)


def plain_check(payload: str) -> str:
    """MOD 37,36 as the standard words it, step by step."""
    product = 36
    for sign in payload:
        total = (product + ALPHABET.index(sign)) % 36
        product = (total if total else 36) * 2 % 37
    return ALPHABET[(37 - product) % 36]


@pytest.mark.parametrize("text", REAL)
def test_real_identifiers_are_right(text: str) -> None:
    parsed = LicenceId.parse(text)
    assert parsed.text == text
    assert LicenceId.compose(parsed.type_code, parsed.issuer, parsed.serial, parsed.version) == parsed
    assert parsed.check == text[-1]


def test_the_root_may_be_left_out() -> None:
    assert LicenceId.parse(REAL[0].removeprefix(ROOT)).text == REAL[0]


@given(st.text(ALPHABET, min_size=1, max_size=80))
def test_the_quick_check_is_the_stepwise_one(payload: str) -> None:
    assert check_character(payload) == plain_check(payload)


def test_a_result_of_thirty_six_becomes_zero() -> None:
    payloads = (f"11420000000000000Y00111420112MB0000000M{serial:04d}001" for serial in range(2000))
    products = []
    for payload in payloads:
        product = 36
        for sign in payload:
            product = ((product + ALPHABET.index(sign)) % 36 or 36) * 2 % 37
        if 37 - product == 36:
            products.append(payload)
    assert products, "the case must occur among two thousand serials"
    assert {check_character(payload) for payload in products} == {"0"}


@given(identifiers, st.data())
def test_one_wrong_character_is_always_caught(identifier: LicenceId, data: st.DataObject) -> None:
    text = identifier.text
    place = data.draw(st.integers(len(ROOT), len(text) - 1))
    sign = data.draw(st.sampled_from(ALPHABET))
    wrong = text[:place] + sign + text[place + 1 :]
    if wrong == text:
        return
    with pytest.raises(IdentifierRefused) as refusal:
        LicenceId.parse(wrong)
    assert refusal.value.reason in ("R-070", "R-071")
    assert wrong not in str(refusal.value)


@given(identifiers)
def test_composed_identifiers_come_back_as_they_went_in(identifier: LicenceId) -> None:
    assert LicenceId.parse(identifier.text) == identifier
    assert LicenceId.parse(identifier.text.lower()).notes == ("N-002",)


def test_the_next_version_is_one_more_and_ends_at_999() -> None:
    first = LicenceId.compose("11420000000000000Y001", "11420112MB0000000M", "A1")
    second = first.next_version()
    assert (first.version, second.version, second.serial) == (1, 2, "A1")
    assert LicenceId.parse(second.text) == second
    with pytest.raises(IdentifierRefused):
        LicenceId.compose("11420000000000000Y001", "11420112MB0000000M", "A1", 999).next_version()


@pytest.mark.parametrize(
    "parts",
    [
        ("11420000000000000Y01", "11420112MB0000000M", "A1", 1),
        ("11420000000000000Y001", "11420112MB0000000", "A1", 1),
        ("11420000000000000Y001", "11420112MB0000000M", "", 1),
        ("11420000000000000Y001", "11420112MB0000000M", "a1", 1),
        ("11420000000000000Y001", "11420112MB0000000M", "A.1", 1),
        ("11420000000000000Y001", "11420112MB0000000M", "A1", 0),
        ("11420000000000000Y001", "11420112MB0000000M", "A1", 1000),
    ],
)
def test_parts_of_another_shape_make_no_identifier(parts: tuple[str, str, str, int]) -> None:
    with pytest.raises(IdentifierRefused) as refusal:
        LicenceId.compose(*parts)
    assert refusal.value.reason == "R-070"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.156.3005.2",
        REAL[0][:-2],
        REAL[0].replace(ROOT, "1.2.156.3005.6."),
        REAL[0] + ".1",
        REAL[0].replace("3005.2.", "3005x2."),
    ],
)
def test_another_shape_is_refused_as_such(text: str) -> None:
    with pytest.raises(IdentifierRefused) as refusal:
        LicenceId.parse(text)
    assert refusal.value.reason == "R-070"


def test_the_repr_hides_the_serial() -> None:
    parsed = LicenceId.parse(REAL[0])
    assert parsed.serial not in repr(parsed)
    assert parsed.issuer in repr(parsed)
