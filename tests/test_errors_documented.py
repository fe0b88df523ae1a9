"""docs/errors.md tells the truth about every error a person can meet."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from core.errors import HubError
from tests.documented_errors import UNWRITTEN, documented, every_error, row_of

ERRORS = every_error()
ROWS = {row.code: row for row in documented()}
_UPDATE = "run `python -m tests.documented_errors`, then write what to do"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_stands_in_the_table_as_the_code_has_it(error: type[HubError]) -> None:
    row = ROWS.get(error.code)
    assert row is not None, f"{error.code} {error.__name__} is not in docs/errors.md: {_UPDATE}"
    expected = row_of(error)
    assert (row.name, row.group, row.cause) == (expected.name, expected.group, expected.cause), _UPDATE


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_its_own_in_the_right_form(error: type[HubError]) -> None:
    assert "code" in vars(error), f"{error.__name__} borrows the code of its base"
    assert re.fullmatch(r"HUB-\d{3}", error.code)


def test_no_code_is_used_twice() -> None:
    twice = {code for code, count in Counter(error.code for error in ERRORS).items() if count > 1}
    assert not twice
    assert len(documented()) == len(ROWS)


def test_no_documented_error_is_gone() -> None:
    assert set(ROWS) - {error.code for error in ERRORS} == set(), _UPDATE


def test_every_row_says_what_to_do() -> None:
    assert [row.code for row in ROWS.values() if row.act.strip() in ("", UNWRITTEN)] == []


def test_the_table_is_in_the_order_of_its_codes() -> None:
    assert list(ROWS) == sorted(ROWS)
