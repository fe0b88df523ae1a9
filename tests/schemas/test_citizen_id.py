"""Citizen numbers (GB 11643)."""

from __future__ import annotations

import copy
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import IdentifierRefused
from schemas.identifiers import CitizenId, Sex
from schemas.identifiers.citizen import check_character

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
KNOWN = "11010519491231002X"

bodies = st.builds(
    lambda area, born, serial: f"{area:06d}{born:%Y%m%d}{serial:03d}",
    st.integers(110000, 990000),
    st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    st.integers(0, 999),
)
numbers = bodies.map(lambda body: body + check_character(body))


@given(bodies)
def test_the_quick_check_is_the_weighted_sum_of_the_standard(body: str) -> None:
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    assert check_character(body) == "10X98765432"[total % 11]


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_digit_is_always_caught_and_never_told(number: str, place: int, digit: str) -> None:
    wrong = number[:place] + digit + number[place + 1 :]
    if wrong == number:
        return
    with pytest.raises(IdentifierRefused) as refusal:
        CitizenId.parse(wrong)
    assert wrong not in str(refusal.value)
    assert wrong[6:14] not in str(refusal.value)
    assert refusal.value.reason in ("R-010", "R-011")


@given(numbers)
def test_a_number_comes_back_as_it_went_in(number: str) -> None:
    parsed = CitizenId.parse(number)
    assert parsed.text == number
    assert parsed.notes == ()
    assert CitizenId.parse(parsed.text) == parsed
    assert f"{parsed.born:%Y%m%d}" == number[6:14]
    assert (parsed.sex is Sex.MALE) is (int(number[16]) % 2 == 1)


def test_blanks_and_a_small_x_are_normalised_with_a_note() -> None:
    parsed = CitizenId.parse("\u3000 11010519491231002x\n")
    assert parsed.text == KNOWN
    assert parsed.notes == ("N-001", "N-002")
    assert CitizenId.parse("１１010519491231002X").notes == ("N-005",)


def test_a_fifteen_digit_number_is_expanded_with_a_note() -> None:
    parsed = CitizenId.parse("110105491231002")
    assert parsed.text == KNOWN
    assert parsed.notes == ("N-003",)


@pytest.mark.parametrize("area", ["420821", "421023", "110103", "999999"])
def test_the_area_is_never_a_reason_to_refuse(area: str) -> None:
    body = f"{area}19800101123"
    assert CitizenId.parse(body + check_character(body)).area == area


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        KNOWN[:-1],
        KNOWN + "0",
        "1101O519491231002X",
        "110105********002X",
        "11010519491231002Y",
        "１" * 17 + "Ⅹ",
        "+1010519491231002X",
    ],
)
def test_another_shape_is_refused_as_such(text: str) -> None:
    with pytest.raises(IdentifierRefused) as refusal:
        CitizenId.parse(text)
    assert refusal.value.reasons == ("R-010",)


@pytest.mark.parametrize("born", ["19490230", "19491301", "00000000", "17990101", "20990101"])
def test_an_impossible_birth_date_under_a_fitting_check_is_refused_as_such(born: str) -> None:
    body = f"110105{born}002"
    with pytest.raises(IdentifierRefused) as refusal:
        CitizenId.parse(body + check_character(body))
    assert refusal.value.reasons == ("R-012",)


def test_both_faults_of_one_number_are_told() -> None:
    body = "11010519490230002"
    wrong = "0" if check_character(body) != "0" else "1"
    with pytest.raises(IdentifierRefused) as refusal:
        CitizenId.parse(body + wrong)
    assert refusal.value.reasons == ("R-011", "R-012")


def test_born_today_is_right_and_born_tomorrow_is_not() -> None:
    body = "42011220260302001"
    number = body + check_character(body)
    assert CitizenId.parse(number, on=date(2026, 3, 2)).born == date(2026, 3, 2)
    with pytest.raises(IdentifierRefused):
        CitizenId.parse(number, on=date(2026, 3, 1))


def test_no_way_of_printing_shows_the_number() -> None:
    parsed = CitizenId.parse(KNOWN)
    for shown in (repr(parsed), str(parsed), f"{parsed}", f"{parsed:>40}", "%s" % parsed, repr([parsed])):  # noqa: UP031
        assert "19491231" not in shown
        assert KNOWN not in shown
    assert parsed.masked() == "110105********002X"


def test_only_parse_makes_one_and_nothing_changes_it() -> None:
    with pytest.raises(TypeError, match="parse"):
        CitizenId("11010519491231002X")
    parsed = CitizenId.parse(KNOWN)
    with pytest.raises(AttributeError):
        parsed.text = "x"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(parsed)) == copy.deepcopy(parsed) == parsed
    assert len({parsed, CitizenId.parse(KNOWN.lower())}) == 1


def test_a_refusal_survives_the_way_between_processes() -> None:
    refusal = IdentifierRefused("公民身份号码", "R-011", "R-012")
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.reasons, str(again), again.code) == (refusal.reasons, str(refusal), "HUB-201")


@pytest.mark.parametrize("number", [KNOWN, "420112198001011015", "420112198203042020"])
def test_the_old_number_of_a_person_of_the_last_century_is_the_same_text(number: str) -> None:
    parsed = CitizenId.parse(number[:6] + number[8:17])
    assert parsed.text == CitizenId.parse(number).text == number
    assert parsed == CitizenId.parse(number)
    assert "N-003" in parsed.notes
