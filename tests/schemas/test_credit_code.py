"""Credit codes (GB 32100)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import IdentifierRefused
from schemas.identifiers import CreditCode
from schemas.identifiers.credit import ALPHABET, check_character

WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

bodies = st.builds(
    lambda head, division, rest: f"{head}{division:06d}{rest}",
    st.text(ALPHABET, min_size=2, max_size=2),
    st.integers(0, 999999),
    st.text(ALPHABET, min_size=9, max_size=9),
)
codes = bodies.map(lambda body: body + check_character(body))


@given(bodies)
def test_the_quick_check_is_the_weighted_sum_of_the_standard(body: str) -> None:
    total = sum(weight * ALPHABET.index(sign) for weight, sign in zip(WEIGHTS, body, strict=True))
    assert check_character(body) == ALPHABET[(31 - total % 31) % 31]


@given(codes, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_wrong_character_is_always_caught_and_never_told(code: str, place: int, sign: str) -> None:
    wrong = code[:place] + sign + code[place + 1 :]
    if wrong == code:
        return
    with pytest.raises(IdentifierRefused) as refusal:
        CreditCode.parse(wrong)
    assert wrong not in str(refusal.value)
    in_alphabet = sign in ALPHABET and (sign.isdigit() or not 2 <= place < 8)
    assert refusal.value.reason == ("R-021" if in_alphabet else "R-020")


@given(codes)
def test_a_code_comes_back_as_it_went_in_and_hides_itself(code: str) -> None:
    parsed = CreditCode.parse(code)
    assert parsed == CreditCode.parse(parsed.text)
    assert parsed.division == code[2:8]
    assert parsed.organisation_code == code[8:17]
    assert code not in f"{parsed!r}{parsed}"


@pytest.mark.parametrize("code", ["11370800MB28559184", "12441500196720244T", "1131000068735121X0"])
def test_real_offices_codes_are_right(code: str) -> None:
    assert CreditCode.parse(code).text == code


def test_lower_case_and_blanks_are_normalised_with_a_note() -> None:
    parsed = CreditCode.parse("\t11370800mb28559184 ")
    assert parsed.text == "11370800MB28559184"
    assert parsed.notes == ("N-001", "N-002")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "420112000012345",
        "91420112MA000000",
        "91420112MI0000001E",
        "9142O112MA0000001E",
        "91420112ＭＡ测试0001E",
        "ı1370800MB28559184",
    ],
)
def test_another_shape_is_refused_as_such(text: str) -> None:
    with pytest.raises(IdentifierRefused) as refusal:
        CreditCode.parse(text)
    assert refusal.value.reasons == ("R-020",)


def test_every_real_company_of_the_district_has_a_right_code(real_companies: Path) -> None:
    with real_companies.open(encoding="utf-8-sig", newline="") as file:
        codes = [line["code"] for line in csv.DictReader(file)]
    assert len(codes) == 4779
    assert all(CreditCode.parse(code).text == code for code in codes)
